"""Revises the decisions about all members of a group after a verdict or a correction, a chunk at a time.

The first chunk follows from the event itself. A record at the end of the log brings the next chunk, so that new
submissions are decided in between, and so that a worker that takes over goes on where the last one stopped. An event
that comes while a walk is under way prolongs it by one round, instead of beginning a second one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from heapq import merge
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from streams.domain.moderation.inheritance import EVERY_STATUS
from streams.domain.moderation.revision import first_group, revise
from streams.domain.moderation.standing import Standing, known_content, signature, stored_group, verdict_on
from streams.domain.records import decision_id
from streams.domain.state.answers import Visit
from streams.domain.state.decision import pack_decision, unpack_decision
from streams.domain.state.groups import Group, Walk
from streams.domain.state.keys import (
    DECISION_PREFIX,
    SHORT_ID_BYTES,
    content_id_of_short,
    decision_id_bytes,
    decision_key,
    group_key,
    grouped_prefix,
    member_key,
    members_prefix,
    short_id,
)
from streams.domain.state.members import Member, leading_expires_ms
from streams.domain.state.state import State

CHUNK: Final = 500
"""Members that one chunk visits; they take some 40 ms."""


class Revised(NamedTuple):
    """A revised decision, or one that says that its submission was deleted."""

    decision_id: str
    media_id: str
    value: bytes
    is_deleted: bool = False


class Chunk(NamedTuple):
    """What one chunk of a walk brought about, and where it ended."""

    revised: list[Revised]
    visit: Visit


class _Place(NamedTuple):
    """A member's place in the walk: the group before any merge, its medium, the content, and the key of the member."""

    group_content_id: str
    group_media_id: str
    content_id: str
    key: bytes
    member: Member
    position: bytes
    """Ordered as the walk is."""


def begin(state: State, collection: str, root: str) -> int | None:
    """Begin a walk through a group; returns the number of its first chunk.

    A walk that is under way is prolonged instead, and brings its next chunk by itself: then the answer is None.
    """
    group = stored_group(state, collection, root)
    walk = group.walk
    prolonged = Walk(group.chunks) if walk is None else replace(walk, until=walk.after, wrapped=False)
    state.put(group_key(collection, root), replace(group, walk=prolonged).pack())
    return prolonged.chunk if walk is None else None


def is_next(state: State, collection: str, root: str, chunk: int) -> bool:
    """Whether the walk through a group goes on with this chunk."""
    walk = stored_group(state, collection, root).walk
    return walk is not None and walk.chunk == chunk


def visit_chunk(state: State, collection: str, visit: Visit, cause: bytes, time_ms: int) -> Chunk:
    """Revise the decisions of the next members of a walk. The walk stays where it is.

    Args:
        state: of the partition.
        collection: of the group.
        visit: the group and the chunk.
        cause: 8 bytes that name what brings the chunk. A member that was revised for the same cause, before a kill, is
            told again.
        time_ms: of the record that brings the chunk. Decisions that have expired by then are not revised.
    """
    root = visit.group_content_id
    group = stored_group(state, collection, root)
    walk = group.walk
    assert walk is not None
    places = list(islice(_members(state, collection, root, group, walk.after, time_ms), CHUNK))
    is_end = len(places) < CHUNK
    if walk.wrapped:
        within = [place for place in places if place.position <= walk.until]
        is_end = is_end or len(within) < len(places)
        places = within
    state.load([_first_decision_key(place.key) for place in places])
    found = [_revise(state, place, root, group, cause) for place in places]
    revised = [each for each in found if each is not None]
    return Chunk(revised, visit._replace(after=places[-1].position if places else walk.after, is_end=is_end))


def advance(state: State, collection: str, visit: Visit) -> int | None:
    """Move a walk past a chunk that was visited; returns the number of the next chunk.

    None at the end of the walk, and if the walk has gone on already. Then the group is written again as it is: the
    changelog may not have it.
    """
    root = visit.group_content_id
    group = stored_group(state, collection, root)
    walk = group.walk
    if walk is None or walk.chunk != visit.chunk:
        key = group_key(collection, root)
        value = state.get(key)
        if value is not None:
            state.put(key, value)
        return walk.chunk if walk is not None and walk.chunk == visit.chunk + 1 else None
    following: Walk | None = replace(walk, chunk=walk.chunk + 1, after=visit.after)
    if visit.is_end:
        goes_round = walk.until and not walk.wrapped
        following = replace(walk, chunk=walk.chunk + 1, after=b"", wrapped=True) if goes_round else None
    state.put(group_key(collection, root), replace(group, walk=following, chunks=walk.chunk + 1).pack())
    return None if following is None else following.chunk


