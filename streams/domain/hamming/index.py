"""An exact index that finds all 64-bit codes within a Hamming radius. Its slow twin is in brute_force.py.

It holds entries: a code and a key. Keys are the caller's numbers, 0 to 2**32 - 1. A code may have many keys, and a key
many codes. A pair that was added twice is two entries: found twice, and removed in two calls.
How the search works is in search.py; the compiled code, there and in insert.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming import build, search
from streams.domain.hamming.arguments import Numbers, as_codes, as_entries, check_code, check_key, check_radius
from streams.domain.hamming.build import SMALLEST_LOG
from streams.domain.hamming.insert import delete, insert
from streams.domain.hamming.layout import BANDED, LOGGED, WIDTHS, Bands, Codes, Distances, Keys, no_bands

#: A smaller index is a plain list: scanning it takes no longer than probing bands.
LOG_ENTRIES = 16_384
#: Queries of a large batch that are answered together. Between these, buckets get more room.
PIECE = 4096
NO_CODES, NO_KEYS = np.zeros(0, np.uint64), np.zeros(0, np.uint32)

Found: TypeAlias = list[tuple[int, int]]
Offsets: TypeAlias = NDArray[np.int64]
#: The result of no look-ups.
_NOTHING = np.zeros(1, np.int64), NO_KEYS, np.zeros(0, np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The entries that a batch of look-ups found, sorted by query, then distance, then key.

    Attributes:
        offsets: int64 [queries + 1]; the entries of query i are `offsets[i]` to `offsets[i + 1]`.
        keys: uint32 [found].
        distances: in bits, uint8 [found].
    """

    offsets: Offsets
    keys: Keys
    distances: Distances

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, query: int) -> Found:
        """The same as `search` for this query."""
        part = slice(*self.offsets[range(len(self))[query] :][:2])
        return list(zip(self.keys[part].tolist(), self.distances[part].tolist(), strict=True))


