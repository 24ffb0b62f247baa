"""The near contents of one partition: by collection and algorithm, so that only like is ever compared with like."""

from __future__ import annotations

from collections.abc import Iterable

from streams.domain.contents import ALGORITHM_AT, ALGORITHMS, check_layout, collection_of
from streams.domain.near_contents import NearContents

LOADED_AT_ONCE = 10_000

Space = tuple[str, str]


class NearSpaces:
    """What `decide` looks up near duplicates among; made from the state, and as fast gone as a dict."""

    def __init__(self) -> None:
        self._spaces: dict[Space, NearContents] = {}

    def __len__(self) -> int:
        """Contents in all spaces."""
        return sum(map(len, self._spaces.values()))

    @property
    def memory_bytes(self) -> int:
        return sum(space.memory_bytes for space in self._spaces.values())

    def of(self, collection: str, algorithm: str) -> NearContents:
        """The contents of a collection that were hashed by this algorithm and version."""
        space = self._spaces.get((collection, algorithm))
        if space is None:
            space = self._spaces[collection, algorithm] = NearContents()
        return space

    def load(self, contents: Iterable[tuple[bytes, bytes]]) -> None:
        """Take in all contents of a state, as keys and values, in the order of their keys.

        Raises:
            StateError: a content of a layout that this version does not read.
        """
        waiting: dict[tuple[bytes, int], list[bytes]] = {}
        for key, value in contents:
            check_layout(value)
            algorithm = value[ALGORITHM_AT]
            if algorithm == 0:
                continue
            values = waiting.setdefault((collection_of(key), algorithm), [])
            values.append(value)
            if len(values) == LOADED_AT_ONCE:
                self._load(collection_of(key), algorithm, values)
        for (collection, algorithm), values in waiting.items():
            self._load(collection, algorithm, values)
        for space in self._spaces.values():
            space.index()

    def _load(self, collection: bytes, algorithm: int, values: list[bytes]) -> None:
        if values:
            self.of(collection.decode(), ALGORITHMS[algorithm]).load(values)
            values.clear()
