"""Fingerprints and state to decisions: what is new, what is a copy, of what. Pure; the order of calls is the law.

How state and decisions are written stands in contents.py and deciding.py, how near contents are found in
near_contents.py. A submission seen again is answered with the bytes of its first decision, and what was written then
is written again: a worker may be killed after its local state and before the changelog took them. A content is
written before the decision that it was met in, so that where there is a decision there is its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import orjson

from streams.domain.contents import (
    FOR_EVER_MS,
    Content,
    content_key,
    digest_of,
    pack_decision,
    remembered_decision,
    submission_key,
)
from streams.domain.deciding import Hit, decision_of, exact_match, near_match
from streams.domain.hashed import NOTHING, Hashed, hashed, kept
from streams.domain.near_contents import Forgotten, Lookup, Sighting, Step
from streams.domain.near_spaces import NearSpaces
from streams.domain.policy import Policy
from streams.domain.records import Fingerprint, Match, Outcome
from streams.domain.routing import decision_id
from streams.errors import BadInput, Reason, StateError

REVISION = 0
DAY_MS = 86_400_000
#: A content that is seen again is written again only if that lets it be remembered longer by a sixteenth.
REFRESHES = 16


class State(Protocol):
    """Bytes to bytes; reads see earlier writes. `load` announces keys, so that they are read together."""

    def load(self, keys: Iterable[bytes]) -> None: ...
    def get(self, key: bytes) -> bytes | None: ...
    def put(self, key: bytes, value: bytes | None) -> None: ...


class Incoming(NamedTuple):
    """A fingerprint, what of its hashes is compared, and the time of its record in Kafka, in ms since the epoch."""

    fingerprint: Fingerprint
    hashed: Hashed
    time_ms: int

    @classmethod
    def of(cls, fingerprint: Fingerprint, time_ms: int) -> Incoming:
        """Make sure that it can be decided.

        Raises:
            BadInput: bad_field, for a content id or a hash that is none.
        """
        facts = fingerprint.facts
        if facts is None:
            return cls(fingerprint, NOTHING, time_ms)
        try:
            digest_of(facts.content_id)
        except ValueError as error:
            raise BadInput(Reason.BAD_FIELD, f"field 'content_id': {error}") from error
        return cls(fingerprint, hashed(facts, fingerprint.policy), time_ms)


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision as it goes out: `value` is its JSON. `repeated` says that it was given before."""

    decision_id: str
    media_id: str
    value: bytes
    outcome: Outcome | None
    repeated: bool


@dataclass(slots=True)
class _Case:
    """One submission while its batch is decided. `is_new` says that its content is, or is again."""

    fingerprint: Fingerprint
    hashed: Hashed
    time_ms: int
    decision_id: str
    key: bytes
    content_key: bytes | None
    is_new: bool = False
    hit: Hit | None = None
    refreshes: bool = False
    expires_ms: int = FOR_EVER_MS


def decide(batch: Sequence[Incoming], state: State, spaces: NearSpaces) -> list[Answer]:
    """Decide a batch, in order, exactly as one by one.

    Args:
        batch: in the order of their partition.
        state: the partition's; changed through `put`, in the order in which the changelog must have it.
        spaces: what near duplicates are looked up among; it holds what `state` held before, and is changed.

    Returns:
        One answer a fingerprint, in order.

    Raises:
        StateError: the state was written by a later version.
    """
    cases = [_case(each) for each in batch]
    state.load([key for case in cases for key in (case.key, case.content_key) if key is not None])
    _look_up(_steps(cases, state), spaces)
    state.load({content_key(case.fingerprint.collection, case.hit.content_id) for case in cases if case.hit})
    return [_answer(case, state) for case in cases]


def _case(incoming: Incoming) -> _Case:
    fingerprint = incoming.fingerprint
    identity = decision_id(fingerprint.collection, fingerprint.submission_id, fingerprint.attempt, REVISION)
    key = None
    if fingerprint.facts is not None:
        key = content_key(fingerprint.collection, fingerprint.facts.content_id)
    return _Case(*incoming, identity, submission_key(identity), key)


def _steps(cases: Sequence[_Case], state: State) -> Iterator[tuple[str, _Case, Step]]:
    """What is to be done among near contents, in order, with the algorithm whose contents it is; marks the cases."""
    decided: dict[bytes, int] = {}
    known: dict[bytes, _Known] = {}
    for case in cases:
        repeated = remembered_decision(state.get(case.key), case.time_ms) is not None
        repeated = repeated or (case.key in decided and decided[case.key] >= case.time_ms)
        lasts_ms = _lasts_ms(case.fingerprint.policy)
        case.expires_ms = min(case.time_ms + lasts_ms, FOR_EVER_MS)
        if repeated:
            continue
        decided[case.key] = case.expires_ms
        if case.content_key is None:
            continue
        facts, policy = case.fingerprint.facts, case.fingerprint.policy
        assert facts is not None
        content = known.get(case.content_key) or _known(case, state)
        forgotten = content is not None and content.expires_ms < case.time_ms
        if content is None or forgotten:
            case.is_new = True
            algorithm, entries = case.hashed
            if content is not None and content.algorithm and content.algorithm != algorithm:
                yield content.algorithm, case, Forgotten(facts.content_id)
            if entries:
                step = Lookup(facts.content_id, case.time_ms, case.expires_ms, policy, entries, forgotten)
                yield algorithm, case, step
            known[case.content_key] = _Known(algorithm, case.expires_ms)
        elif (case.expires_ms - content.expires_ms) * REFRESHES > lasts_ms:
            case.refreshes = True
            if content.algorithm:
                yield content.algorithm, case, Sighting(facts.content_id, case.time_ms, case.expires_ms)
            known[case.content_key] = _Known(content.algorithm, case.expires_ms)


