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
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import orjson

from streams.domain.evidence.evidence import stored_evidence
from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.match.batch import (
    ANSWER_DAYS,
    DAY_MS,
    REVISION,
    MatchInput,
    PendingDecision,
    State,
    plan_operations,
)
from streams.domain.match.images.verification import find_copy
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.match.operations import FindAppearances, FoundAppearance, ImageCandidate, IndexOperation
from streams.domain.match.outcome import build_decision, exact_match, near_match
from streams.domain.match.selection import stored_entries, stored_frame_entries, video_duration_ms
from streams.domain.match.videos.index import VideoMatchResult
from streams.domain.match.videos.outcome import video_match
from streams.domain.records import Appearance, Match, Outcome
from streams.domain.state.content import Content
from streams.domain.state.decision import is_remembered, pack_decision, unpack_decision
from streams.domain.state.frames import pack_stored_frames
from streams.domain.state.keys import content_key, decision_id_bytes, evidence_key_of, frames_key_of
from streams.errors import StateError

__all__ = ["MatchInput", "MatchOutput", "State", "decide"]


@dataclass(frozen=True, slots=True)
class MatchOutput:
    """A decision to be published. `value` is its JSON; `repeated` says that the decision was made before."""

    decision_id: str
    media_id: str
    value: bytes
    outcome: Outcome | None
    repeated: bool


def decide(
    batch: Sequence[MatchInput], state: State, indexes: CollectionIndexes, *, answer_days: float = ANSWER_DAYS
) -> list[MatchOutput]:
    """Decide a batch in order. The result is the same as deciding its submissions one at a time.

    Args:
        batch: in the order of their partition.
        state: of the partition; changed through `put`, in the order that the changelog must have.
        indexes: of the partition; built from `state`, and changed with it.
        answer_days: how long decisions are remembered. A submission that comes again later is decided again.

    Returns:
        One output for each input, in order.

    Raises:
        StateError: a later version wrote the state.
    """
    pending = [PendingDecision.of(each) for each in batch]
    state.load([key for each in pending for key in (each.decision_key, each.content_key) if key is not None])
    _apply_operations(plan_operations(pending, state, int(answer_days * DAY_MS)), indexes)
    state.load({key for each in pending for key in _keys_of_found(each)})
    return [_decide_one(each, state) for each in pending]


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


def _decide_one(pending: PendingDecision, state: State) -> MatchOutput:
    remembered = state.get(pending.decision_key)
    if remembered is not None and is_remembered(remembered, pending.time_ms):
        return _repeat(pending, unpack_decision(remembered), state)
    fingerprint = pending.fingerprint
    outcome: Outcome = "failed"
    match, is_reused = None, True
    if pending.is_new:
        match, is_reused, drift_blocks = _near_match(pending, state)
        outcome = "near_duplicate" if match is not None else "unique"
        _put_new(_new_content(pending, match, drift_blocks), pending, state)
    elif pending.content_key is not None:
        outcome = "duplicate"
        content = _content(pending.content_key, state)
        match = exact_match(content)
        if pending.extends_retention or pending.adds_evidence:
            _put_again(content, pending, state)
    appearances = _appearances(pending, state) if pending.appearances else ()
    value = build_decision(
        fingerprint, pending.decision_id, REVISION, outcome, match, appearances, is_reviewed=not is_reused
    ).to_json()
    state.put(pending.decision_key, pack_decision(value, pending.answer_expires_ms))
    return MatchOutput(pending.decision_id, fingerprint.media_id, value, outcome, repeated=False)


def _near_match(pending: PendingDecision, state: State) -> tuple[Match | None, bool, int]:
    """The match of a new content, whether the submission inherits its verdict, and `Content.drift_blocks`."""
    fingerprint, policy = pending.fingerprint, pending.fingerprint.policy
    assert fingerprint.facts is not None
    collection, own_group = fingerprint.collection, (fingerprint.facts.content_id, fingerprint.media_id)

    def known(content_id: str) -> tuple[Content, bytes]:
        key = content_key(collection, content_id)
        content = _content(key, state)
        return content, (state.get(evidence_key_of(key)) or b"") if content.has_evidence else b""

    if pending.video_hit is not None:
        content, _ = known(pending.video_hit.content_id)
        return video_match(pending.video_hit, content, policy, own_group), pending.video_hit.is_reused, 0
    copy = find_copy(pending.candidates, pending.comparable_entries.entries, pending.evidence, policy, known)
    if copy is None:
        return None, True, 0
    return near_match(copy, policy, own_group), copy.is_reused, copy.drift_blocks if copy.is_reused else 0


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


