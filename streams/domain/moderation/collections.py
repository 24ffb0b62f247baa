"""Which collections of a partition are moderated at all: the others pay for no look-up. And their hash lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streams.domain.moderation.hash_lists.lists import HashLists
from streams.domain.moderation.waiting import is_number, number_in
from streams.domain.state.keys import (
    GROUP_PREFIX,
    LIST_PREFIX,
    SPLITS_PREFIX,
    TOMBSTONE_PREFIX,
    WAITING_PREFIX,
    collection_of,
    waiting_key,
)

Scan = Callable[[bytes, bytes], Iterator[tuple[bytes, bytes]]]


class ModeratedCollections:
    """The collections of a state that have verdicts or merges, splits, events that wait, and deleted submissions.

    `waiting` has how many contents and media of a collection are waited for. A collection that is named here may have
    none any more: that costs look-ups, and changes no decision.
    """

    def __init__(self) -> None:
        self.with_groups: set[str] = set()
        self.with_splits: set[str] = set()
        self.with_waiting: set[str] = set()
        self.lists = HashLists()
        self.with_deleted: set[str] = set()
        self.waiting: dict[str, int] = {}

    def note(self, key: bytes, value: bytes | None) -> None:
        """A key of the state is written."""
        if key.startswith(LIST_PREFIX):
            self.lists.note(collection_of(key).decode())
        if key.startswith(WAITING_PREFIX) and is_number(key):
            self.waiting[collection_of(key).decode()] = 0 if value is None else number_in(value)
        for prefix, names in self._sets():
            if key.startswith(prefix):
                names.add(collection_of(key).decode())

    def load(self, scan: Scan) -> None:
        """Read the names of collections from a state; `scan` takes a prefix and the key to begin after."""
        for prefix, names in self._sets():
            names |= _collections(scan, prefix)
        for collection in _collections(scan, LIST_PREFIX):
            self.lists.note(collection)
        for collection in self.with_waiting:
            key = waiting_key(collection, "")
            found = next(scan(key, b""), None)
            if found is not None and found[0] == key:
                self.note(*found)

    def _sets(self) -> tuple[tuple[bytes, set[str]], ...]:
        return (
            (GROUP_PREFIX, self.with_groups),
            (SPLITS_PREFIX, self.with_splits),
            (WAITING_PREFIX, self.with_waiting),
            (TOMBSTONE_PREFIX, self.with_deleted),
        )


def _collections(scan: Scan, prefix: bytes) -> set[str]:
    """The collections of all keys that begin with a prefix, by one step for each collection."""
    found: set[str] = set()
    after = b""
    while True:
        key = next((key for key, _ in scan(prefix, after)), None)
        if key is None:
            return found
        collection = collection_of(key)
        found.add(collection.decode())
        after = prefix + collection + b"\1"
