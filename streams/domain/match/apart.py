"""Known contents that a submission must not be matched with, however near they are.

Somebody called them different, or hash lists say that near hashes mean nothing for one of the two.
"""

from __future__ import annotations

from functools import cached_property

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.match.batch import PendingDecision
from streams.domain.match.listing import BatchListing
from streams.domain.moderation.collections import ModeratedCollections
from streams.domain.moderation.splits import NO_SPLITS, Splits, splits_of
from streams.domain.state.content import Content
from streams.domain.state.keys import content_key
from streams.domain.state.state import State


class Apart:
    """Says whether a known content is apart from one submission.

    It asks the state when it is asked itself, and so as late as possible: what comes before the submission in its
    batch must be in there by then.
    """

    def __init__(
        self, pending: PendingDecision, state: State, moderated: ModeratedCollections, lists: BatchListing
    ) -> None:
        self._pending = pending
        self._collection = pending.fingerprint.collection
        self._state = state
        self._moderated = moderated
        self._lists = lists

    def __call__(self, content_id: str) -> bool:
        """Whether the known content must not be matched with."""
        if not self.is_possible:
            return False
        if self._is_negative:
            return True
        value = self._state.get(content_key(self._collection, content_id))
        assert value is not None, f"the index has {content_id}, and the state does not"
        content = Content.unpack(value)
        return self._splits.part_from(content) or self._lists.is_known_negative(self._collection, content)

    @cached_property
    def is_possible(self) -> bool:
        """Whether any contents of the collection are apart from one another."""
        return may_be_apart(self._collection, self._state, self._moderated)

    @cached_property
    def _is_negative(self) -> bool:
        return not self._pending.is_probe and self._lists.is_negative(self._pending)

    @cached_property
    def _splits(self) -> Splits:
        facts = self._pending.fingerprint.facts
        if facts is None or self._collection not in self._moderated.with_splits:
            return NO_SPLITS
        return splits_of(self._state, self._collection, facts.content_id, self._pending.time_ms)


def may_be_apart(collection: str, state: State, moderated: ModeratedCollections) -> bool:
    """Whether any contents of a collection are apart from one another."""
    if collection in moderated.with_splits:
        return True
    return any(each.in_force.negative for each in moderated.lists.of(collection, state))


def asks_who_is_apart(pending: PendingDecision) -> bool:
    """Whether the index asks for a submission: a video joins its group in the index, a picture when it is decided."""
    return pending.comparable_entries.algorithm == FRAMES_HASH and bool(pending.comparable_entries.entries)
