"""The obvious index: it compares all entries. Tests use it as the oracle of `NearIndex`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streams.domain.hamming.arguments import Numbers, as_codes, as_entries, check_code, check_key, check_radius
from streams.domain.hamming.index import Found, Neighbours


class BruteForceIndex:
    """The obvious version of `NearIndex`: every look-up compares every entry. Tests use it as the oracle.

    O(entries) a look-up, an add and a removal; 12 bytes an entry.
    """

    def __init__(self, radius_bits: int = 10) -> None:
        """`radius_bits`, 0 to 64, is the default radius of look-ups."""
        self.radius_bits = check_radius(radius_bits)
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
        self.add_batch([check_code(code)], [check_key(key)])

    def add_batch(self, codes: Numbers, keys: Numbers) -> None:
        """As `NearIndex.add_batch`."""
        new_codes, new_keys = as_entries(codes, keys)
        self._codes = np.concatenate([self._codes, new_codes])
        self._keys = np.concatenate([self._keys, new_keys])

    def remove(self, code: int, key: int) -> bool:
        """As `NearIndex.remove`."""
        equal = np.flatnonzero((self._codes == np.uint64(check_code(code))) & (self._keys == np.uint32(check_key(key))))
        self._codes, self._keys = np.delete(self._codes, equal[:1]), np.delete(self._keys, equal[:1])
        return len(equal) > 0

    def search(self, code: int, radius_bits: int | None = None) -> Found:
        """As `NearIndex.search`."""
        radius = self.radius_bits if radius_bits is None else check_radius(radius_bits)
        distances = np.bitwise_count(self._codes ^ np.uint64(check_code(code)))
        near = np.flatnonzero(distances <= radius)
        return sorted(
            zip(self._keys[near].tolist(), distances[near].tolist(), strict=True), key=lambda found: found[::-1]
        )

    def search_batch(self, codes: Numbers, radius_bits: int | None = None) -> Neighbours:
        """As `NearIndex.search_batch`."""
        return _neighbours([self.search(code, radius_bits) for code in as_codes(codes).tolist()])

    def search_then_add_batch(self, codes: Numbers, keys: Numbers, radius_bits: int | None = None) -> Neighbours:
        """As `NearIndex.search_then_add_batch`."""
        found = []
        for code, key in zip(*(array.tolist() for array in as_entries(codes, keys)), strict=True):
            found.append(self.search(code, radius_bits))
            self.add(code, key)
        return _neighbours(found)


def _neighbours(found: Sequence[Found]) -> Neighbours:
    flat = np.array([pair for pairs in found for pair in pairs], np.uint32).reshape(-1, 2)
    offsets = np.cumsum([0, *map(len, found)], dtype=np.int64)
    return Neighbours(offsets, flat[:, 0].copy(), flat[:, 1].astype(np.uint8))
