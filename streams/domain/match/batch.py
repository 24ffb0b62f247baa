"""Submissions while their batch is decided, and what is to be done among near contents for each.

What follows from what is found is decide.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from streams.domain.hashes.algorithms import FRAMES_HASH, VIEWS_HASH
from streams.domain.hashes.selection import (
    NO_ENTRIES,
    ComparableEntries,
    as_frame_entries,
    comparable_entries,
    video_duration_ms,
)
from streams.domain.match.operations import (
    FindAppearances,
    FoundAppearance,
    IndexOperation,
    MatchAndInsert,
    Refresh,
    Remove,
)
from streams.domain.match.outcome import Hit
from streams.domain.match.videos.relation import VideoHit
from streams.domain.policy.policy import Policy
from streams.domain.records import Fingerprint, decision_id
from streams.domain.records.ids import PARTS_SCHEME, digest_of
from streams.domain.state.content import FOR_EVER_MS, Content, content_key, remembered_decision, submission_key
from streams.errors import BadInput, Reason

REVISION = 0
DAY_MS = 86_400_000
#: A content that is seen again is written again only if that lets it be remembered longer by a sixteenth.
REFRESHES = 16


class State(Protocol):
    """Bytes to bytes; reads see earlier writes. `load` announces keys, so that they are read together."""

    def load(self, keys: Iterable[bytes]) -> None: ...
    def get(self, key: bytes) -> bytes | None: ...
    def put(self, key: bytes, value: bytes | None) -> None: ...


class MatchInput(NamedTuple):
    """A fingerprint, what of its hashes is compared, and the time of its record in Kafka, in ms since the epoch."""

    fingerprint: Fingerprint
    comparable_entries: ComparableEntries
    time_ms: int

    @classmethod
    def of(cls, fingerprint: Fingerprint, time_ms: int) -> MatchInput:
        """Make sure that it can be decided.

        Raises:
            BadInput: bad_field, for a content id or a hash that is none.
        """
        facts = fingerprint.facts
        if facts is None:
            return cls(fingerprint, NO_ENTRIES, time_ms)
        try:
            digest_of(facts.content_id)
            if facts.content_id.startswith(PARTS_SCHEME) and facts.kind != "video":
                raise ValueError(f"only a video is known by parts of it, and this is an {facts.kind}")
        except ValueError as error:
            raise BadInput(Reason.BAD_FIELD, f"field 'content_id': {error}") from error
        return cls(fingerprint, comparable_entries(facts, fingerprint.policy), time_ms)


@dataclass(slots=True)
class Case:
    """One submission while its batch is decided. `is_new` says that its content is, or is again; `is_kept`, that its
    hashes are kept to be compared with; `shown`, which contents of the other kind share a picture with it.
    """

    fingerprint: Fingerprint
    comparable_entries: ComparableEntries
    time_ms: int
    decision_id: str
    key: bytes
    content_key: bytes | None
    is_new: bool = False
    hit: Hit | VideoHit | None = None
    hashes_stored: bool = True
    shown: list[FoundAppearance] | None = None
    refreshes: bool = False
    expires_ms: int = FOR_EVER_MS


def case_of(incoming: MatchInput) -> Case:
    fingerprint = incoming.fingerprint
    identity = decision_id(fingerprint.collection, fingerprint.submission_id, fingerprint.attempt, REVISION)
    key = None
    if fingerprint.facts is not None:
        key = content_key(fingerprint.collection, fingerprint.facts.content_id)
    return Case(*incoming, identity, submission_key(identity), key)


def named_by(case: Case) -> Iterator[str]:
    """Content ids that the answer names."""
    if case.hit is not None:
        yield case.hit.content_id
    for each in case.shown or ():
        yield each.content_id


def steps_of(cases: Sequence[Case], state: State) -> Iterator[tuple[str, Case, IndexOperation]]:
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
            algorithm, entries = case.comparable_entries
            if content is not None and content.algorithm and content.algorithm != algorithm:
                yield content.algorithm, case, Remove(facts.content_id)
            if entries:
                lasts = video_duration_ms(facts, entries) if algorithm == FRAMES_HASH else 0
                step = MatchAndInsert(
                    facts.content_id, case.time_ms, case.expires_ms, policy, entries, forgotten, lasts
                )
                yield algorithm, case, step
                if policy.appears_in:
                    yield _ask(case)
            known[case.content_key] = _Known(algorithm, case.expires_ms)
        elif (case.expires_ms - content.expires_ms) * REFRESHES > lasts_ms:
            case.refreshes = True
            if content.algorithm:
                yield content.algorithm, case, Refresh(facts.content_id, case.time_ms, case.expires_ms)
            known[case.content_key] = _Known(content.algorithm, case.expires_ms)


def _ask(case: Case) -> tuple[str, Case, IndexOperation]:
    """Look a picture up among the frames of videos, and a video's frames among pictures."""
    algorithm, entries = case.comparable_entries
    of_video = algorithm == FRAMES_HASH
    frames = entries if of_video else as_frame_entries(entries)
    return VIEWS_HASH if of_video else FRAMES_HASH, case, FindAppearances(case.time_ms, case.fingerprint.policy, frames)


def _lasts_ms(policy: Policy) -> int:
    """How long a policy remembers what it has seen."""
    return FOR_EVER_MS if policy.retention_days is None else int(policy.retention_days * DAY_MS)


class _Known(NamedTuple):
    algorithm: str
    expires_ms: int


def _known(case: Case, state: State) -> _Known | None:
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
