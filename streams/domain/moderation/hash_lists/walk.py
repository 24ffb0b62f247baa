"""Judges known contents again after a list changed, a chunk at a time, as walk.py of moderation revises decisions.

A record at the end of the log brings the next chunk, so that new submissions are decided in between. A list that
changes while a walk is under way makes it begin again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from streams.domain.moderation.corrections import statuses_of
from streams.domain.moderation.hash_lists.judge import Cause, judge
from streams.domain.moderation.hash_lists.listable import unpack_listable
from streams.domain.moderation.hash_lists.lists import HitsByList, ListsOfCollection, find_hits
from streams.domain.moderation.hash_lists.verdicts import ListHit, give
from streams.domain.records import ModerationEvent
from streams.domain.state.content import Content, content_expires_ms, listable_of
from streams.domain.state.hash_lists import ListWalk
from streams.domain.state.keys import CONTENT_PREFIX, LISTED_PREFIX, list_key, listed_key
from streams.domain.state.state import State
from streams.errors import BadInput

LIST_WALK: Final = "lists"
"""Stands for the group in the steps of such a walk."""

CONTENTS: Final = 2_000
"""Contents that one chunk looks at."""

JUDGED: Final = 100
"""Contents of a chunk that are on a list, or were."""


@dataclass(slots=True)
class Judged:
    """What follows from judging contents.

    Attributes:
        roots: groups that have other verdicts.
        quarantined: list and entry, of entries that matched too much.
        refused: verdicts that their groups have no room for.
        hits: contents that lists have come to say something about.
    """

    roots: list[str] = field(default_factory=list)
    quarantined: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[ModerationEvent, BadInput]] = field(default_factory=list)
    hits: list[ListHit] = field(default_factory=list)


def begin(state: State, collection: str) -> int:
    """Begin a walk through all contents of a collection; returns the number of its first chunk."""
    key = list_key(collection, "")
    chunk = ListWalk.unpack(state.get(key)).chunk + 1
    state.put(key, ListWalk(chunk, is_under_way=True).pack())
    return chunk


def is_next(state: State, collection: str, chunk: int) -> bool:
    """Whether the walk through a collection goes on with this chunk."""
    walk = ListWalk.unpack(state.get(list_key(collection, "")))
    return walk.is_under_way and walk.chunk == chunk


def visit(
    state: State, collection: str, lists: ListsOfCollection, cause: str, time_ms: int
) -> tuple[Judged, int | None]:
    """Judge the next contents of a walk; returns what follows, and the number of the next chunk if there is one."""
    key = list_key(collection, "")
    walk = ListWalk.unpack(state.get(key))
    prefix = CONTENT_PREFIX + f"{collection}\0".encode()
    known = (entry for entry in state.scan_current(prefix, walk.after) if content_expires_ms(entry[1]) >= time_ms)
    entries = list(islice(known, CONTENTS))
    is_end = len(entries) < CONTENTS
    hashes = [unpack_listable(listable_of(value), at[len(prefix) :].decode()) for at, value in entries]
    listed = _listed_between(state, collection, walk.after, b"" if is_end else entries[-1][0])
    judged, count = Judged(), 0
    after = entries[-1][0] if entries else walk.after
    for (at, value), own, hits in zip(entries, hashes, find_hits(lists, hashes), strict=True):
        if not hits and at[1:] not in listed:
            continue
        _judge_one(state, collection, lists, Content.unpack(value), own, hits, cause, time_ms, judged)
        count += 1
        if count == JUDGED and at != after:
            after, is_end = at, False
            break
    following = ListWalk(walk.chunk + 1, b"" if is_end else after, not is_end)
    state.put(key, following.pack())
    return judged, None if is_end else following.chunk


def judge_again(
    state: State, collection: str, lists: ListsOfCollection, contents: Iterable[Content], cause: str, time_ms: int
) -> Judged:
    """Judge some contents again."""
    judged, found = Judged(), list(contents)
    hashes = [unpack_listable(content.listable, content.content_id) for content in found]
    for content, own, hits in zip(found, hashes, find_hits(lists, hashes), strict=True):
        _judge_one(state, collection, lists, content, own, hits, cause, time_ms, judged)
    return judged


def _judge_one(
    state: State,
    collection: str,
    lists: ListsOfCollection,
    content: Content,
    hashes: dict[str, bytes],
    hits: HitsByList,
    cause: str,
    time_ms: int,
    judged: Judged,
) -> None:
    listing = judge(state, collection, lists, hits, hashes, Cause(content.content_id, f"{cause}/{content.content_id}"))
    given = give(state, collection, content, listing, statuses_of(state, collection, content, time_ms))
    if given.root is not None:
        judged.roots.append(given.root)
    judged.quarantined += listing.quarantined
    judged.refused += given.refused
    judged.hits += given.hits


def _listed_between(state: State, collection: str, after: bytes, last: bytes) -> set[bytes]:
    """The keys, without their first byte, of the contents that lists have said something about."""
    prefix = listed_key(collection, "")
    start = LISTED_PREFIX + after[1:] if after else b""
    found: set[bytes] = set()
    for key, _ in state.scan_current(prefix, start):
        if last and key[1:] > last[1:]:
            break
        found.add(key[1:])
    return found
