"""The arrays of an index, and their types. search.py, insert.py and build.py work on them.

A code of 64 bits is split into four bands. A band is a table with a bucket for every value of these bits. A bucket
holds the codes whose band has that value, and their keys. A look-up reads the 32 bits after the band of all codes in a
bucket, which is enough to refuse nearly all; so these halves lie together, apart from the other halves and the keys.

The log is a plain list that every look-up scans. A small index has only a log. A large one puts entries there that find
no room in their buckets, until `NearIndex.reserve` sorts them in.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numba import typeof, types
from numpy.typing import NDArray

from streams.domain.hamming.intrinsics import HALF_LANES, LANES
from streams.domain.hamming.jit import compiled

Codes: TypeAlias = NDArray[np.uint64]
Keys: TypeAlias = NDArray[np.uint32]
Distances: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint32]
State: TypeAlias = NDArray[np.int64]

BANDS = 4
CODE_BITS, HALF_BITS = 64, 32
#: Places of `Bands.state`: from WIDTHS on, the bits of each band (0: no bands, all entries are in the log); from
#: OFFSETS on, the lowest bit of each band; the entries in the log and in the bands, and how many of all have an odd
#: number of bits set; from TAILS on, where each band's free room begins.
WIDTHS, OFFSETS, LOGGED, BANDED, ODD, TAILS = 0, BANDS, 2 * BANDS, 2 * BANDS + 1, 2 * BANDS + 2, 2 * BANDS + 3
STATE_LENGTH = TAILS + BANDS
#: Columns of the heads of buckets, and how many there are.
START, LENGTH, HEAD = 0, 1, 2
#: Columns of the other halves.
OTHER_HALF, KEY = 0, 1
PENDING = 64


class Shape(NamedTuple):
    """Where the bands of an index lie: the lowest bit of each band, and its bits."""

    offsets: tuple[int, int, int, int] = (0, 0, 0, 0)
    widths: tuple[int, int, int, int] = (0, 0, 0, 0)


NO_SHAPE = Shape()


class Bands(NamedTuple):
    """The arrays of one index, as compiled functions take them; shapes in brackets. Tuples have one array for a band.

    Fields:
        halves: bucket by bucket, the 32 bits of every code that follow the band, uint32 [room + HALF_LANES].
        others: the other 32 bits, of which the band is the highest, and the key, uint32 [room, 2].
        heads: start and length of the buckets, in entries, uint32 [2**width, HEAD].
        capacities: of the buckets, in entries, uint32 [2**width].
        masks: all values of a band, sorted by the number of bits set, uint32 [2**width]; shared between indexes.
        log_codes, log_keys: the entries in the log.
        pending: places that a look-up has still to read, uint32 [PENDING]; overwritten.
        state: see WIDTHS, OFFSETS, LOGGED, BANDED, ODD and TAILS.
    """

    halves: tuple[Words, ...]
    others: tuple[Words, ...]
    heads: tuple[Words, ...]
    capacities: tuple[Words, ...]
    masks: tuple[Words, ...]
    log_codes: Codes
    log_keys: Keys
    pending: Words
    state: State


@cache
def _masks(width: int) -> Words:
    """All values of `width` bits, sorted by the number of bits set."""
    values = np.arange(1 << width, dtype=np.uint32)
    return values[np.argsort(np.bitwise_count(values), kind="stable")]


def no_bands(log_room: int, shape: Shape = NO_SHAPE) -> Bands:
    """An empty index with room for `log_room` entries in the log and none in buckets."""
    state = np.zeros(STATE_LENGTH, np.int64)
    state[WIDTHS : WIDTHS + BANDS], state[OFFSETS : OFFSETS + BANDS] = shape.widths, shape.offsets
    return Bands(
        halves=tuple(np.zeros(HALF_LANES, np.uint32) for _ in shape.widths),
        others=tuple(np.zeros((0, 2), np.uint32) for _ in shape.widths),
        heads=tuple(np.zeros((1 << width, HEAD), np.uint32) for width in shape.widths),
        capacities=tuple(np.zeros(1 << width, np.uint32) for width in shape.widths),
        masks=tuple(map(_masks, shape.widths)),
        log_codes=np.zeros(log_room + LANES, np.uint64),
        log_keys=np.zeros(log_room, np.uint32),
        pending=np.zeros(PENDING, np.uint32),
        state=state,
    )


#: For numba's signatures.
BANDS_TYPE = typeof(no_bands(0))  # type: ignore[no-untyped-call]
CODES_TYPE, KEYS_TYPE, DISTANCES_TYPE = types.uint64[::1], types.uint32[::1], types.uint8[::1]
WORDS_TYPE, PAIRS_TYPE, STATE_TYPE = types.uint32[::1], types.uint32[:, ::1], types.int64[::1]


@compiled(types.int64(STATE_TYPE, types.int64, types.uint64))
def bucket_of(state: State, band: int, code: np.uint64) -> int:
    """The value of a band of the code."""
    value = code >> np.uint64(state[OFFSETS + band])
    return int(value & ((np.uint64(1) << np.uint64(state[WIDTHS + band])) - np.uint64(1)))


@compiled(types.uint64(types.uint64, types.int64))
def rotated(code: np.uint64, bits: int) -> np.uint64:
    """The code turned right by 0 to 64 bits."""
    right, left = np.uint64(bits & 63), np.uint64(-bits & 63)
    return np.uint64(code >> right | code << left)


@compiled(types.int64(STATE_TYPE, types.int64))
def band_end(state: State, band: int) -> int:
    """The bit above a band. A code that is `rotated` by it has the half that look-ups read lowest."""
    return int(state[OFFSETS + band] + state[WIDTHS + band])
