"""What is said about a group: its verdicts, the groups that it was merged with, and how far a revision has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from streams.domain.records import Label, MatchedEntry
from streams.domain.records.verdict import GivenStatus, SourceKind
from streams.errors import StateError

LAYOUT: Final = 1


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """A verdict on a content, kept with the content's group.

    Attributes:
        content_id: the content that the verdict names.
        media_id: the medium of that content's first submission.
        home: the group of that content before any merge.
        kind: of the source.
        name: of the source.
        version: of the source.
        status: the verdict.
        labels: what was found.
        reason: for people.
        at: when it was said.
        order: place in the log: the offset of the record that brought the verdict, and its number among several that
            this record brought.
        for_group: other contents of the group inherit it.
        entry: of a hash list that match compares contents with, the entry that the content matched.
    """

    content_id: str
    media_id: str
    home: str
    kind: SourceKind
    name: str
    version: str | None
    status: GivenStatus
    labels: tuple[Label, ...]
    reason: str | None
    at: str
    order: tuple[int, int]
    for_group: bool
    entry: MatchedEntry | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Two contents that somebody called the same, and their groups before any merge."""

    content_id: str
    other_content_id: str
    group: str
    other_group: str


@dataclass(frozen=True, slots=True)
class Walk:
    """A revision of all members of a group that is under way, a chunk at a time.

    Attributes:
        chunk: the number of the next chunk; counts on from one walk to the next.
        after: key of the last member that was visited; empty before the first.
        until: the walk goes on from the first member to this one, because a verdict came in between; empty where it
            ends with the last member.
        wrapped: the walk has begun again with the first member.
    """

    chunk: int
    after: bytes = b""
    until: bytes = b""
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The state of a group.

    Attributes:
        root: of a merged group, the group that has the verdicts of all that were merged; None for the root itself.
        media_id: of the canonical content.
        chunks: how many chunks of walks were visited.
        verdicts: the last of each source on each content, in the order in which they came.
        links: that hold the merged groups together.
        founded: time and medium of the canonical content of every merged group, by the group.
        walk: under way.
    """

    root: str | None = None
    media_id: str = ""
    chunks: int = 0
    verdicts: tuple[GroupVerdict, ...] = ()
    links: tuple[Link, ...] = ()
    founded: dict[str, tuple[int, str]] = field(default_factory=dict)
    walk: Walk | None = None

    def pack(self) -> bytes:
        walk = self.walk
        packed = None if walk is None else [walk.chunk, walk.after.hex(), walk.until.hex(), walk.wrapped]
        return bytes((LAYOUT,)) + orjson.dumps(
            [self.root, self.media_id, self.chunks, self.verdicts, self.links, self.founded, packed]
        )

    @classmethod
    def unpack(cls, value: bytes) -> Group:
        """Read a value of the state.

        Raises:
            StateError: a later version wrote it.
        """
        if value[:1] != bytes((LAYOUT,)):
            raise StateError(
                f"the state holds a group that begins with {value[:4].hex(' ')}, and this version reads layout "
                f"{LAYOUT}: run the version of mediasieve that wrote it"
            )
        root, media_id, chunks, verdicts, links, founded, walk = orjson.loads(value[1:])
        return cls(
            root,
            media_id,
            chunks,
            tuple(map(_verdict, verdicts)),
            tuple(Link(**link) for link in links),
            {group: (first_ms, media_id) for group, (first_ms, media_id) in founded.items()},
            None if walk is None else Walk(walk[0], bytes.fromhex(walk[1]), bytes.fromhex(walk[2]), walk[3]),
        )


def _verdict(document: dict[str, Any]) -> GroupVerdict:
    labels = tuple(Label(**label) for label in document.pop("labels"))
    offset, number = document.pop("order")
    entry = document.pop("entry", None)
    return GroupVerdict(
        labels=labels, order=(offset, number), entry=None if entry is None else MatchedEntry(**entry), **document
    )
