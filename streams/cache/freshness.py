"""Which kept answers are still true. No clocks, no I/O: places in media.decisions tell what came before what.

An answer made from ClickHouse has everything below a position: the next offset of every partition of media.decisions
that the record stage has committed, for it commits what ClickHouse has stored. A decision about a medium or content
touches its tag at a place of the log. An answer is true if its position is beyond the places at which its tags were
touched. Positions mean the same in all processes, so an answer may come from another process, or from an earlier one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

MAX_TAGS: Final = 200_000
"""Tags whose last touch is remembered, about 40 MB. Beyond, answers from before the oldest are no longer trusted."""

Position = Mapping[int, int]
"""The next offset by partition."""


def medium_tag(collection: str, media_id: str) -> str:
    """What is touched by every decision about a medium."""
    return f"m\0{collection}\0{media_id}"


def content_tag(collection: str, content_id: str) -> str:
    """What is touched by every decision about a content, of any medium."""
    return f"c\0{collection}\0{content_id}"


def collection_tag(collection: str) -> str:
    """What is touched by every decision in a collection."""
    return f"a\0{collection}"


class Freshness:
    """What is known of decisions since the process began to follow them; for one thread.

    Attributes:
        stored: what ClickHouse has, as a position; empty while nobody knows.
        seen: the decisions that were noted, as a position.
        on_note: is called when a decision was noted.
        is_followed: whether decisions are followed at all; if not, nothing is known to be true.
    """

    def __init__(self, max_tags: int = MAX_TAGS) -> None:
        self.stored: dict[int, int] = {}
        self.seen: dict[int, int] = {}
        self.is_followed = True
        self.on_note: Callable[[], None] = lambda: None
        self._known_since: dict[int, int] = {}
        self._touched: OrderedDict[str, dict[int, int]] = OrderedDict()
        self._max_tags = max_tags

    @property
    def is_behind(self) -> bool:
        """Whether decisions were noted that ClickHouse did not have when that was last asked."""
        return any(self.stored.get(partition, 0) < offset for partition, offset in self.seen.items())

    def begin(self, position: Position) -> None:
        """Decisions from this position on will be noted; those before are not known. Called again, it changes only
        partitions that it did not name before.
        """
        for partition, offset in position.items():
            self._known_since.setdefault(partition, offset)
            self.seen.setdefault(partition, offset)

    def note(self, tags: Iterable[str], partition: int, offset: int) -> None:
        """A decision at this place touches these tags."""
        self._known_since.setdefault(partition, offset)
        self.seen[partition] = max(offset + 1, self.seen.get(partition, 0))
        for tag in tags:
            touches = self._touched.pop(tag, None) or {}
            touches[partition] = max(offset, touches.get(partition, -1))
            self._touched[tag] = touches
        while len(self._touched) > self._max_tags:
            _, forgotten = self._touched.popitem(last=False)
            for number, last in forgotten.items():
                self._known_since[number] = max(last + 1, self._known_since.get(number, 0))
        self.on_note()

    def note_stored(self, position: Position) -> None:
        """ClickHouse has everything below this position."""
        self.stored = dict(position)

    def has_stored(self, partition: int, offset: int) -> bool:
        """Whether ClickHouse is known to have the decision at a place."""
        return offset < self.stored.get(partition, 0)

    def is_true(self, position: Position, tags: Iterable[str]) -> bool:
        """Whether nothing was decided about these tags since an answer that was made at a position."""
        if not (self.is_followed and self._known_since):
            return False
        if any(position.get(partition, 0) < offset for partition, offset in self._known_since.items()):
            return False
        return not any(self._touches_after(position, tag) for tag in tags)

    def _touches_after(self, position: Position, tag: str) -> bool:
        touches = self._touched.get(tag, {})
        return any(offset >= position.get(partition, 0) for partition, offset in touches.items())
