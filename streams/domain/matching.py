"""Fingerprints and state to decisions: what is new, what is a copy, of what. Pure; the order of calls is the law.

The state is a map of bytes, one per partition, with two kinds of entries:

    c <collection> NUL <content id>   the first submission of a content: media id NUL submission id
    s <decision id, 16 bytes>         a submission's decision, byte for byte

A submission seen again is answered with its bytes, and what was written when it was first decided is written
again: a worker may be killed after its local state and before the changelog took them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from streams.domain.records import Action, Decision, Fingerprint, Match, Outcome, Verdict
from streams.domain.routing import decision_id

REVISION = 0


class State(Protocol):
    """Bytes to bytes; reads see earlier writes. `load` announces keys, so that they are read together."""

    def load(self, keys: Iterable[bytes]) -> None: ...
    def get(self, key: bytes) -> bytes | None: ...
    def put(self, key: bytes, value: bytes | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision as it goes out: `value` is its JSON. `repeated` says that it was given before."""

    decision_id: str
    media_id: str
    value: bytes
    outcome: Outcome | None
    repeated: bool


def decide(fingerprints: Sequence[Fingerprint], state: State) -> list[Answer]:
    """Decide a batch, in order, exactly as one by one.

    Returns:
        One answer a fingerprint, in order. State is changed through `state.put`.
    """
    ids = [decision_id(f.collection, f.submission_id, f.attempt, REVISION) for f in fingerprints]
    keys = [_submission_key(identity) for identity in ids]
    contents = {_content_key(f.collection, f.facts.content_id) for f in fingerprints if f.facts is not None}
    state.load([*keys, *contents])
    return [
        _decide_one(fingerprint, identity, key, state)
        for fingerprint, identity, key in zip(fingerprints, ids, keys, strict=True)
    ]


def _decide_one(fingerprint: Fingerprint, identity: str, key: bytes, state: State) -> Answer:
    known = state.get(key)
    if known is not None:
        return _repeat(fingerprint, identity, key, known, state)
    me = f"{fingerprint.media_id}\0{fingerprint.submission_id}".encode()
    content_key = first = None
    if fingerprint.facts is not None:
        content_key = _content_key(fingerprint.collection, fingerprint.facts.content_id)
        first = state.get(content_key)
        if first == me:  # decided before a kill, of which the changelog kept only this
            first = None
    decision = _decision(fingerprint, identity, first)
    value = decision.to_json()
    state.put(key, value)
    if content_key is not None and first is None:
        state.put(content_key, me)
    return Answer(identity, fingerprint.media_id, value, decision.outcome, repeated=False)


def _repeat(fingerprint: Fingerprint, identity: str, key: bytes, known: bytes, state: State) -> Answer:
    """Answer as before, whatever the second look found, and write again all that the first wrote."""
    decision = orjson.loads(known)
    state.put(key, known)
    if decision["outcome"] == "unique":
        first = f"{decision['media_id']}\0{decision['submission_id']}".encode()
        state.put(_content_key(decision["collection"], decision["content_id"]), first)
    return Answer(identity, fingerprint.media_id, known, None, repeated=True)


def _decision(fingerprint: Fingerprint, identity: str, first: bytes | None) -> Decision:
    facts, match, verdict = fingerprint.facts, None, PENDING
    outcome: Outcome
    if facts is None:
        outcome = "failed"
    elif first is None:
        outcome = "unique"
    else:
        outcome = "duplicate"
        media_id, submission_id = first.decode().split("\0")
        match = Match(facts.content_id, media_id, submission_id, method="exact", distance_bits=0, similarity=1.0)
        verdict = Verdict(inherited_from=media_id)
    return Decision(
        decision_id=identity,
        revision=REVISION,
        outcome=outcome,
        action=ACTIONS[outcome],
        collection=fingerprint.collection,
        media_id=fingerprint.media_id,
        submission_id=fingerprint.submission_id,
        attempt=fingerprint.attempt,
        kind=facts.kind if facts is not None else fingerprint.kind,
        content_id=facts.content_id if facts is not None else None,
        match=match,
        verdict=verdict,
        failure=fingerprint.failure,
        facts=facts,
        metadata=fingerprint.metadata,
        submitted_at=fingerprint.submitted_at,
        fingerprinted_at=fingerprint.fingerprinted_at,
        versions={"policy": fingerprint.policy.version},
    )


PENDING = Verdict()
ACTIONS: dict[Outcome, Action] = {
    "unique": "process",
    "duplicate": "reuse",
    "near_duplicate": "reuse",
    "failed": "inspect",
}


def _submission_key(identity: str) -> bytes:
    return b"s" + bytes.fromhex(identity.replace("-", ""))


def _content_key(collection: str, content_id: str) -> bytes:
    return f"c{collection}\0{content_id}".encode()
