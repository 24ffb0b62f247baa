"""Removes expired contents, decisions and waiting moderation events from the state.

Decisions do not depend on when this happens: they compare times themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.match.operations import Remove
from streams.domain.moderation.effects import Refusal
from streams.domain.moderation.hash_lists.sweep import SWEPT_PREFIXES, is_left_over
from streams.domain.moderation.waiting import forget_waiting, is_number, subject_of, waited_too_long, waiting_events
from streams.domain.state.content import FOR_EVER_MS, Content, content_expires_ms
from streams.domain.state.decision import decision_expires_ms
from streams.domain.state.keys import (
    CONTENT_PREFIX,
    DECISION_PREFIX,
    EVENT_PREFIX,
    EVIDENCE_PREFIX,
    FRAMES_PREFIX,
    IMPORT_PREFIX,
    MEDIUM_PREFIX,
    MEMBER_PREFIX,
    TOMBSTONE_PREFIX,
    WAITING_PREFIX,
    collection_of,
    content_key_of,
    evidence_key_of,
    frames_key_of,
    grouped_key,
    listed_key,
    waiting_key,
)
from streams.domain.state.members import leading_expires_ms
from streams.domain.state.state import State

ENTRIES_PER_SWEEP = 2_000
"""So many take 5 ms. What needs its content read counts as many entries."""

ENTRIES_PER_ORPHAN_CHECK = 10


class Sweep(NamedTuple):
    """What one sweep came to.

    Attributes:
        last_key: of the sweep; empty at the end of the state, where the next sweep starts over.
        refusals: moderation events whose content or medium did not come in time.
    """

    last_key: bytes
    refusals: list[Refusal]


def remove_expired(
    entries: Iterable[tuple[bytes, bytes]], before_ms: int, state: State, indexes: CollectionIndexes
) -> Sweep:
    """Sweep the next entries of a state: remove those that expired before a time.

    Args:
        entries: keys and values in the order of keys, from the end of the last sweep on.
        before_ms: no record of an earlier time will be decided any more.
        state: changed through `put`.
        indexes: built from the state; removed contents are removed from them, too.
    """
    swept, last = 0, b""
    refusals: list[Refusal] = []
    for key, value in entries:
        if swept >= ENTRIES_PER_SWEEP:
            return Sweep(last, refusals)
        swept, last = swept + 1, key
        if key.startswith((EVIDENCE_PREFIX, FRAMES_PREFIX)):
            swept += ENTRIES_PER_ORPHAN_CHECK - 1
            _remove_orphan(key, state)
            continue
        if key.startswith(SWEPT_PREFIXES):
            swept += ENTRIES_PER_ORPHAN_CHECK - 1
            current = state.get(key)
            if current is not None and is_left_over(key, current, state):
                state.put(key, None)
            continue
        if _expires_ms(key, value) >= before_ms:
            continue
        current = state.get(key)  # this batch may have written it
        if current is None or _expires_ms(key, current) >= before_ms:
            continue
        if key.startswith(WAITING_PREFIX):
            refusals += [Refusal(*waited_too_long(subject_of(key), each.event)) for each in waiting_events(current)]
            forget_waiting(state, key)
            _note_waiting(collection_of(key).decode(), state, indexes)
            continue
        if key.startswith(CONTENT_PREFIX):
            _remove_belongings(key, Content.unpack(current), state, indexes)
        state.put(key, None)
    return Sweep(b"", refusals)


def _note_waiting(collection: str, state: State, indexes: CollectionIndexes) -> None:
    key = waiting_key(collection, "")
    indexes.moderated.note(key, state.get(key))


def _remove_belongings(key: bytes, content: Content, state: State, indexes: CollectionIndexes) -> None:
    """Remove what belongs to a content from the indexes and the state."""
    collection = collection_of(key).decode()
    if content.algorithm:
        indexes.of(collection, content.algorithm).apply([Remove(content.content_id)])
    if content.algorithm == FRAMES_HASH:
        _remove(frames_key_of(key), state)
    if content.has_evidence:
        _remove(evidence_key_of(key), state)
    _remove(listed_key(collection, content.content_id), state)
    if content.is_member:
        _remove(grouped_key(collection, content.group_content_id, content.content_id), state)


def _remove_orphan(key: bytes, state: State) -> None:
    """Frames and evidence are removed with their content. This removes those whose content has gone or has none."""
    value = state.get(content_key_of(key))
    content = None if value is None else Content.unpack(value)
    belongs = content is not None and (
        content.has_evidence if key.startswith(EVIDENCE_PREFIX) else content.algorithm == FRAMES_HASH
    )
    if not belongs:
        _remove(key, state)


def _remove(key: bytes, state: State) -> None:
    if state.get(key) is not None:
        state.put(key, None)


def _expires_ms(key: bytes, value: bytes) -> int:
    if key.startswith(DECISION_PREFIX):
        return decision_expires_ms(value)
    if key.startswith((MEMBER_PREFIX, MEDIUM_PREFIX, EVENT_PREFIX, IMPORT_PREFIX, TOMBSTONE_PREFIX)):
        return leading_expires_ms(value)
    if key.startswith(WAITING_PREFIX):  # the number of events goes with the last of them
        return FOR_EVER_MS if is_number(key) else leading_expires_ms(value)
    return content_expires_ms(value) if key.startswith(CONTENT_PREFIX) else FOR_EVER_MS
