"""Contents that somebody called different: they are never matched again."""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.domain.moderation.standing import known_content
from streams.domain.state.content import Content
from streams.domain.state.keys import splits_key
from streams.domain.state.splits import unpack_splits
from streams.domain.state.state import State


class Splits(NamedTuple):
    """What a content is not the same as: contents, and the groups that these are in."""

    content_ids: frozenset[str] = frozenset()
    group_content_ids: frozenset[str] = frozenset()

    def part_from(self, known: Content) -> bool:
        """Whether the content must not be matched with a known content."""
        return known.content_id in self.content_ids or known.group_content_id in self.group_content_ids


NO_SPLITS: Final = Splits()


def splits_of(state: State, collection: str, content_id: str, time_ms: int) -> Splits:
    """The splits of a content at a time."""
    content_ids = unpack_splits(state.get(splits_key(collection, content_id)))
    known = (known_content(state, collection, each, time_ms) for each in content_ids)
    return Splits(content_ids, frozenset(content.group_content_id for content in known if content is not None))
