"""Submissions while their batch is decided, and the index operations that they need.

What follows from the answers of the index is in decide.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from streams.domain.hashes.algorithms import FRAMES_HASH, VIEWS_HASH
from streams.domain.match.operations import (
    FindAppearances,
    FoundAppearance,
    ImageCandidate,
    IndexOperation,
    MatchAndInsert,
    Refresh,
    Remove,
)
from streams.domain.match.selection import (
    NO_ENTRIES,
    ComparableEntries,
    as_frame_entries,
    comparable_entries,
    packed_evidence,
    video_duration_ms,
)
from streams.domain.match.videos.relation import VideoHit
from streams.domain.moderation.effects import Arrival, LogPosition
from streams.domain.moderation.hash_lists.listable import Listable, listable_hashes
from streams.domain.moderation.steps import Step
from streams.domain.policy.policy import DAY_MS, Policy
from streams.domain.records import Fingerprint, ListEvent, ModerationEvent, decision_id
from streams.domain.records.ids import digest_of, is_partial
from streams.domain.state.content import FOR_EVER_MS, Content
from streams.domain.state.decision import is_remembered
from streams.domain.state.deletions import Tombstone
from streams.domain.state.keys import content_key, decision_id_bytes, decision_key, evidence_key_of
from streams.domain.state.state import State
from streams.errors import BadInput, Reason

REVISION = 0
ANSWER_DAYS = 38.0
"""How long decisions are remembered by default. topics.yaml keeps media.fingerprints for 30 days, and Kafka deletes
whole segments, a week later at most: until then a record may be read again, and gets the same bytes."""
REFRESHES_PER_RETENTION = 16
"""A duplicate writes its content again only if that extends the content's retention by this fraction or more."""


class MatchInput(NamedTuple):
    """A fingerprint, and what is decided by: the entries that its policy compares, the time of its Kafka record in ms
    since the epoch, and its packed evidence, which is empty where another version made the fingerprint.
    """

    fingerprint: Fingerprint
    comparable_entries: ComparableEntries
    time_ms: int
    evidence: bytes = b""
    offset: int = 0

    @classmethod
    def of(cls, fingerprint: Fingerprint, time_ms: int, offset: int = 0) -> MatchInput:
        """Check that the fingerprint of a record at this offset can be decided.

        Raises:
            BadInput: bad_field, for an invalid content id, hash or evidence.
        """
        facts = fingerprint.facts
        if facts is None:
            return cls(fingerprint, NO_ENTRIES, time_ms, offset=offset)
        try:
            digest_of(facts.content_id)
            if is_partial(facts.content_id) and facts.kind != "video":
                raise ValueError(f"only a video is known by its parts, and this is an {facts.kind}")
        except ValueError as error:
            raise BadInput(Reason.BAD_FIELD, f"field 'content_id': {error}") from error
        return cls(fingerprint, comparable_entries(facts, fingerprint.policy), time_ms, packed_evidence(facts), offset)


class ModerationInput(NamedTuple):
    """A moderation event, or the next step of what followed from one.

    Attributes:
        event: what happened.
        at: the Kafka record.
        routing_key: of the Kafka record.
    """

    event: ModerationEvent | ListEvent | Step
    at: LogPosition
    routing_key: bytes