def _members(state: State, collection: str, root: str, group: Group, after: bytes, time_ms: int) -> Iterator[_Place]:
    """The members of a group in the order of the walk: by group, by content, by decision id."""
    after_group, after_content = after[:SHORT_ID_BYTES], after[SHORT_ID_BYTES : 2 * SHORT_ID_BYTES]
    for name in sorted(group.founded or (root,), key=short_id):
        here = short_id(name)
        if here < after_group:
            continue
        from_content = after_content if here == after_group else b""
        for content in _contents(state, collection, name, from_content):
            content_id = content_id_of_short(content)
            known = known_content(state, collection, content_id, time_ms)
            if known is None or known.group_content_id != name:
                continue
            medium = known.group_media_id if name == root else group.media_id
            prefix = members_prefix(collection, content_id)
            is_resumed = here == after_group and content == after_content
            after_key = prefix + after[2 * SHORT_ID_BYTES :] if is_resumed else b""
            for key, value in state.scan_current(prefix, after_key):
                if leading_expires_ms(value) >= time_ms:
                    member, position = Member.unpack(value), here + content + key[len(prefix) :]
                    yield _Place(name, medium, content_id, key, member, position)


def _contents(state: State, collection: str, group_content_id: str, since: bytes) -> Iterator[bytes]:
    """The short ids of a group's contents in order, from the content `since` on."""
    prefix, own = grouped_prefix(collection, group_content_id), short_id(group_content_id)
    joined = (key[len(prefix) :] for key, _ in state.scan_current(prefix, prefix + since if since else b""))
    joined = (each for each in joined if each != own)  # a canonical content that came again may join its own group
    if since and since != own and state.get(prefix + since) is not None:
        yield since
    yield from merge([own] if own >= since else [], joined)


def _first_decision_key(member_key: bytes) -> bytes:
    return DECISION_PREFIX + member_key[-16:]


def _revise(state: State, place: _Place, root: str, group: Group, cause: bytes) -> Revised | None:
    member, first = place.member, state.get(_first_decision_key(place.key))
    if first is None or member.is_probe:
        return None
    decision = orjson.loads(unpack_decision(first))
    if decision["content_id"] != place.content_id:  # the submission came again after its decision had expired
        return None
    if member.cause == cause:
        return _revised_before(state, decision, member)
    statuses = EVERY_STATUS if place.content_id == place.group_content_id else member.inherits
    verdict = verdict_on(group, place.content_id, statuses)
    now = signature(verdict, root, first_group(decision))
    if now == member.signature:
        return None
    revision = member.revision + 1
    media_id = decision["media_id"]
    is_joined = place.content_id != place.group_content_id
    standing = Standing(root, place.group_media_id, verdict)
    identity, revised = revise(decision, standing, revision, is_joined=is_joined)
    state.put(decision_key(identity), pack_decision(revised, member.expires_ms))
    state.put(place.key, member._replace(revision=revision, signature=now, cause=cause).pack())
    return Revised(identity, media_id, revised)


def _revised_before(state: State, decision: dict[str, Any], member: Member) -> Revised | None:
    identity = decision["collection"], decision["submission_id"], decision["attempt"]
    key = decision_key(decision_id(*identity, member.revision))
    return remembered(state, decision_id_bytes(key))


def remembered(state: State, identity: bytes) -> Revised | None:
    """A revised decision by the 16 bytes of its id; None if it has been forgotten with its submission."""
    value = state.get(DECISION_PREFIX + identity)
    if value is None:
        return None
    revised = unpack_decision(value)
    decision = orjson.loads(revised)
    return Revised(decision["decision_id"], decision["media_id"], revised, decision["outcome"] == "deleted")


def write_again(state: State, revised: Revised) -> None:
    """Write a revised decision and its member again: see `streams.domain.match.decide`."""
    decision = orjson.loads(revised.value)
    collection = decision["collection"]
    first = decision_key(decision_id(collection, decision["submission_id"], decision["attempt"], 0))
    for key in (decision_key(revised.decision_id), member_key(collection, decision["content_id"], first)):
        value = state.get(key)
        if value is not None:
            state.put(key, value)
