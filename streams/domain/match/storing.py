"""What a decision writes: its content, evidence, frames, membership, and itself. All of it is written again when the
submission comes again: see decide.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import orjson

from streams.domain.evidence.evidence import stored_evidence
from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.match.batch import PendingDecision
from streams.domain.match.listing import BatchListing
from streams.domain.match.selection import stored_entries, stored_frame_entries, video_duration_ms
from streams.domain.moderation.corrections import JOINED
from streams.domain.moderation.hash_lists.listable import pack_listable
from streams.domain.moderation.inheritance import EVERY_STATUS, inherited_statuses, told_inheritance
from streams.domain.moderation.revision import first_group
from streams.domain.moderation.standing import Standing, signature
from streams.domain.records import Match
from streams.domain.records.verdict import Inheritance
from streams.domain.state.content import Content
from streams.domain.state.frames import pack_stored_frames
from streams.domain.state.keys import (
    decision_id_bytes,
    evidence_key_of,
    frames_key_of,
    grouped_key,
    medium_key,
    member_key,
)
from streams.domain.state.members import PROBE, Member, with_expiry
from streams.domain.state.state import State


def put_existing(key: bytes, state: State) -> None:
    value = state.get(key)
    if value is not None:
        state.put(key, value)


def _stored_evidence(pending: PendingDecision) -> bytes:
    """The submission's evidence as state stores it."""
    is_video = pending.comparable_entries.algorithm == FRAMES_HASH
    return pending.evidence if is_video else stored_evidence(pending.evidence)


def put_again(content: Content, pending: PendingDecision, state: State) -> None:
    """Write a known content that expires later, or has evidence now."""
    assert pending.content_key is not None
    if pending.adds_evidence:
        state.put(evidence_key_of(pending.content_key), _stored_evidence(pending))
    expires_ms = pending.expires_ms if pending.extends_retention else content.expires_ms
    has_evidence = content.has_evidence or pending.adds_evidence
    state.put(pending.content_key, replace(content, expires_ms=expires_ms, has_evidence=has_evidence).pack())


def put_new(content: Content, pending: PendingDecision, state: State) -> None:
    """Write a content, and before it its evidence, or the frames of a video."""
    facts, entries = pending.fingerprint.facts, pending.comparable_entries.entries
    assert facts is not None
    assert pending.content_key is not None
    if content.algorithm == FRAMES_HASH:
        frames = stored_frame_entries(np.frombuffer(entries, FRAME_ENTRY)).tobytes()
        state.put(frames_key_of(pending.content_key), pack_stored_frames(video_duration_ms(facts, entries), frames))
    if content.has_evidence:
        state.put(evidence_key_of(pending.content_key), _stored_evidence(pending))
    _leave_former_group(content, pending, state)
    if content.is_member:
        state.put(grouped_key(pending.fingerprint.collection, content.group_content_id, content.content_id), JOINED)
    state.put(pending.content_key, content.pack())


def _leave_former_group(content: Content, pending: PendingDecision, state: State) -> None:
    """A content that replaces an expired one of equal bytes may join another group."""
    assert pending.content_key is not None
    value = state.get(pending.content_key)
    former = None if value is None else Content.unpack(value)
    if former is not None and former.is_member and former.group_content_id != content.group_content_id:
        state.put(grouped_key(pending.fingerprint.collection, former.group_content_id, former.content_id), None)


