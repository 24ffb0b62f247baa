"""The decision about one submission, from what the indexes found and what the state knows."""

from __future__ import annotations

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.match.apart import Apart
from streams.domain.match.batch import REVISION, PendingDecision
from streams.domain.match.images.verification import find_copy
from streams.domain.match.listing import BatchListing
from streams.domain.match.outcome import build_decision, exact_match, near_match
from streams.domain.match.result import MatchOutput
from streams.domain.match.storing import (
    inheritance_of,
    new_content,
    put_again,
    put_all_again,
    put_membership,
    put_new,
    statuses_inherited_by,
)
from streams.domain.match.videos.outcome import video_match
from streams.domain.moderation.collections import ModeratedCollections
from streams.domain.moderation.hash_lists.judge import NOT_LISTED
from streams.domain.moderation.standing import Standing, standing_of
from streams.domain.records import Appearance, Match, Outcome
from streams.domain.state.content import MAX_DRIFT_BLOCKS, Content
from streams.domain.state.decision import is_remembered, pack_decision, unpack_decision
from streams.domain.state.keys import content_key, evidence_key_of
from streams.domain.state.state import State
from streams.errors import StateError


def decide_submission(
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
