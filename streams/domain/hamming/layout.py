"""The arrays of an index, and their types. search.py, insert.py and build.py work on them.

A code of 64 bits is split into four bands of up to 16 bits. A band is a table with a bucket for every value of these
bits. A bucket holds the whole codes whose band has that value (and, in a second array, their keys), so a look-up reads
runs of codes.

The log is a plain list that every look-up scans. A small index has only a log. A large one puts entries there that find
no room in their buckets, until `NearIndex.reserve` sorts them in.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numba import typeof, types
from numpy.typing import NDArray

from streams.domain.hamming.intrinsics import LANES
from streams.domain.hamming.jit import compiled

Codes: TypeAlias = NDArray[np.uint64]
Keys: TypeAlias = NDArray[np.uint32]
Distances: TypeAlias = NDArray[np.uint8]
Heads: TypeAlias = NDArray[np.uint32]
State: TypeAlias = NDArray[np.int64]
Masks: TypeAlias = NDArray[np.uint16]

BANDS = 4
BAND_BITS = 16
#: Places of `Bands.state`: the bits of a band's value (0: no bands, all entries are in the log), the entries in the log
#: and in the bands, how many of all have an odd number of bits set; from TAIL on, where a band's free room begins.
WIDTH, LOGGED, BANDED, ODD, TAIL = 0, 1, 2, 3, 4
STATE_LENGTH = TAIL + BANDS
#: Places of a bucket's head, and how many there are: one is not used, so that no head lies in two cache lines.
START, LENGTH, CAPACITY, HEAD = 0, 1, 2, 4


class Bands(NamedTuple):
    """The arrays of one index, as compiled functions take them; shapes in brackets.

    Fields:
        codes: by band, the codes of its entries, bucket by bucket, uint64 [room + LANES].
        keys: by band, their keys, uint32 [room].
        heads: start, length and capacity of the buckets, in entries, uint32 [BANDS, 2**width, HEAD].
        log_codes, log_keys: the entries in the log.
        masks: all values of a band, sorted by the number of bits set, uint16 [2**width]; shared between indexes.
        state: see WIDTH, LOGGED, BANDED, ODD and TAIL.
    """

    codes: tuple[Codes, ...]
    keys: tuple[Keys, ...]
    heads: Heads
    log_codes: Codes
    log_keys: Keys
    masks: Masks
    state: State


@cache
def _masks(width: int) -> Masks:
    """All values of `width` bits, sorted by the number of bits set."""
    values = np.arange(1 << width, dtype=np.uint16)
    return values[np.argsort(np.bitwise_count(values), kind="stable")]


def no_bands(log_room: int, width: int = 0) -> Bands:
    """An empty index with room for `log_room` entries in the log and none in buckets."""
    bands = range(BANDS)
    state = np.zeros(STATE_LENGTH, np.int64)
    state[WIDTH] = width
    return Bands(
        codes=tuple(np.zeros(LANES, np.uint64) for _ in bands),
        keys=tuple(np.zeros(0, np.uint32) for _ in bands),
        heads=np.zeros((BANDS, 1 << width, HEAD), np.uint32),
        log_codes=np.zeros(log_room + LANES, np.uint64),
        log_keys=np.zeros(log_room, np.uint32),
        masks=_masks(width),
        state=state,
    )


#: For numba's signatures.
BANDS_TYPE = typeof(no_bands(0))  # type: ignore[no-untyped-call]
CODES_TYPE, KEYS_TYPE, DISTANCES_TYPE = types.uint64[::1], types.uint32[::1], types.uint8[::1]
HEADS_TYPE, STATE_TYPE = types.uint32[:, :, ::1], types.int64[::1]
MASKS_TYPE = types.uint16[::1]


@compiled(types.int64(types.uint64, types.int64, types.int64))
def band_value(code: np.uint64, band: int, width: int) -> int:
    return int((code >> np.uint64(band * BAND_BITS)) & np.uint64((1 << width) - 1))
