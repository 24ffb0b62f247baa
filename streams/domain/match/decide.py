"""Decides about fingerprints: new, or a copy of a known content. Pure; the order of calls matters.

    fingerprint ── batch.py: which operations ──▶ indexes.py ──▶ images/, videos/: candidates; ranking.py: their order
                                                      │
    decision ◀── outcome.py: fields ◀── decide.py ◀───┘ ──▶ images/verification.py: evidence; state/: what is kept

A submission that comes again is answered with the bytes of its first decision, and all that its first decision wrote is
written again: a worker may have been killed after its local state took the writes and before the changelog did. A
content is written before the decision about it, and evidence, or the frames of a video, before the content. So wherever
there is a decision, there is its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.match.apart import Apart
from streams.domain.match.batch import (
    ANSWER_DAYS,
    REVISION,
    MatchInput,
    ModerationInput,
    PendingDecision,
    plan_operations,
)
from streams.domain.match.images.verification import find_copy
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.match.listing import BatchListing
from streams.domain.match.operations import FindAppearances, FoundAppearance, ImageCandidate, IndexOperation, Remove
from streams.domain.match.outcome import build_decision, exact_match, near_match
from streams.domain.match.parts import Record, parts_of
from streams.domain.match.storing import (
    inheritance_of,
    new_content,
    put_again,
    put_all_again,
    put_membership,
    put_new,
    statuses_inherited_by,
)
from streams.domain.match.videos.index import VideoIndex, VideoMatchResult
from streams.domain.match.videos.outcome import video_match
from streams.domain.moderation.collections import ModeratedCollections
from streams.domain.moderation.deletions.erasure import tell_again, tombstone_of
from streams.domain.moderation.effects import Effects, Fate, LogEvent, Refusal
from streams.domain.moderation.events import Moderation
from streams.domain.moderation.hash_lists.judge import NOT_LISTED
from streams.domain.moderation.hash_lists.verdicts import ListHit
from streams.domain.moderation.standing import Standing, standing_of
from streams.domain.moderation.steps import Continuation, DeletionStep, WalkStep
from streams.domain.policy.policy import DAY_MS
from streams.domain.records import Appearance, Match, Outcome, routing_key
from streams.domain.records.verdict import VerdictStatus
from streams.domain.state.content import MAX_DRIFT_BLOCKS, Content
from streams.domain.state.decision import is_remembered, pack_decision, unpack_decision
from streams.domain.state.keys import content_key, evidence_key_of
from streams.domain.state.state import State
from streams.errors import StateError

__all__ = ["Continuation", "MatchInput", "MatchOutput", "MatchResult", "ModerationInput", "Refusal", "State", "decide"]


@dataclass(frozen=True, slots=True)
class MatchOutput:
    """A decision to be published.

    Attributes:
        decision_id: of the decision.
        media_id: of the submission.
        value: the decision's JSON.
        outcome: of a first decision that is made now, or `deleted`; else None.
        repeated: the decision was made before.
        inherited: of a first decision, the status of a verdict that it has from another medium; else None.
    """

    decision_id: str
    media_id: str
    value: bytes
    outcome: Outcome | None
    repeated: bool
    inherited: VerdictStatus | None = None


class MatchResult(NamedTuple):
    """What a batch brought about, in order.

    Attributes:
        decisions: of each submission its decision, and the revised decisions that follow from moderation events.
        continuations: records that bring further revised decisions.
        refusals: moderation events that cannot be applied.
        handled: kind and fate of every moderation event.
        log_events: events that go to the end of the log.
        list_hits: contents that hash lists came to say something about.
    """

    decisions: list[MatchOutput]
    continuations: list[Continuation]
    refusals: list[Refusal]
    handled: list[tuple[str, Fate]]
    log_events: list[LogEvent]
    list_hits: list[ListHit]

    def add(self, effects: Effects, routing_key: bytes) -> None:
        for decision_id, media_id, value, is_deleted in effects.revised:
            outcome: Outcome | None = "deleted" if is_deleted else None
            self.decisions.append(MatchOutput(decision_id, media_id, value, outcome, effects.repeated))
        self.continuations.extend(Continuation(each.step, routing_key) for each in effects.continuations)
        self.refusals.extend(effects.refusals)
        self.handled.extend(effects.handled)
        self.log_events.extend(event._replace(routing_key=routing_key) for event in effects.log_events)


def decide(
    batch: Sequence[MatchInput | ModerationInput],
    state: State,
    indexes: CollectionIndexes,
    *,
    answer_days: float = ANSWER_DAYS,
) -> MatchResult:
    """Decide a batch in order. The result is the same as deciding its records one at a time.

    Args:
        batch: in the order of their partition.
        state: of the partition; changed through `put`, in the order that the changelog must have.
        indexes: of the partition; built from `state`, and changed with it.
        answer_days: how long decisions are remembered. A submission that comes again later is decided again.

    Raises:
        StateError: a later version wrote the state.
    """
    answer_ms = int(answer_days * DAY_MS)
    pending = [PendingDecision.of(each) for each in batch if isinstance(each, MatchInput)]
    state.load([key for each in pending for key in (each.decision_key, each.content_key) if key is not None])
    moderation, result = Moderation(state, indexes.moderated, answer_ms), MatchResult([], [], [], [], [], [])
    submissions = iter(pending)
    records = [each if isinstance(each, ModerationInput) else next(submissions) for each in batch]
    for part in parts_of(records, state, moderation, indexes.moderated):
        _decide_part(part, state, indexes, moderation, result, answer_ms)
    result.list_hits.extend(moderation.list_hits)
    return result


def _decide_part(
    part: Sequence[Record],
    state: State,
    indexes: CollectionIndexes,
    moderation: Moderation,
    result: MatchResult,
    answer_ms: int,
) -> None:
    moderated = indexes.moderated
    pending = [each for each in part if isinstance(each, PendingDecision)]
    for each in pending:
        if each.fingerprint.collection in moderated.with_deleted:
            collection = each.fingerprint.collection
            each.tombstone = tombstone_of(state, collection, each.decision_key, each.time_ms)
    listing = BatchListing(pending, state, moderated)
    operations = plan_operations(
        pending, state, answer_ms, is_apart=lambda each: Apart(each, state, moderated, listing)
    )
    _apply_operations(operations, indexes)
    state.load({key for each in pending for key in _keys_of_found(each)})
    for record in part:
        if isinstance(record, ModerationInput):
            effects, key = _apply_moderation(record, moderation), record.routing_key
        else:
            effects, key = _decide_submission(record, state, moderated, moderation, result, listing), b""
            key = routing_key(record.fingerprint) if effects.continuations or effects.log_events else key
        result.add(effects, key)
        for collection, algorithm, content_id in effects.removed:
            indexes.of(collection, algorithm).apply([Remove(content_id)])
        for collection, algorithm, content_id in effects.left_group:
            index = indexes.of(collection, algorithm)
            if isinstance(index, VideoIndex):  # pictures are found without their group
                index.leave_group(content_id)
    result.refusals.extend(listing.refused)
    result.log_events.extend(listing.log_events)
    result.list_hits.extend(listing.hits)


def _decide_submission(
    pending: PendingDecision,
    state: State,
    moderated: ModeratedCollections,
    moderation: Moderation,
    result: MatchResult,
    listing: BatchListing,
) -> Effects:
    """Decide about a submission; returns what its listing, and the events that waited for it, brought about."""
    if pending.tombstone is not None and pending.offset > pending.tombstone.offset:
        told = tell_again(pending.fingerprint, pending.tombstone)
        if told is not None:
            result.decisions.append(MatchOutput(told[0], pending.fingerprint.media_id, told[1], "deleted", True))
        return Effects()
    decision = _decide_one(pending, state, moderated, listing)
    if decision is None:
        return Effects()
    result.decisions.append(decision)
    effects, root = Effects(), listing.changed_group(pending)
    if root is not None or (decision.repeated and pending.fingerprint.collection in moderated.lists.with_lists):
        collection = pending.fingerprint.collection
        effects = moderation.revise_group(pending.decision_key, collection, root, pending.at)
    arrival = pending.arrival
    if arrival is None or not (decision.repeated or arrival.collection in moderated.with_waiting):
        return effects
    waited = moderation.apply_waiting(arrival, pending.at)
    result.add(effects, routing_key(pending.fingerprint))
    return waited


def _apply_moderation(given: ModerationInput, moderation: Moderation) -> Effects:
    event = given.event
    if isinstance(event, WalkStep):
        return moderation.continue_walk(*event, given.at)
    if isinstance(event, DeletionStep):
        return moderation.continue_deletion(event, given.at)
    return moderation.apply(event, given.at)


def _apply_operations(
    operations: Iterable[tuple[str, PendingDecision, IndexOperation]], indexes: CollectionIndexes
) -> None:
    """Apply all operations of an index at once: other indexes do not see them."""
    by_index: dict[tuple[str, str], list[tuple[PendingDecision, IndexOperation]]] = {}
    for algorithm, pending, operation in operations:
        by_index.setdefault((pending.fingerprint.collection, algorithm), []).append((pending, operation))
    for (collection, algorithm), planned in by_index.items():
        answers = indexes.of(collection, algorithm).apply([operation for _, operation in planned])
        for (pending, operation), answer in zip(planned, answers, strict=True):
            if isinstance(answer, VideoMatchResult):
                pending.video_hit, pending.hashes_stored = answer.hit, answer.hashes_stored
            elif isinstance(operation, FindAppearances):
                pending.appearances = cast(list[FoundAppearance], answer)
            elif answer:
                pending.candidates = cast(list[ImageCandidate], answer)


def _keys_of_found(pending: PendingDecision) -> Iterator[bytes]:
    """The keys in the state of what the index found."""
    collection = pending.fingerprint.collection
    for content_id in pending.found_content_ids():
        yield content_key(collection, content_id)
    for candidate in pending.candidates:
        yield evidence_key_of(content_key(collection, candidate.content_id))


def _decide_one(
    pending: PendingDecision, state: State, moderated: ModeratedCollections, lists: BatchListing
) -> MatchOutput | None:
    """None for a submission that was deleted since its decision was published: its bytes are erased."""
    remembered = state.get(pending.decision_key)
    if remembered is not None and is_remembered(remembered, pending.time_ms):
        return _repeat(pending, unpack_decision(remembered), state, lists)
    if pending.tombstone is not None:
        return None
    fingerprint = pending.fingerprint
    outcome: Outcome = "failed"
    match, is_reused, standing, inheritance = None, True, None, None
    if pending.is_new:
        listing = NOT_LISTED if pending.is_probe else lists.judge(pending)
        match, home, drift_blocks = None, None, 0
        if not listing.is_negative:
            match, home, drift_blocks = _near_match(pending, state, moderated, lists)
        outcome, is_reused = "near_duplicate" if match is not None else "unique", match is None or home is not None
        content = new_content(pending, home, drift_blocks)
        if not pending.is_probe:
            put_new(content, pending, state)
            lists.give(pending, content, listing, statuses_inherited_by(content, pending))
        standing = _standing(content, pending, state, moderated)
    elif pending.content_key is not None:
        outcome = "duplicate"
        content = _content(pending.content_key, state)
        if pending.extends_retention or pending.adds_evidence:
            put_again(content, pending, state)
        standing = _standing(content, pending, state, moderated)
        match = exact_match(content, standing)
    if standing is not None:
        put_membership(content, standing, match, pending, state)
        inheritance = inheritance_of(content, pending, is_reviewed=not is_reused)
    appearances = _appearances(pending, state) if pending.appearances else ()
    decision = build_decision(
        fingerprint,
        pending.decision_id,
        REVISION,
        outcome,
        match,
        appearances,
        standing,
        is_reviewed=not is_reused,
        inheritance=inheritance,
    )
    value, verdict = decision.to_json(), decision.verdict
    inherited = verdict.status if verdict.by is not None and verdict.inherited_from is not None else None
    state.put(pending.decision_key, pack_decision(value, pending.answer_expires_ms))
    return MatchOutput(pending.decision_id, fingerprint.media_id, value, outcome, False, inherited)


def _standing(content: Content, pending: PendingDecision, state: State, moderated: ModeratedCollections) -> Standing:
    collection = pending.fingerprint.collection
    if collection not in moderated.with_groups:
        return Standing.of(content)
    return standing_of(state, collection, content, statuses_inherited_by(content, pending))


def _near_match(
    pending: PendingDecision, state: State, moderated: ModeratedCollections, lists: BatchListing
) -> tuple[Match | None, Content | None, int]:
    """The match of a new content, the known content whose group it joins, and `Content.drift_blocks`."""
    fingerprint, policy = pending.fingerprint, pending.fingerprint.policy
    assert fingerprint.facts is not None
    collection, own_group = fingerprint.collection, (fingerprint.facts.content_id, fingerprint.media_id)

    def known(content_id: str) -> tuple[Content, bytes]:
        key = content_key(collection, content_id)
        content = _content(key, state)
        return content, (state.get(evidence_key_of(key)) or b"") if content.has_evidence else b""

    def group_now(content: Content) -> tuple[str, str]:
        if collection not in moderated.with_groups:
            return content.group_content_id, content.group_media_id
        standing = standing_of(state, collection, content, 0)
        return standing.group_content_id, standing.group_media_id

    if pending.video_hit is not None:
        content, _ = known(pending.video_hit.content_id)
        is_reused = pending.video_hit.is_reused
        group = group_now(content) if is_reused else own_group
        match = video_match(pending.video_hit, content, policy, group)
        drift_blocks = MAX_DRIFT_BLOCKS if match.relation == "clip_of" else content.drift_blocks
        return match, content if is_reused else None, drift_blocks if is_reused else 0
    candidates, is_apart = pending.candidates, Apart(pending, state, moderated, lists)
    if is_apart.is_possible:
        candidates = [each for each in candidates if not is_apart(each.content_id)]
    copy = find_copy(candidates, pending.comparable_entries.entries, pending.evidence, policy, known)
    if copy is None:
        return None, None, 0
    if not copy.is_reused:
        return near_match(copy, policy, own_group), None, 0
    return near_match(copy, policy, group_now(copy.known)), copy.known, copy.drift_blocks


def _appearances(pending: PendingDecision, state: State) -> list[Appearance]:
    return [
        Appearance(
            found.content_id,
            _content(content_key(pending.fingerprint.collection, found.content_id), state).media_id,
            "image" if pending.comparable_entries.algorithm == FRAMES_HASH else "video",
            found.at_ms / 1000,
            found.distance_bits,
        )
        for found in pending.appearances or ()
    ]


def _repeat(pending: PendingDecision, first_decision: bytes, state: State, lists: BatchListing) -> MatchOutput:
    """Answer with the first decision, whatever the index found now."""
    put_all_again(pending, first_decision, state, lists)
    return MatchOutput(pending.decision_id, pending.fingerprint.media_id, first_decision, None, repeated=True)


def _content(key: bytes, state: State) -> Content:
    value = state.get(key)
    if value is None:
        raise StateError(f"the state lacks the content {key.decode(errors='replace')!r}, which decisions refer to")
    return Content.unpack(value)
