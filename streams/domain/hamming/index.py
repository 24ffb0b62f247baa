"""Which codes are within so many bits of this one: an exact index over 64-bit codes, and its brute-force twin.

Both hold entries, a code and a key each. Keys are the caller's numbers, 0 to 2**32 - 1; a code may stand under many
keys and a key under many codes. The same pair added twice is two entries: found twice, removed one by one.
What runs compiled, and how the search works, stands in search.py and insert.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming import build as building
from streams.domain.hamming import search as probing
from streams.domain.hamming.build import SMALLEST_LOG
from streams.domain.hamming.insert import delete, insert
from streams.domain.hamming.layout import BANDED, LOGGED, WIDTH, Bands, Codes, Distances, Keys, no_bands

CODE_BITS = 64
LARGEST_CODE, LARGEST_KEY = 2**64 - 1, 2**32 - 1
#: An index of at most so many entries is a plain list: scanning it takes no longer than probing bands.
LOG_ENTRIES = 16_384
#: A large batch is answered in pieces, between which room is made.
PIECE = 4096
NO_CODES, NO_KEYS = np.zeros(0, np.uint64), np.zeros(0, np.uint32)

Numbers: TypeAlias = NDArray[Any] | Iterable[int]
Found: TypeAlias = list[tuple[int, int]]
Offsets: TypeAlias = NDArray[np.int64]
_Unsigned = TypeVar("_Unsigned", np.uint64, np.uint32)
#: What no look-up found.
_NOTHING = np.zeros(1, np.int64), NO_KEYS, np.zeros(0, np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """What a batch of look-ups found; by query, and for each query by distance, then key.

    Attributes:
        offsets: where each query's part begins, int64 [queries + 1]; query i has `offsets[i]` to `offsets[i + 1]`.
        keys: uint32 [found].
        distances: in bits, uint8 [found].
    """

    offsets: Offsets
    keys: Keys
    distances: Distances

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, query: int) -> Found:
        """What `search` would have returned for this query."""
        part = slice(*self.offsets[range(len(self))[query] :][:2])
        return list(zip(self.keys[part].tolist(), self.distances[part].tolist(), strict=True))


class NearIndex:
    """All entries within a Hamming radius of a code, exactly, while entries are added and removed at any time.

    For n entries:

    - A look-up at radius 10 probes 428 buckets and compares 0.65 % of n, at radius 7 68 buckets and 0.1 %, at 16 7 %,
      from 24 on all: of codes that chance spreads, and about half as many again of perceptual hashes, whose bits
      depend on each other. To that comes some 10 ns for each entry found. Where all codes have an even number of bits
      set, as pHashes have, radius 7 costs what 6 does: 52 buckets.
    - Adding is O(1) on average, under 2 µs; each time that n has grown by a tenth or a fifth, all buckets are copied
      once, at some 20 ns an entry. Removing scans four buckets.
    - Memory is at most 64 bytes an entry as n grows, up to 16,384 entries 12 to 24, and for a moment a quarter more as
      buckets are copied. When more than half has been removed, the rest is built anew.

    One thread at a time may use an index; compiled calls let other threads run.
    """

    def __init__(self, radius_bits: int = 10, *, log_entries: int = LOG_ENTRIES) -> None:
        """An empty index.

        Args:
            radius_bits: the radius of look-ups that name none, 0 to 64.
            log_entries: up to how many entries the index is a plain list, and so a good deal smaller.
        """
        self.radius_bits = _radius(radius_bits)
        self._log_entries = log_entries
        self._bands = no_bands(SMALLEST_LOG)
        self._built = 0
        self._scratch = _scratch(1024)

    def __len__(self) -> int:
        return int(self._bands.state[LOGGED] + self._bands.state[BANDED])

    @property
    def bands(self) -> Bands:
        """The arrays for compiled functions (`search_into`, `insert`, `delete`); good until the next `reserve`."""
        return self._bands

    @property
    def memory_bytes(self) -> int:
        """All arrays of the index, room for growth included."""
        bands = self._bands
        arrays: list[NDArray[np.generic]] = [*bands.codes, *bands.keys, bands.heads, bands.log_codes, bands.log_keys]
        return sum(each.nbytes for each in arrays)

    def reserve(self, entries: int) -> Bands:
        """Make room for so many `insert`s from compiled code and return the arrays to pass to it.

        Meant for a batch at a time: what is added between two calls beyond what the buckets have room for (a tenth of
        the index or so) goes to the log, which every look-up scans.
        """
        logged = int(self._bands.state[LOGGED])
        limit = building.log_limit(len(self)) if self._bands.state[WIDTH] else self._log_entries
        if logged > min(limit, self._log_entries) or 2 * len(self) < self._built:
            self._rebuild()
            logged = int(self._bands.state[LOGGED])
        room = len(self._bands.log_keys)
        if logged + entries > room:
            room = max(logged + entries, min(2 * room, self._log_entries))
            log = building.log_of(self._bands.log_codes[:logged], self._bands.log_keys[:logged], room)
            self._bands = self._bands._replace(log_codes=log.log_codes, log_keys=log.log_keys)
        return self._bands

    def add(self, code: int, key: int) -> None:
        """Add an entry. Amortised O(1)."""
        code, key = _code(code), _key(key)
        if not insert(self._bands, code, key):
            insert(self.reserve(SMALLEST_LOG), code, key)

    def remove(self, code: int, key: int) -> bool:
        """Take one entry of this code and key out; False if there is none."""
        removed = bool(delete(self._bands, _code(code), _key(key)))
        if removed and 2 * len(self) < self._built:
            self._rebuild()
        return removed

    def search(self, code: int, radius_bits: int | None = None) -> Found:
        """All entries within the radius as (key, distance in bits), by distance, then key."""
        radius, code = self._radius(radius_bits), _code(code)
        found = probing.search_packed(self._bands, code, radius, *self._scratch)
        if found == 0:
            return []
        if found > len(self._scratch[0]):
            self._scratch = _scratch(found)
            probing.search_packed(self._bands, code, radius, *self._scratch)
        packed = self._scratch[2][:found]
        packed.sort()
        halves = iter(packed.astype("<u8", copy=False).view("<u4").tolist())
        return list(zip(halves, halves, strict=True))

    def search_batch(self, codes: Numbers, radius_bits: int | None = None) -> Neighbours:
        """`search` for each of the codes, uint64 [queries]."""
        return self._answer(_codes(codes), NO_KEYS, False, self._radius(radius_bits))

    def search_then_add_batch(self, codes: Numbers, keys: Numbers, radius_bits: int | None = None) -> Neighbours:
        """For each entry in order: look its code up, then add it. Equal entries of one batch find those before them."""
        entries = _entries(codes, keys)
        return self._answer(*entries, True, self._radius(radius_bits))

    def add_batch(self, codes: Numbers, keys: Numbers) -> None:
        """Add many entries, codes uint64 [entries] and keys uint32 [entries]; a large batch by a counting sort."""
        new_codes, new_keys = _entries(codes, keys)
        if len(new_codes) > max(self._log_entries, len(self) // 16):
            self._rebuild(new_codes, new_keys)
            return
        building.insert_all(self.reserve(len(new_codes)), new_codes, new_keys)

    def _radius(self, radius_bits: int | None) -> int:
        return self.radius_bits if radius_bits is None else _radius(radius_bits)

    def _answer(self, codes: Codes, keys: Keys, adding: bool, radius: int) -> Neighbours:
        pieces = (slice(at, at + PIECE) for at in range(0, len(codes), PIECE))
        answers = [self._answer_piece(codes[piece], keys[piece], adding, radius) for piece in pieces]
        offsets, found_keys, distances = zip(_NOTHING, *answers, strict=True)
        counts = np.concatenate([np.diff(each) for each in offsets])
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
            done = probing.answer(bands, codes, keys, adding, done, radius, offsets, found_keys, distances)
            if done < len(codes):
                wanted = probing.search_into(bands, codes[done], radius, found_keys[:0], distances[:0])
                room = max(2 * len(found_keys), int(offsets[done]) + wanted)
                found_keys, distances = np.resize(found_keys, room), np.resize(distances, room)
        found = offsets[-1]
        queries = np.repeat(np.arange(len(codes), dtype=np.uint64), np.diff(offsets))
        return offsets, *_sorted(found_keys[:found], distances[:found], queries)

    def _rebuild(self, codes: Codes = NO_CODES, keys: Keys = NO_KEYS) -> None:
        holder = [self._bands]
        self._bands = no_bands(0)
        self._bands = building.rebuilt(holder, codes, keys, self._log_entries)
        self._built = len(self)


class BruteForceIndex:
    """`NearIndex` as anyone would write it: every look-up compares every entry. The oracle of its tests.

    O(entries) a look-up, an add and a removal; 12 bytes an entry.
    """

    def __init__(self, radius_bits: int = 10) -> None:
        """`radius_bits`, 0 to 64, is the radius of look-ups that name none."""
        self.radius_bits = _radius(radius_bits)
        self._codes = np.zeros(0, np.uint64)
        self._keys = np.zeros(0, np.uint32)

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def memory_bytes(self) -> int:
        """Both arrays."""
        return self._codes.nbytes + self._keys.nbytes

    def add(self, code: int, key: int) -> None:
        """As `NearIndex.add`."""
        self.add_batch([_code(code)], [_key(key)])

    def add_batch(self, codes: Numbers, keys: Numbers) -> None:
        """As `NearIndex.add_batch`."""
        new_codes, new_keys = _entries(codes, keys)
        self._codes = np.concatenate([self._codes, new_codes])
        self._keys = np.concatenate([self._keys, new_keys])

    def remove(self, code: int, key: int) -> bool:
        """As `NearIndex.remove`."""
        equal = np.flatnonzero((self._codes == np.uint64(_code(code))) & (self._keys == np.uint32(_key(key))))
        self._codes, self._keys = np.delete(self._codes, equal[:1]), np.delete(self._keys, equal[:1])
        return len(equal) > 0

    def search(self, code: int, radius_bits: int | None = None) -> Found:
        """As `NearIndex.search`."""
        radius = self.radius_bits if radius_bits is None else _radius(radius_bits)
        distances = np.bitwise_count(self._codes ^ np.uint64(_code(code)))
        near = np.flatnonzero(distances <= radius)
        return sorted(
            zip(self._keys[near].tolist(), distances[near].tolist(), strict=True), key=lambda found: found[::-1]
        )

    def search_batch(self, codes: Numbers, radius_bits: int | None = None) -> Neighbours:
        """As `NearIndex.search_batch`."""
        return _neighbours([self.search(code, radius_bits) for code in _codes(codes).tolist()])

    def search_then_add_batch(self, codes: Numbers, keys: Numbers, radius_bits: int | None = None) -> Neighbours:
        """As `NearIndex.search_then_add_batch`."""
        found = []
        for code, key in zip(*(array.tolist() for array in _entries(codes, keys)), strict=True):
            found.append(self.search(code, radius_bits))
            self.add(code, key)
        return _neighbours(found)


def _neighbours(found: Sequence[Found]) -> Neighbours:
    flat = np.array([pair for each in found for pair in each], np.uint32).reshape(-1, 2)
    offsets = np.cumsum([0, *(len(each) for each in found)], dtype=np.int64)
    return Neighbours(offsets, flat[:, 0].copy(), flat[:, 1].astype(np.uint8))


def _scratch(found: int) -> tuple[Keys, Distances, Codes]:
    """What `search_packed` writes to."""
    return np.empty(found, np.uint32), np.empty(found, np.uint8), np.empty(found, np.uint64)


def _sorted(keys: Keys, distances: Distances, queries: Codes) -> tuple[Keys, Distances]:
    """By query (of fewer than 2**24), then distance, then key; as one number each, which sorts fastest."""
    packed = keys | distances.astype(np.uint64) << np.uint64(32) | queries << np.uint64(40)
    packed.sort()
    return packed.astype(np.uint32), (packed >> np.uint64(32)).astype(np.uint8)


def _radius(bits: int) -> int:
    if not 0 <= bits <= CODE_BITS:
        raise ValueError(f"a radius is 0 to {CODE_BITS} bits, not {bits}")
    return bits


def _code(code: int) -> int:
    if not 0 <= code <= LARGEST_CODE:
        raise ValueError(f"a code is 0 to 2**64 - 1, not {code}")
    return code


def _key(key: int) -> int:
    if not 0 <= key <= LARGEST_KEY:
        raise ValueError(f"a key is 0 to 2**32 - 1, not {key}")
    return key


def _codes(codes: Numbers) -> Codes:
    return _integers(codes, np.uint64, "codes")


def _entries(codes: Numbers, keys: Numbers) -> tuple[Codes, Keys]:
    both = _codes(codes), _integers(keys, np.uint32, "keys")
    if len(both[0]) != len(both[1]):
        raise ValueError(f"{len(both[0])} codes, but {len(both[1])} keys")
    return both


def _integers(values: Numbers, wanted: type[_Unsigned], name: str) -> NDArray[_Unsigned]:
    """A flat array of this type; what it cannot hold is refused, as numpy would not."""
    refusal = ValueError(f"{name} must be whole numbers from 0 to {np.iinfo(wanted).max}")
    if not isinstance(values, np.ndarray):
        try:
            return np.array([index(value) for value in values], wanted)
        except (TypeError, OverflowError):
            raise refusal from None
    array = np.ascontiguousarray(values).reshape(-1)
    if array.dtype == wanted or not len(array):
        return array.astype(wanted, copy=False)
    if array.dtype.kind not in "iu" or array.min() < 0 or array.max() > np.iinfo(wanted).max:
        raise refusal
    return array.astype(wanted)