@dataclass(slots=True)
class PendingDecision:
    """One submission while its batch is decided.

    Attributes:
        decision_key: of the decision in the state.
        content_key: of the submission's content in the state; None for a failed submission.
        is_new: the content is unknown, or known and expired.
        evidence: of the submission, packed; empty if it has none.
        candidates: known pictures that a submitted picture may be a copy of, the nearest first.
        video_hit: the best match of a submitted video among known videos.
        hashes_stored: the content's hashes are stored, so that later submissions are compared with them.
        appearances: contents of the other kind that share a picture with the submission.
        extends_retention: the content is known, and its new expiry is worth a write.
        adds_evidence: the content is known without evidence, since an earlier version decided it.
        expires_ms: of the content.
        answer_expires_ms: of the decision.
        tombstone: the submission was deleted before, and is neither looked up nor decided again.
        known_listable: see `listable`.
    """

    fingerprint: Fingerprint
    comparable_entries: ComparableEntries
    time_ms: int
    evidence: bytes
    offset: int
    decision_id: str
    decision_key: bytes
    content_key: bytes | None
    is_new: bool = False
    candidates: Sequence[ImageCandidate] = ()
    video_hit: VideoHit | None = None
    hashes_stored: bool = True
    appearances: list[FoundAppearance] | None = None
    extends_retention: bool = False
    adds_evidence: bool = False
    expires_ms: int = FOR_EVER_MS
    answer_expires_ms: int = FOR_EVER_MS
    tombstone: Tombstone | None = None
    known_listable: Listable | None = None

    @classmethod
    def of(cls, match_input: MatchInput) -> PendingDecision:
        fingerprint = match_input.fingerprint
        identity = decision_id(fingerprint.collection, fingerprint.submission_id, fingerprint.attempt, REVISION)
        key = None
        if fingerprint.facts is not None:
            key = content_key(fingerprint.collection, fingerprint.facts.content_id)
        return cls(*match_input, identity, decision_key(identity), key)

    @property
    def listable(self) -> Listable:
        """The hashes that hash lists are compared with; empty for a failed submission."""
        if self.known_listable is None:
            facts = self.fingerprint.facts
            self.known_listable = {} if facts is None else listable_hashes(facts, self.fingerprint.policy)
        return self.known_listable

    @property
    def at(self) -> LogPosition:
        """The place of the submission's record in the log."""
        return LogPosition(self.offset, self.time_ms)

    @property
    def is_probe(self) -> bool:
        """The submission is compared with a reference collection, and changes nothing in there."""
        return self.fingerprint.is_probe

    @property
    def arrival(self) -> Arrival | None:
        """What moderation events may wait for; None for a failed submission, and for a probe."""
        fingerprint = self.fingerprint
        if fingerprint.facts is None or self.is_probe:
            return None
        content_id = fingerprint.facts.content_id
        return Arrival(
            self.decision_key, fingerprint.collection, content_id, fingerprint.media_id, fingerprint.submitted_at
        )

    def found_content_ids(self) -> Iterator[str]:
        """The contents that the index answered with."""
        for candidate in self.candidates:
            yield candidate.content_id
        if self.video_hit is not None:
            yield self.video_hit.content_id
        for appearance in self.appearances or ():
            yield appearance.content_id


def plan_operations(
    batch: Sequence[PendingDecision],
    state: State,
    answer_ms: int,
    *,
    is_apart: Callable[[PendingDecision], Callable[[str], bool]],
) -> Iterator[tuple[str, PendingDecision, IndexOperation]]:
    """The index operations of a batch in order, each with the algorithm of its index; fills the pending decisions.

    Args:
        batch: in the order of their partition.
        state: of the partition.
        answer_ms: how long a decision is remembered at most.
        is_apart: of a submission, `MatchAndInsert.is_apart`.
    """
    expiry_of_decided: dict[bytes, int] = {}
    known: dict[bytes, _KnownContent] = {}
    evidence = _EvidenceInTime(state)
    for number, pending in enumerate(batch):
        key = pending.decision_key
        repeated = is_remembered(state.get(key), pending.time_ms)
        repeated = repeated or (key in expiry_of_decided and expiry_of_decided[key] >= pending.time_ms)
        retention_ms = _retention_ms(pending.fingerprint.policy)
        pending.expires_ms = min(pending.time_ms + retention_ms, FOR_EVER_MS)
        pending.answer_expires_ms = min(pending.time_ms + answer_ms, pending.expires_ms)
        if repeated or pending.tombstone is not None:
            continue
        expiry_of_decided[key] = pending.answer_expires_ms
        if pending.content_key is None:
            continue
        facts = pending.fingerprint.facts
        assert facts is not None
        content = known.get(pending.content_key) or _known_content(pending, state)
        if content is None or content.expires_ms < pending.time_ms:
            pending.is_new = True
            known_evidence = evidence.before(number, pending.fingerprint.collection)
            yield from _insert(pending, content, known_evidence, is_apart)
            if pending.is_probe:  # nobody has seen it: later records of the batch find the index as it was
                if pending.comparable_entries.entries:
                    yield pending.comparable_entries.algorithm, pending, Remove(facts.content_id)
                continue
            evidence.note(number, pending)
            algorithm, has_evidence = pending.comparable_entries.algorithm, bool(pending.evidence)
            known[pending.content_key] = _KnownContent(algorithm, pending.expires_ms, has_evidence)
            continue
        if pending.is_probe:
            continue
        pending.adds_evidence = bool(pending.evidence and content.algorithm) and not content.has_evidence
        if pending.adds_evidence:
            evidence.note(number, pending)
        if (pending.expires_ms - content.expires_ms) * REFRESHES_PER_RETENTION > retention_ms:
            pending.extends_retention = True
            if content.algorithm:
                yield content.algorithm, pending, Refresh(facts.content_id, pending.time_ms, pending.expires_ms)
            content = content._replace(expires_ms=pending.expires_ms)
        known[pending.content_key] = content._replace(has_evidence=content.has_evidence or pending.adds_evidence)


