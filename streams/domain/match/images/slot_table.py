"""The hash table from a content's digest to its slot: open addressing by the digest's first word, -1 where empty."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled
from streams.domain.match.images.arrays import ContentArrays

MIN_TABLE_SIZE = 64


def new_slot_table(contents: int) -> NDArray[np.int32]:
    """An empty table that `contents` contents fill to a quarter at most."""
    return np.full(max(MIN_TABLE_SIZE, 1 << (4 * contents).bit_length()), -1, np.int32)


@compiled()
def find_slots(table: Any, contents: ContentArrays, digests: Any, out: Any) -> None:
    """Write the slot of each digest (n × 4) to `out`, or -1."""
    mask = np.uint64(len(table) - 1)
    for index in range(len(digests)):
        place = digests[index, 0] & mask
        out[index] = -1
        while table[place] >= 0:
            slot = table[place]
            if _equal(contents.digest[slot], digests[index]):
                out[index] = slot
                break
            place = (place + np.uint64(1)) & mask


@compiled()
def enter_slots(table: Any, contents: ContentArrays, first: int, end: int) -> None:
    """Enter the slots from `first` up to `end`. A slot takes the place of an older slot of equal digest."""
    mask = np.uint64(len(table) - 1)
    for slot in range(first, end):
        place = contents.digest[slot, 0] & mask
        while table[place] >= 0 and not _equal(contents.digest[table[place]], contents.digest[slot]):
            place = (place + np.uint64(1)) & mask
        table[place] = slot


@compiled()
def _equal(one: Any, other: Any) -> bool:
    return bool(one[0] == other[0] and one[1] == other[1] and one[2] == other[2] and one[3] == other[3])