def _repeat(pending: PendingDecision, first_decision: bytes, state: State) -> MatchOutput:
    """Answer with the first decision, whatever the index found now, and write again all that the first one wrote."""
    decision = orjson.loads(first_decision)
    if decision["content_id"] is not None:
        key = content_key(decision["collection"], decision["content_id"])
        value = state.get(key)
        content = None if value is None else Content.unpack(value)
        if content is not None and value is not None:
            is_first = content.decision_id == decision_id_bytes(pending.decision_key)
            is_duplicate = decision["outcome"] == "duplicate"
            if is_first and content.algorithm == FRAMES_HASH:
                _put_existing(frames_key_of(key), state)
            if (is_first or is_duplicate) and content.has_evidence:
                _put_existing(evidence_key_of(key), state)
            if is_first or is_duplicate:
                state.put(key, value)
    packed = state.get(pending.decision_key)
    assert packed is not None
    state.put(pending.decision_key, packed)
    return MatchOutput(pending.decision_id, pending.fingerprint.media_id, first_decision, None, repeated=True)


def _content(key: bytes, state: State) -> Content:
    value = state.get(key)
    if value is None:
        raise StateError(f"the state lacks the content {key.decode(errors='replace')!r}, which decisions refer to")
    return Content.unpack(value)


def _put_existing(key: bytes, state: State) -> None:
    value = state.get(key)
    if value is not None:
        state.put(key, value)


def _stored_evidence(pending: PendingDecision) -> bytes:
    """The submission's evidence as state stores it."""
    is_video = pending.comparable_entries.algorithm == FRAMES_HASH
    return pending.evidence if is_video else stored_evidence(pending.evidence)


def _put_again(content: Content, pending: PendingDecision, state: State) -> None:
    """Write a known content that expires later, or has evidence now."""
    assert pending.content_key is not None
    if pending.adds_evidence:
        state.put(evidence_key_of(pending.content_key), _stored_evidence(pending))
    expires_ms = pending.expires_ms if pending.extends_retention else content.expires_ms
    has_evidence = content.has_evidence or pending.adds_evidence
    state.put(pending.content_key, replace(content, expires_ms=expires_ms, has_evidence=has_evidence).pack())


def _put_new(content: Content, pending: PendingDecision, state: State) -> None:
    """Write a content, and before it its evidence, or the frames of a video."""
    facts, entries = pending.fingerprint.facts, pending.comparable_entries.entries
    assert facts is not None
    assert pending.content_key is not None
    if content.algorithm == FRAMES_HASH:
        frames = stored_frame_entries(np.frombuffer(entries, FRAME_ENTRY)).tobytes()
        state.put(frames_key_of(pending.content_key), pack_stored_frames(video_duration_ms(facts, entries), frames))
    if content.has_evidence:
        state.put(evidence_key_of(pending.content_key), _stored_evidence(pending))
    state.put(pending.content_key, content.pack())


def _new_content(pending: PendingDecision, match: Match | None, drift_blocks: int) -> Content:
    """The submission's content, in the group that its match names, or in a group of its own."""
    fingerprint, (algorithm, entries) = pending.fingerprint, pending.comparable_entries
    assert fingerprint.facts is not None
    own = fingerprint.facts.content_id
    return Content(
        content_id=own,
        media_id=fingerprint.media_id,
        submission_id=fingerprint.submission_id,
        group_content_id=match.group_content_id if match else own,
        group_media_id=match.group_media_id if match else fingerprint.media_id,
        first_ms=pending.time_ms,
        expires_ms=pending.expires_ms,
        decision_id=decision_id_bytes(pending.decision_key),
        algorithm=algorithm if pending.hashes_stored else "",
        entries=b"" if algorithm == FRAMES_HASH else stored_entries(entries, fingerprint.policy),
        is_member=match is not None and match.group_content_id != own,
        has_evidence=bool(pending.evidence) and bool(entries) and pending.hashes_stored,
        drift_blocks=drift_blocks,
    )
