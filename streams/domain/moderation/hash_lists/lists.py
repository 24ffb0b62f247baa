"""The hash lists of a partition's collections in memory, read from the state when they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from streams.domain.moderation.hash_lists.index import Hit, ListIndex
from streams.domain.moderation.hash_lists.listable import Listable
from streams.domain.state.hash_lists import ListInForce
from streams.domain.state.keys import LIST_PREFIX, list_chunks_prefix, list_key
from streams.domain.state.state import State

MAX_LISTS: Final = 64
"""Of one collection."""


class LoadedList(NamedTuple):
    """A list in force, and its entries."""

    in_force: ListInForce
    entries: ListIndex


ListsOfCollection = tuple[LoadedList, ...]
"""In the order of their names."""

HitsByList = dict[str, list[Hit]]
"""By the name of the list; lists without a hit are absent."""


class HashLists:
    """The lists of all collections of one partition.

    `with_lists` are the collections that have lists, or had some.
    """

    def __init__(self) -> None:
        self.with_lists: set[str] = set()
        self._loaded: dict[str, dict[str, LoadedList]] = {}
        self._in_force: dict[str, ListsOfCollection] = {}
        self._changed: set[str] = set()

    @property
    def memory_bytes(self) -> int:
        return sum(known.entries.memory_bytes for lists in self._loaded.values() for known in lists.values())

    def __len__(self) -> int:
        """Entries of all lists that were read."""
        return sum(len(known.entries) for lists in self._loaded.values() for known in lists.values())

    def note(self, collection: str) -> None:
        """A list of the collection may have changed in the state."""
        self.with_lists.add(collection)
        self._changed.add(collection)

    def of(self, collection: str, state: State) -> ListsOfCollection:
        """The lists in force; the same tuple for as long as none changes.

        A list that was not read yet is read from the state: some 0.7 s for a million entries.
        """
        if collection not in self.with_lists:
            return ()
        if collection in self._changed:
            self._read(collection, state)
            self._changed.discard(collection)
        return self._in_force[collection]

    def _read(self, collection: str, state: State) -> None:
        before, prefix = self._loaded.get(collection, {}), list_key(collection, "")
        now: dict[str, LoadedList] = {}
        for key, value in state.scan_current(prefix, prefix):
            in_force = ListInForce.unpack(value)
            known = before.get(in_force.name)
            if known is None or _entries_of(known.in_force) != _entries_of(in_force):
                chunks = list_chunks_prefix(collection, in_force.name, in_force.import_id)
                found = (chunk for at, chunk in state.scan_current(chunks) if _number(at) < in_force.chunks)
                entries = ListIndex(found, in_force.bits)
            else:
                entries = known.entries
            assert key.startswith(LIST_PREFIX)
            now[in_force.name] = LoadedList(in_force, entries)
        self._loaded[collection], self._in_force[collection] = now, tuple(now.values())


def find_hits(lists: ListsOfCollection, contents: Sequence[Listable]) -> list[HitsByList]:
    """Which entries of which lists every content matches; the contents as `listable.py` has them."""
    found: list[HitsByList] = [{} for _ in contents]
    for known in lists:
        for at, hits in enumerate(known.entries.find(contents)):
            if hits:
                found[at][known.in_force.name] = hits
    return found


def _entries_of(in_force: ListInForce) -> tuple[str, tuple[int, int]]:
    """Names the entries. An import that becomes effective again may have others."""
    return in_force.import_id, in_force.order


def _number(chunk_key: bytes) -> int:
    return int.from_bytes(chunk_key[-4:])
