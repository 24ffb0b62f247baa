"""The entries of one hash list in memory. The slow twin is in tests/reference/hash_lists.py.

An entry takes 12 bytes where equal bytes match (md5, sha256), up to 80 for a pHash of 64 bits, and up to 300 for a hash
of 256 bits, which is found by its four words: of two hashes within 4 × r + 3 bits, some word is within r bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.index import NearIndex
from streams.domain.moderation.hash_lists.listable import MIN_BIT_SHARE, Listable
from streams.domain.records.hash_list import ALGORITHM_BITS, DEFAULT_BITS, LIST_ALGORITHMS
from streams.domain.state.hash_lists import NO_BITS, chunk_rows

EXACT: Final = ("sha256", "md5")
PERCEPTUAL: Final = ("pdq256", "phash256", "phash64")
"""The surest first."""

MAX_HITS: Final = 16
"""Entries of one list that are looked at for one content, the surest first."""


class Hit(NamedTuple):
    """An entry that a content matches. Hits are in the order of their fields.

    Attributes:
        is_near: the hashes are near; else bytes are equal.
        share: of the bits that differ, in 256ths.
        rank: number in EXACT or PERCEPTUAL.
        row: of the entry among all of the list.
        distance_bits: between the two hashes.
        threshold_bits: that the entry matches within.
    """

    is_near: bool
    share: int
    rank: int
    row: int
    distance_bits: int
    threshold_bits: int


class ListIndex:
    """Finds the entries that contents match.

    Args:
        chunks: of the list's import, in order, as `pack_chunk` packs them.
        bits: by algorithm, for entries that name none.
    """

    def __init__(self, chunks: Iterable[bytes], bits: dict[str, int]) -> None:
        rows = [chunk_rows(chunk).copy() for chunk in chunks]
        self._starts = np.cumsum([0, *map(len, rows)])
        algorithms = np.concatenate([each["algorithm"] for each in rows]) if rows else np.zeros(0, np.uint8)
        self._exact: dict[str, _ExactEntries] = {}
        self._near: dict[str, _NearEntries] = {}
        for name in (*EXACT, *PERCEPTUAL):
            members = np.flatnonzero(algorithms == LIST_ALGORITHMS.index(name))
            if not len(members):
                continue
            digests = _pick(rows, self._starts, members, "digest")[:, : ALGORITHM_BITS[name] // 8]
            if name in EXACT:
                self._exact[name] = _ExactEntries(digests, members)
            else:
                own = _pick(rows, self._starts, members, "bits")
                own[own == NO_BITS] = bits.get(name, DEFAULT_BITS[name])
                self._near[name] = _NearEntries(name, digests, members, own)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def memory_bytes(self) -> int:
        exact = sum(entries.memory_bytes for entries in self._exact.values())
        return exact + sum(entries.memory_bytes for entries in self._near.values())

    def place(self, row: int) -> tuple[int, int]:
        """The chunk of an entry, and its number in there."""
        chunk = int(np.searchsorted(self._starts, row, "right")) - 1
        return chunk, row - int(self._starts[chunk])

    def find(self, contents: Sequence[Listable]) -> list[list[Hit]]:
        """The entries that each content matches, the surest MAX_HITS of them in order.

        Of md5 and sha256, the first 8 bytes are equal; the caller compares the others.
        """
        found: list[list[Hit]] = [[] for _ in contents]
        parts: dict[str, _ExactEntries | _NearEntries] = {**self._exact, **self._near}
        for name, entries in parts.items():
            asked = [number for number, hashes in enumerate(contents) if name in hashes]
            if asked:
                joined = b"".join(contents[number][name] for number in asked)
                digests = np.frombuffer(joined, np.uint8).reshape(len(asked), -1)
                for number, hit in entries.find(digests):
                    found[asked[number]].append(hit)
        return [sorted(hits)[:MAX_HITS] if hits else hits for hits in found]


class _ExactEntries:
    def __init__(self, digests: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        self._rank = EXACT.index("sha256" if digests.shape[1] == 32 else "md5")
        codes = _words(digests)[:, 0]
        order = np.argsort(codes, kind="stable")
        self._codes, self._rows = codes[order], rows[order].astype(np.uint32)

    @property
    def memory_bytes(self) -> int:
        return self._codes.nbytes + self._rows.nbytes

    def find(self, digests: NDArray[np.uint8]) -> Iterable[tuple[int, Hit]]:
        codes = _words(digests)[:, 0]
        first, last = np.searchsorted(self._codes, codes), np.searchsorted(self._codes, codes, "right")
        for number in np.flatnonzero(last > first).tolist():
            for row in self._rows[first[number] : last[number]].tolist():
                yield number, Hit(False, 0, self._rank, row, 0, 0)


class _NearEntries:
    def __init__(self, name: str, digests: NDArray[np.uint8], rows: NDArray[np.int64], bits: NDArray[np.uint8]) -> None:
        self._rank, self._width = PERCEPTUAL.index(name), ALGORITHM_BITS[name]
        words = _words(digests)
        ones = np.bitwise_count(words).sum(axis=1)
        is_telling = (ones > MIN_BIT_SHARE * self._width) & (ones < (1 - MIN_BIT_SHARE) * self._width)
        self._words, self._bits = words[is_telling], bits[is_telling]
        self._rows = rows[is_telling].astype(np.uint32)
        self._radius = int(self._bits.max(initial=0)) // words.shape[1]
        numbers = np.arange(len(self._rows), dtype=np.uint32)
        self._indexes = [NearIndex(self._radius) for _ in range(words.shape[1])]
        for index, codes in zip(self._indexes, self._words.T, strict=True):
            index.add_batch(np.ascontiguousarray(codes), numbers)

    @property
    def memory_bytes(self) -> int:
        arrays = self._words.nbytes + self._bits.nbytes + self._rows.nbytes
        return int(arrays) + sum(index.memory_bytes for index in self._indexes)

    def find(self, digests: NDArray[np.uint8]) -> Iterable[tuple[int, Hit]]:
        words = _words(digests)
        pairs = []
        for index, codes in zip(self._indexes, words.T, strict=True):
            neighbours = index.search_batch(np.ascontiguousarray(codes))
            if len(neighbours.keys):
                asked = np.repeat(np.arange(len(words)), np.diff(neighbours.offsets))
                pairs.append(asked.astype(np.uint64) << np.uint64(32) | neighbours.keys)
        if not pairs:
            return
        both = np.unique(np.concatenate(pairs))
        asked, entry = (both >> np.uint64(32)).astype(np.int64), both.astype(np.uint32)
        distances = np.bitwise_count(words[asked] ^ self._words[entry]).sum(axis=1)
        for at in np.flatnonzero(distances <= self._bits[entry]).tolist():
            distance, row = int(distances[at]), int(self._rows[entry[at]])
            share = distance * 256 // self._width
            yield int(asked[at]), Hit(True, share, self._rank, row, distance, int(self._bits[entry[at]]))


def _words(digests: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Digests as words of 64 bits, the first most significant."""
    return np.ascontiguousarray(digests).view(">u8").astype(np.uint64)


def _pick(
    rows: Sequence[NDArray[np.void]], starts: NDArray[np.int64], members: NDArray[np.int64], field: str
) -> NDArray[np.uint8]:
    """A field of the rows with these numbers."""
    bounds = np.searchsorted(members, starts)
    picked = [
        each[field][members[first:last] - start]
        for each, start, first, last in zip(rows, starts, bounds, bounds[1:], strict=False)
        if last > first
    ]
    return np.concatenate(picked)
