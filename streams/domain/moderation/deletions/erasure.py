"""What remains of deleted submissions: tombstones, which answer those that come again, and decisions to be erased."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import orjson

from streams.domain.moderation.revision import deleted_decision
from streams.domain.records import Fingerprint, decision_id
from streams.domain.state.answers import Answer
from streams.domain.state.decision import decision_expires_ms, unpack_decision
from streams.domain.state.deletions import Erasure, Tombstone, medium_digest
from streams.domain.state.keys import decision_key, event_key_of_erasure, tombstone_key
from streams.domain.state.members import leading_expires_ms
from streams.domain.state.state import State

ERASED_PER_SWEEP: Final = 2_000
"""Decisions that are erased at once."""


def tell_again(fingerprint: Fingerprint, tombstone: Tombstone) -> tuple[str, bytes] | None:
    """Id and JSON of the decision that says that a submission was deleted, for one that is published again.

    None if the submission names another medium this time: the first one is forgotten, and nothing else may be told.
    """
    if medium_digest(fingerprint.media_id) != tombstone.medium:
        return None
    identity = fingerprint.submission_id, fingerprint.attempt
    return deleted_decision(tombstone, fingerprint.collection, fingerprint.media_id, *identity)


def tombstone_of(state: State, collection: str, decision_key: bytes, time_ms: int) -> Tombstone | None:
    """The tombstone of a submission, by the key of its first decision; None if it was not deleted."""
    value = state.get(tombstone_key(collection, decision_key))
    return Tombstone.unpack(value) if value is not None and leading_expires_ms(value) >= time_ms else None


def erase(entries: Iterable[tuple[bytes, bytes]], before_ms: int, state: State) -> None:
    """Erase the decisions of deleted submissions, a few at a time.

    Args:
        entries: keys and values of erasures in the state.
        before_ms: no record of an earlier time will be decided any more.
        state: changed through `put`.
    """
    erased = 0
    for key, value in entries:
        if erased >= ERASED_PER_SWEEP:
            return
        current = state.get(key)
        if current is None or leading_expires_ms(value) >= before_ms:
            continue
        erasure = Erasure.unpack(current, leading_expires_ms(value))
        remaining = list(erasure.decision_keys)
        while remaining and erased < ERASED_PER_SWEEP:
            erased += _erase(state, erasure.collection, remaining.pop(0))
        if remaining:
            state.put(key, erasure._replace(decision_keys=tuple(remaining)).pack())
            return
        _forget_answer(state, event_key_of_erasure(key))
        state.put(key, None)


def _erase(state: State, collection: str, key: bytes) -> int:
    """Erase all decisions about a submission, the first one last, for it names the others; returns their number."""
    first, tombstone = state.get(key), state.get(tombstone_key(collection, key))
    if first is None or tombstone is None or decision_expires_ms(first) != leading_expires_ms(tombstone):
        return 1  # erased, or the submission came again after its decision had expired
    decision = orjson.loads(unpack_decision(first))
    revisions = Tombstone.unpack(tombstone).revision
    for revision in range(revisions, -1, -1):
        each = decision_key(decision_id(collection, decision["submission_id"], decision["attempt"], revision))
        if state.get(each) is not None:
            state.put(each, None)
    return revisions + 1


def _forget_answer(state: State, key: bytes) -> None:
    """Forget what an event wrote: keys of media are among it. That the event was applied is remembered."""
    value = state.get(key)
    if value is not None:
        state.put(key, Answer(Answer.unpack(value).expires_ms, is_done=True).pack())