def _lasts_ms(policy: Policy) -> int:
    """How long a policy remembers what it has seen."""
    return FOR_EVER_MS if policy.retention_days is None else int(policy.retention_days * DAY_MS)


class _Known(NamedTuple):
    algorithm: str
    expires_ms: int


def _known(case: _Case, state: State) -> _Known | None:
    """What the state has of a case's content, unless that is of this very record.

    Then it was written before a kill which the decision did not survive, and is to be decided anew.
    """
    assert case.content_key is not None
    value = state.get(case.content_key)
    if value is None:
        return None
    content = Content.unpack(value)
    if content.decision == case.key[1:] and content.first_ms == case.time_ms:
        return None
    return _Known(content.algorithm, content.expires_ms)


def _look_up(steps: Iterable[tuple[str, _Case, Step]], spaces: NearSpaces) -> None:
    """Take the steps, each collection's and algorithm's at once: others do not see them."""
    by_space: dict[tuple[str, str], list[tuple[_Case, Step]]] = {}
    for algorithm, case, step in steps:
        by_space.setdefault((case.fingerprint.collection, algorithm), []).append((case, step))
    for space, taken in by_space.items():
        hits = spaces.of(*space).take([step for _, step in taken])
        for (case, _), hit in zip(taken, hits, strict=True):
            if hit is not None:
                case.hit = hit


def _answer(case: _Case, state: State) -> Answer:
    known = remembered_decision(state.get(case.key), case.time_ms)
    if known is not None:
        return _repeat(case, known, state)
    fingerprint = case.fingerprint
    outcome: Outcome = "failed"
    match: Match | None = None
    if case.is_new:
        outcome = "unique"
        if case.hit is not None:
            outcome = "near_duplicate"
            found = _content(content_key(fingerprint.collection, case.hit.content_id), state)
            match = near_match(case.hit, found, fingerprint.policy)
        group = (match.group_content_id, match.group_media_id) if match else None
        _put(_new_content(case, group), case, state)
    elif case.content_key is not None:
        outcome = "duplicate"
        content = _content(case.content_key, state)
        match = exact_match(content)
        if case.refreshes:
            _put(content.until(case.expires_ms), case, state)
    value = decision_of(fingerprint, case.decision_id, REVISION, outcome, match).to_json()
    state.put(case.key, pack_decision(value, case.expires_ms))
    return Answer(case.decision_id, fingerprint.media_id, value, outcome, repeated=False)


def _repeat(case: _Case, known: bytes, state: State) -> Answer:
    """Answer as before, whatever the second look found, and write again all that the first wrote."""
    decision = orjson.loads(known)
    if decision["content_id"] is not None:
        key = content_key(decision["collection"], decision["content_id"])
        value = state.get(key)
        if value is not None and (decision["outcome"] == "duplicate" or Content.unpack(value).decision == case.key[1:]):
            state.put(key, value)
    packed = state.get(case.key)
    assert packed is not None
    state.put(case.key, packed)
    return Answer(case.decision_id, case.fingerprint.media_id, known, None, repeated=True)


def _content(key: bytes, state: State) -> Content:
    value = state.get(key)
    if value is None:
        raise StateError(f"the state lacks the content {key.decode(errors='replace')!r}, which decisions refer to")
    return Content.unpack(value)


def _put(content: Content, case: _Case, state: State) -> None:
    assert case.content_key is not None
    state.put(case.content_key, content.pack())


def _new_content(case: _Case, group: tuple[str, str] | None) -> Content:
    """A submission's content, in the group of this content and medium, or in one of its own."""
    fingerprint, (algorithm, entries) = case.fingerprint, case.hashed
    assert fingerprint.facts is not None
    return Content(
        content_id=fingerprint.facts.content_id,
        media_id=fingerprint.media_id,
        submission_id=fingerprint.submission_id,
        group_content_id=group[0] if group else fingerprint.facts.content_id,
        group_media_id=group[1] if group else fingerprint.media_id,
        first_ms=case.time_ms,
        expires_ms=case.expires_ms,
        decision=case.key[1:],
        algorithm=algorithm,
        entries=kept(entries, fingerprint.policy),
        is_member=group is not None,
    )
