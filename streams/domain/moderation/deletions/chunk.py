"""Deletes submissions: a chunk of those of a medium, or of a content.

A deletion is about what came before it in the log. It takes each submission's decisions, its places among the members
of its content and the submissions of its medium, and leaves a tombstone without personal data. The last submission of
a content takes the content along, with its hashes and evidence. What others inherited from it stays with them: their
verdicts, and the name of their group.

The bytes of decisions that were published stay for a moment longer: if a worker is killed, records from before the
deletion are read again and answered with the same bytes. erasure.py takes them away once nothing is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.moderation.revision import deleted_decision
from streams.domain.moderation.standing import known_content
from streams.domain.moderation.steps import DeletionStep
from streams.domain.records import ModerationEvent
from streams.domain.state.content import Content
from streams.domain.state.decision import pack_decision, unpack_decision
from streams.domain.state.deletions import Erasure, Tombstone, medium_digest
from streams.domain.state.keys import (
    DECISION_PREFIX,
    content_key,
    decision_id_bytes,
    decision_key,
    erasure_key,
    evidence_key_of,
    frames_key_of,
    grouped_key,
    medium_key,
    medium_prefix,
    member_key,
    members_prefix,
    newest_first,
    old_medium_key,
    submission_of_medium,
    tombstone_key,
)
from streams.domain.state.members import Member, content_in_old_layout, leading_expires_ms
from streams.domain.state.state import State

CHUNK: Final = 100
"""Submissions that one chunk looks at. All that it writes stands in one record of the changelog before."""


class DeletedChunk(NamedTuple):
    """What one chunk of a deletion came to.

    Attributes:
        decision_ids: 16 bytes each, of the decisions that say so.
        following: the next chunk; None at the end.
    """

    decision_ids: tuple[bytes, ...]
    following: DeletionStep | None


class _Submission(NamedTuple):
    """A submission of the content, by the key of its first decision; `decision` is that as a JSON object."""

    content_id: str
    key: bytes
    member: Member
    decision: dict[str, Any]


def first_step(
    state: State, event: ModerationEvent, until_offset: int, time_ms: int, *, has_waited: bool
) -> DeletionStep:
    """The step that a deletion begins with.

    A deletion is about what stands before it in the log. Of one that waited, all stands after it, so time decides.

    Submissions of a medium are looked up by the medium where it has entries. It has none where equal bytes alone are
    compared, and an earlier version wrote none.
    """
    step = DeletionStep(
        event.collection,
        event.event_id,
        0,
        event.content_id,
        event.media_id,
        until_offset,
        by_medium=False,
        spares_after=event.at if has_waited else "",
    )
    if event.media_id is None:
        return step
    entries = state.scan_current(medium_prefix(event.collection, event.media_id))
    if any(leading_expires_ms(value) >= time_ms for _, value in entries):
        return step._replace(by_medium=True)
    if event.content_id is not None:
        return step
    return step._replace(content_id=content_in_old_layout(state, event.collection, event.media_id, time_ms))


def delete_chunk(state: State, step: DeletionStep, offset: int, time_ms: int, event_key: bytes) -> DeletedChunk:
    """Delete the next submissions.

    Args:
        state: of the partition.
        step: what is deleted, and where the chunk begins.
        offset: of the record that brings the chunk.
        time_ms: of this record. Submissions that have expired by then are left to the sweep.
        event_key: of what the record brings about.
    """
    look = _Look.at_medium(step) if step.by_medium else _Look.at_content(step)
    entries = state.scan_current(look.prefix, look.prefix + look.after if look.after else b"")
    live = list(islice(((key, value) for key, value in entries if leading_expires_ms(value) >= time_ms), CHUNK))
    submissions = list(_read(state, step, live))
    told = tuple(_delete(state, each, offset) for each in submissions)
    is_end = len(live) < CHUNK
    contents = dict.fromkeys(each.content_id for each in submissions if step.by_medium)
    if step.content_id is not None and is_end:
        contents[step.content_id] = None
    for content_id in contents:
        _settle(state, step, content_id, time_ms)
    if submissions:
        erasure = Erasure(time_ms, step.collection, tuple(each.key for each in submissions))
        state.put(erasure_key(event_key), erasure.pack())
    after = b"" if is_end else live[-1][0][len(look.prefix) :]
    return DeletedChunk(told, None if is_end else step._replace(chunk=step.chunk + 1, after=after.hex()))


class _Look(NamedTuple):
    """Where submissions are looked for: keys with this prefix, from the end of the chunk before on."""

    prefix: bytes
    after: bytes

    @classmethod
    def at_medium(cls, step: DeletionStep) -> _Look:
        """The submissions of a medium are stored from the last to the first; those after the deletion are left out."""
        prefix = medium_prefix(step.collection, step.media_id or "")
        return cls(prefix, bytes.fromhex(step.after) or newest_first(step.until_offset))

    @classmethod
    def at_content(cls, step: DeletionStep) -> _Look:
        return cls(members_prefix(step.collection, step.content_id or ""), bytes.fromhex(step.after))


def _read(state: State, step: DeletionStep, entries: Sequence[tuple[bytes, bytes]]) -> Iterator[_Submission]:
    """The submissions among these entries that the deletion is about."""
    named = [
        submission_of_medium(key) if step.by_medium else (step.content_id or "", DECISION_PREFIX + key[-16:])
        for key, _ in entries
    ]
    state.load([key for _, key in named])
    for content_id, key in named:
        submission = _submission(state, step.collection, content_id, key)
        if (
            submission is not None
            and step.content_id in (None, content_id)
            and step.media_id in (None, submission.decision["media_id"])
            and submission.member.offset <= step.until_offset
            and not (step.spares_after and submission.decision["submitted_at"] > step.spares_after)
        ):
            yield submission


def _submission(state: State, collection: str, content_id: str, key: bytes) -> _Submission | None:
    """None for what is left of a submission that came again with other bytes after its decision had expired."""
    member, first = state.get(member_key(collection, content_id, key)), state.get(key)
    if member is None or first is None:
        return None
    decision = orjson.loads(unpack_decision(first))
    if decision["content_id"] != content_id:
        return None
    return _Submission(content_id, key, Member.unpack(member), decision)


def _delete(state: State, submission: _Submission, offset: int) -> bytes:
    """Delete one submission; returns the 16 bytes of the id of the decision that says so."""
    content_id, key, member, decision = submission
    collection, media_id = decision["collection"], decision["media_id"]
    tombstone = Tombstone(
        member.expires_ms,
        offset,
        member.revision + 1,
        decision["kind"],
        content_id,
        decision["submitted_at"],
        medium_digest(media_id),
    )
    state.put(tombstone_key(collection, key), tombstone.pack())
    identity, value = deleted_decision(tombstone, collection, media_id, decision["submission_id"], decision["attempt"])
    state.put(decision_key(identity), pack_decision(value, member.expires_ms))
    state.put(member_key(collection, content_id, key), None)
    if member.offset >= 0:
        _remove(state, medium_key(collection, media_id, member.offset, content_id, key))
    if content_in_old_layout(state, collection, media_id, 0) == content_id:
        state.put(old_medium_key(collection, media_id), None)
    return decision_id_bytes(decision_key(identity))


def _remove(state: State, key: bytes) -> None:
    if state.get(key) is not None:
        state.put(key, None)


def _settle(state: State, step: DeletionStep, content_id: str, time_ms: int) -> None:
    """A content goes with its last submission. If others remain, the first of their keys names it from now on."""
    collection = step.collection
    content = known_content(state, collection, content_id, time_ms)
    if content is None or step.media_id not in (None, content.media_id):
        return
    key = content_key(collection, content_id)
    for entry, value in state.scan_current(members_prefix(collection, content_id)):
        if leading_expires_ms(value) < time_ms or Member.unpack(value).is_probe:
            continue
        other = _submission(state, collection, content_id, DECISION_PREFIX + entry[-16:])
        if other is not None:
            named = replace(
                content,
                media_id=other.decision["media_id"],
                submission_id=other.decision["submission_id"],
                decision_id=decision_id_bytes(other.key),
            )
            state.put(key, named.pack())
            return
    _remove_content(state, collection, key, content)


def _remove_content(state: State, collection: str, key: bytes, content: Content) -> None:
    if content.has_evidence:
        state.put(evidence_key_of(key), None)
    if content.algorithm == FRAMES_HASH:
        state.put(frames_key_of(key), None)
    if content.is_member:
        state.put(grouped_key(collection, content.group_content_id, content.content_id), None)
    state.put(key, None)
