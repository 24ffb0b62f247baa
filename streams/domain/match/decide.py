"""Decides about fingerprints: new, or a copy of a known content. Pure; the order of calls matters.

    fingerprint ── batch.py: which operations ──▶ indexes.py ──▶ images/, videos/: candidates; ranking.py: their order
                                                      │
    decision ◀── outcome.py: fields ◀─ submission.py ◀┘ ──▶ images/verification.py: evidence; state/: what is kept

A submission that comes again is answered with the bytes of its first decision, and all that its first decision wrote is
written again: a worker may have been killed after its local state took the writes and before the changelog did. A
content is written before the decision about it, and evidence, or the frames of a video, before the content. So wherever
there is a decision, there is its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from streams.domain.match.apart import Apart
from streams.domain.match.batch import ANSWER_DAYS, MatchInput, ModerationInput, PendingDecision, plan_operations
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.match.listing import BatchListing
from streams.domain.match.operations import FindAppearances, FoundAppearance, ImageCandidate, IndexOperation, Remove
from streams.domain.match.parts import Record, parts_of
from streams.domain.match.result import MatchOutput, MatchResult
from streams.domain.match.submission import decide_submission
from streams.domain.match.videos.index import VideoIndex, VideoMatchResult
from streams.domain.moderation.collections import ModeratedCollections
from streams.domain.moderation.deletions.erasure import tell_again, tombstone_of
from streams.domain.moderation.effects import Effects
from streams.domain.moderation.events import Moderation
from streams.domain.moderation.steps import DeletionStep, WalkStep
from streams.domain.policy.policy import DAY_MS
from streams.domain.records import routing_key
from streams.domain.state.keys import content_key, evidence_key_of
from streams.domain.state.state import State


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
            effects, key = _answer_submission(record, state, moderated, moderation, result, listing), b""
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


def _answer_submission(
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
    decision = decide_submission(pending, state, moderated, listing)
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