def new_content(pending: PendingDecision, home: Content | None, drift_blocks: int) -> Content:
    """The submission's content, in the group of a known content, or in a group of its own."""
    fingerprint, (algorithm, entries) = pending.fingerprint, pending.comparable_entries
    assert fingerprint.facts is not None
    own = fingerprint.facts.content_id
    return Content(
        content_id=own,
        media_id=fingerprint.media_id,
        submission_id=fingerprint.submission_id,
        group_content_id=home.group_content_id if home else own,
        group_media_id=home.group_media_id if home else fingerprint.media_id,
        first_ms=pending.time_ms,
        expires_ms=pending.expires_ms,
        decision_id=decision_id_bytes(pending.decision_key),
        algorithm=algorithm if pending.hashes_stored else "",
        entries=b"" if algorithm == FRAMES_HASH else stored_entries(entries, fingerprint.policy),
        is_member=home is not None,
        has_evidence=bool(pending.evidence) and bool(entries) and pending.hashes_stored,
        drift_blocks=drift_blocks,
        listable=pack_listable(pending.listable),
    )


def statuses_inherited_by(content: Content, pending: PendingDecision) -> int:
    """The statuses that a content inherits from its group, by the policy of this submission."""
    if not content.drift_blocks or content.content_id == content.group_content_id:
        return EVERY_STATUS
    return inherited_statuses(content.drift_blocks, pending.fingerprint.policy)


def inheritance_of(content: Content, pending: PendingDecision, *, is_reviewed: bool) -> Inheritance | None:
    """What a decision says about the inheritance of its content; None if every verdict of the group passes."""
    facts = pending.fingerprint.facts
    assert facts is not None
    statuses, is_video = statuses_inherited_by(content, pending), facts.kind == "video"
    return told_inheritance(statuses, content.drift_blocks, is_video=is_video, is_reviewed=is_reviewed)


def put_membership(
    content: Content, standing: Standing, match: Match | None, pending: PendingDecision, state: State
) -> None:
    """Write that the submission has this content, so that a later verdict finds its decision."""
    fingerprint, expires_ms = pending.fingerprint, pending.answer_expires_ms
    told_group = match.group_content_id if match is not None else content.content_id
    now = signature(standing.verdict, standing.group_content_id, told_group)
    statuses = statuses_inherited_by(content, pending) | (PROBE if pending.is_probe else 0)
    member = Member(expires_ms, statuses, 0, now, offset=pending.offset)
    state.put(member_key(fingerprint.collection, content.content_id, pending.decision_key), member.pack())
    if fingerprint.policy.near:
        submitted = fingerprint.media_id, pending.offset, content.content_id, pending.decision_key
        state.put(medium_key(fingerprint.collection, *submitted), with_expiry(b"", expires_ms))


def put_all_again(pending: PendingDecision, first_decision: bytes, state: State, lists: BatchListing) -> None:
    """Write again all that the first decision about a submission wrote."""
    decision = orjson.loads(first_decision)
    content_id = decision["content_id"]
    if content_id is not None:
        key = pending.content_key
        value = None if key is None else state.get(key)
        if key is not None and value is not None:
            _put_content_again(key, value, pending, state, is_duplicate=decision["outcome"] == "duplicate")
        if decision["outcome"] != "duplicate":
            lists.put_again(pending, content_id, [first_group(decision), *_group_now(value)])
        collection = decision["collection"]
        put_existing(member_key(collection, content_id, pending.decision_key), state)
        put_existing(
            medium_key(collection, decision["media_id"], pending.offset, content_id, pending.decision_key), state
        )
    put_existing(pending.decision_key, state)


def _group_now(value: bytes | None) -> list[str]:
    return [] if value is None else [Content.unpack(value).group_content_id]


def _put_content_again(key: bytes, value: bytes, pending: PendingDecision, state: State, *, is_duplicate: bool) -> None:
    content = Content.unpack(value)
    is_first = content.decision_id == decision_id_bytes(pending.decision_key)
    if is_first and content.algorithm == FRAMES_HASH:
        put_existing(frames_key_of(key), state)
    if (is_first or is_duplicate) and content.has_evidence:
        put_existing(evidence_key_of(key), state)
    if is_first and content.is_member:
        put_existing(grouped_key(pending.fingerprint.collection, content.group_content_id, content.content_id), state)
    if is_first or is_duplicate:
        state.put(key, value)