class NearIndex:
    """Finds all entries within a Hamming radius of a code, exactly. Entries can be added and removed at any time.

    For n entries:

    - A look-up at radius 10 probes 428 buckets and compares 0.65 % of n; at radius 7, 68 buckets and 0.1 %; at 16,
      7 %; from 24 on, all. These figures hold for random codes. Perceptual hashes, whose bits depend on each other,
      need about half as much again. Every entry found costs another 10 ns. If all codes have an even number of bits
      set, as pHashes have, radius 7 costs the same as radius 6: 52 buckets.
    - Adding is O(1) on average, under 2 µs. Whenever n has grown by a tenth or a fifth, all buckets are copied once, at
      some 20 ns an entry. Removing scans four buckets.
    - Memory is at most 64 bytes an entry as n grows, about 58 from a million on, 12 to 24 up to 16,384 entries, and a
      quarter more while buckets are copied. When more than half of the entries have been removed, the index is rebuilt.

    Only one thread at a time may use an index; compiled calls release the GIL.
    """

    def __init__(self, radius_bits: int = 10, *, log_entries: int = LOG_ENTRIES) -> None:
        """An empty index.

        Args:
            radius_bits: the default radius of look-ups, 0 to 64. A large index is laid out for it; others find all.
            log_entries: up to this number of entries, the index is a plain list, which is a good deal smaller.
        """
        self.radius_bits = check_radius(radius_bits)
        self._log_entries = log_entries
        self._bands = no_bands(SMALLEST_LOG)
        self._built = 0
        self._scratch = _scratch(1024)

    def __len__(self) -> int:
        return int(self._bands.state[LOGGED] + self._bands.state[BANDED])

    @property
    def bands(self) -> Bands:
        """The arrays for compiled functions (`search_into`, `insert`, `delete`); valid until the next `reserve`."""
        return self._bands

    @property
    def memory_bytes(self) -> int:
        """All arrays of the index, including room for growth."""
        bands = self._bands
        by_band = (*bands.halves, *bands.others, *bands.heads, *bands.capacities)
        return sum(array.nbytes for array in by_band) + bands.log_codes.nbytes + bands.log_keys.nbytes

    def reserve(self, entries: int) -> Bands:
        """Make room for this number of `insert`s from compiled code, and return the arrays to pass to it.

        Call it once a batch. Between two calls, the buckets have room for about a tenth of the index; further entries
        go to the log, which every look-up scans.
        """
        logged = int(self._bands.state[LOGGED])
        limit = build.log_limit(len(self)) if self._bands.state[WIDTHS] else self._log_entries
        if logged > min(limit, self._log_entries) or 2 * len(self) < self._built:
            self._rebuild()
            logged = int(self._bands.state[LOGGED])
        room = len(self._bands.log_keys)
        if logged + entries > room:
            room = max(logged + entries, min(2 * room, self._log_entries))
            log = build.log_of(self._bands.log_codes[:logged], self._bands.log_keys[:logged], room)
            self._bands = self._bands._replace(log_codes=log.log_codes, log_keys=log.log_keys)
        return self._bands

    def add(self, code: int, key: int) -> None:
        """Add an entry. Amortised O(1)."""
        code, key = check_code(code), check_key(key)
        if not insert(self._bands, code, key):
            insert(self.reserve(SMALLEST_LOG), code, key)

    def remove(self, code: int, key: int) -> bool:
        """Remove one entry of this code and key; False if there is none."""
        removed = bool(delete(self._bands, check_code(code), check_key(key)))
        if removed and 2 * len(self) < self._built:
            self._rebuild()
        return removed

    def search(self, code: int, radius_bits: int | None = None) -> Found:
        """All entries within the radius as (key, distance in bits), by distance, then key."""
        radius, code = self._radius(radius_bits), check_code(code)
        found = search.search_packed(self._bands, code, radius, *self._scratch)
        if found == 0:
            return []
        if found > len(self._scratch[0]):
            self._scratch = _scratch(found)
            search.search_packed(self._bands, code, radius, *self._scratch)
        packed = self._scratch[2][:found]
        packed.sort()
        halves = iter(packed.astype("<u8", copy=False).view("<u4").tolist())
        return list(zip(halves, halves, strict=True))

    def search_batch(self, codes: Numbers, radius_bits: int | None = None) -> Neighbours:
        """`search` for every code, uint64 [queries]."""
        return self._answer(as_codes(codes), NO_KEYS, False, self._radius(radius_bits))

    def search_then_add_batch(self, codes: Numbers, keys: Numbers, radius_bits: int | None = None) -> Neighbours:
        """Look up the code of every entry, then add it, in order: entries find equal ones earlier in the batch."""
        entries = as_entries(codes, keys)
        return self._answer(*entries, True, self._radius(radius_bits))

    def add_batch(self, codes: Numbers, keys: Numbers) -> None:
        """Add many entries, codes uint64 [entries] and keys uint32 [entries]; a large batch by a counting sort."""
        new_codes, new_keys = as_entries(codes, keys)
        if len(new_codes) > max(self._log_entries, len(self) // 16):
            self._rebuild(new_codes, new_keys)
            return
        build.insert_all(self.reserve(len(new_codes)), new_codes, new_keys)

    def _radius(self, radius_bits: int | None) -> int:
        return self.radius_bits if radius_bits is None else check_radius(radius_bits)

    def _answer(self, codes: Codes, keys: Keys, adding: bool, radius: int) -> Neighbours:
        pieces = (slice(at, at + PIECE) for at in range(0, len(codes), PIECE))
        answers = [self._answer_piece(codes[piece], keys[piece], adding, radius) for piece in pieces]
        offsets, found_keys, distances = zip(_NOTHING, *answers, strict=True)
        counts = np.concatenate([np.diff(of_piece) for of_piece in offsets])
        return Neighbours(
            np.concatenate(([0], np.cumsum(counts))), np.concatenate(found_keys), np.concatenate(distances)
        )

    def _answer_piece(self, codes: Codes, keys: Keys, adding: bool, radius: int) -> tuple[Offsets, Keys, Distances]:
        if adding:
            self.reserve(len(codes))
        bands, offsets = self._bands, np.zeros(len(codes) + 1, np.int64)
        found_keys, distances = np.empty(4 * PIECE, np.uint32), np.empty(4 * PIECE, np.uint8)
        done = 0
        while done < len(codes):
            done = search.answer(bands, codes, keys, adding, done, radius, offsets, found_keys, distances)
            if done < len(codes):
                found = search.search_into(bands, codes[done], radius, found_keys[:0], distances[:0])
                room = max(2 * len(found_keys), int(offsets[done]) + found)
                found_keys, distances = np.resize(found_keys, room), np.resize(distances, room)
        total = offsets[-1]
        queries = np.repeat(np.arange(len(codes), dtype=np.uint64), np.diff(offsets))
        return offsets, *_sorted(found_keys[:total], distances[:total], queries)

    def _rebuild(self, codes: Codes = NO_CODES, keys: Keys = NO_KEYS) -> None:
        holder = [self._bands]
        self._bands = no_bands(0)
        self._bands = build.rebuilt(holder, codes, keys, self._log_entries, self.radius_bits)
        self._built = len(self)


def _scratch(found: int) -> tuple[Keys, Distances, Codes]:
    """The arrays that `search_packed` writes."""
    return np.empty(found, np.uint32), np.empty(found, np.uint8), np.empty(found, np.uint64)


def _sorted(keys: Keys, distances: Distances, queries: Codes) -> tuple[Keys, Distances]:
    """By query (fewer than 2**24), then distance, then key. Packed into one number an entry, which sorts fastest."""
    packed = keys | distances.astype(np.uint64) << np.uint64(32) | queries << np.uint64(40)
    packed.sort()
    return packed.astype(np.uint32), (packed >> np.uint64(32)).astype(np.uint8)