class _EvidenceInTime:
    """The evidence of known contents as every submission of a batch finds it: the state does not have it yet."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._noted: dict[bytes, list[tuple[int, bytes]]] = {}

    def note(self, number: int, pending: PendingDecision) -> None:
        """From submission `number` on, the content has the evidence of this one, or none if this one has none."""
        if pending.comparable_entries.algorithm == FRAMES_HASH and pending.content_key is not None:
            self._noted.setdefault(pending.content_key, []).append((number, pending.evidence))

    def before(self, number: int, collection: str) -> Callable[[str], bytes]:
        """The packed evidence of a content id, as submission `number` finds it; empty if there is none."""

        def known(content_id: str) -> bytes:
            key = content_key(collection, content_id)
            for noted_at, packed in reversed(self._noted.get(key, ())):
                if noted_at < number:
                    return packed
            value = self._state.get(key)
            has_evidence = value is not None and Content.unpack(value).has_evidence
            return (self._state.get(evidence_key_of(key)) or b"") if has_evidence else b""

        return known


class _KnownContent(NamedTuple):
    algorithm: str
    expires_ms: int
    has_evidence: bool


def _known_content(pending: PendingDecision, state: State) -> _KnownContent | None:
    """The submission's content in the state; None if this very record wrote it.

    Then the content was written before a kill that the decision did not survive, and is decided again.
    """
    assert pending.content_key is not None
    value = state.get(pending.content_key)
    if value is None:
        return None
    content = Content.unpack(value)
    if content.decision_id == decision_id_bytes(pending.decision_key) and content.first_ms == pending.time_ms:
        return None
    return _KnownContent(content.algorithm, content.expires_ms, content.has_evidence)


def _insert(
    pending: PendingDecision,
    expired: _KnownContent | None,
    known_evidence: Callable[[str], bytes],
    is_apart: Callable[[PendingDecision], Callable[[str], bool]],
) -> Iterator[tuple[str, PendingDecision, IndexOperation]]:
    """The operations for a content that is new, or replaces an expired content of equal bytes."""
    (algorithm, entries), policy = pending.comparable_entries, pending.fingerprint.policy
    facts = pending.fingerprint.facts
    assert facts is not None
    if expired is not None and expired.algorithm and expired.algorithm != algorithm:
        yield expired.algorithm, pending, Remove(facts.content_id)
    if entries:
        insert = MatchAndInsert(
            facts.content_id, pending.time_ms, pending.expires_ms, policy, entries, expired is not None
        )
        if algorithm == FRAMES_HASH:
            insert = replace(
                insert,
                duration_ms=video_duration_ms(facts, entries),
                evidence=pending.evidence,
                known_evidence=known_evidence,
                is_apart=is_apart(pending),
            )
        yield algorithm, pending, insert
        if policy.appears_in:
            yield _find_appearances(pending)


def _find_appearances(pending: PendingDecision) -> tuple[str, PendingDecision, IndexOperation]:
    """Look a picture up among the frames of videos, and a video's frames among pictures."""
    algorithm, entries = pending.comparable_entries
    is_video = algorithm == FRAMES_HASH
    frames = entries if is_video else as_frame_entries(entries)
    operation = FindAppearances(pending.time_ms, pending.fingerprint.policy, frames)
    return VIEWS_HASH if is_video else FRAMES_HASH, pending, operation


def _retention_ms(policy: Policy) -> int:
    return FOR_EVER_MS if policy.retention_days is None else int(policy.retention_days * DAY_MS)
