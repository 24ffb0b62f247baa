"""Adding and removing one entry; compiled, and callable from compiled functions.

`insert` and `delete` take the arrays that `NearIndex.reserve` returns; only `reserve` allocates memory. Decorate
functions that call them with `jit.compiled`. Looking up is in search.py.
"""

from __future__ import annotations

import numpy as np
from numba import types

from streams.domain.hamming.intrinsics import LANES, bit_count, lowest_bit, near_lanes
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import (
    BANDED,
    BANDS,
    BANDS_TYPE,
    CAPACITY,
    CODES_TYPE,
    HEADS_TYPE,
    KEYS_TYPE,
    LENGTH,
    LOGGED,
    ODD,
    START,
    STATE_TYPE,
    TAIL,
    WIDTH,
    Bands,
    Codes,
    Heads,
    Keys,
    State,
    band_value,
)

__all__ = ["Bands", "delete", "insert"]


@compiled(types.int64(CODES_TYPE, KEYS_TYPE, types.int64, types.int64, types.uint64, types.uint32))
def find(codes: Codes, keys: Keys, start: int, length: int, code: np.uint64, key: np.uint32) -> int:
    """The place of an entry in a run of entries, or -1."""
    for at in range(start, start + length, LANES):
        equal = near_lanes(codes, at, code, 0)
        while equal:
            place = int(at + lowest_bit(equal))
            if place < start + length and keys[place] == key:
                return place
            equal &= equal - 1
    return -1


@compiled(types.int64(types.int64))
def grown(length: int) -> int:
    """The new capacity of a full bucket, which moves."""
    return length + 2 + length // 16


@compiled(types.boolean(KEYS_TYPE, HEADS_TYPE, STATE_TYPE, types.int64, types.uint64))
def has_room(keys: Keys, heads: Heads, state: State, band: int, code: np.uint64) -> bool:
    """Whether the bucket of this code has a free place or can move to the free room."""
    value = band_value(code, band, state[WIDTH])
    length = np.int64(heads[band, value, LENGTH])
    return bool(length < heads[band, value, CAPACITY] or state[TAIL + band] + grown(length) <= len(keys))


@compiled(types.boolean(BANDS_TYPE, types.uint64))
def fits(bands: Bands, code: np.uint64) -> bool:
    """Whether there are bands, and all have room."""
    heads, state = bands.heads, bands.state
    return bool(
        state[WIDTH] > 0
        and has_room(bands.keys[0], heads, state, 0, code)
        and has_room(bands.keys[1], heads, state, 1, code)
        and has_room(bands.keys[2], heads, state, 2, code)
        and has_room(bands.keys[3], heads, state, 3, code)
    )


@compiled(types.void(CODES_TYPE, KEYS_TYPE, HEADS_TYPE, STATE_TYPE, types.int64, types.uint64, types.uint32))
def put(codes: Codes, keys: Keys, heads: Heads, state: State, band: int, code: np.uint64, key: np.uint32) -> None:
    """Append to the bucket; a full bucket first moves to the free room."""
    value = band_value(code, band, state[WIDTH])
    start, length = np.int64(heads[band, value, START]), np.int64(heads[band, value, LENGTH])
    if length == heads[band, value, CAPACITY]:
        moved = state[TAIL + band]
        for at in range(length):
            codes[moved + at] = codes[start + at]
            keys[moved + at] = keys[start + at]
        start = moved
        heads[band, value, START] = moved
        heads[band, value, CAPACITY] = grown(length)
        state[TAIL + band] = moved + grown(length)
    codes[start + length] = code
    keys[start + length] = key
    heads[band, value, LENGTH] = length + 1


@compiled(types.boolean(BANDS_TYPE, types.uint64, types.uint32))
def insert(bands: Bands, code: np.uint64, key: np.uint32) -> bool:
    """Add an entry, in O(1) on average. False, and nothing is added, if `NearIndex.reserve` made no room."""
    state = bands.state
    if fits(bands, code):  # written out four times, since a variable index into a tuple of arrays costs 100 ns
        put(bands.codes[0], bands.keys[0], bands.heads, state, 0, code, key)
        put(bands.codes[1], bands.keys[1], bands.heads, state, 1, code, key)
        put(bands.codes[2], bands.keys[2], bands.heads, state, 2, code, key)
        put(bands.codes[3], bands.keys[3], bands.heads, state, 3, code, key)
        state[BANDED] += 1
        state[ODD] += bit_count(code) & 1
        return True
    at = state[LOGGED]
    if at == len(bands.log_keys):
        return False
    state[ODD] += bit_count(code) & 1
    bands.log_codes[at] = code
    bands.log_keys[at] = key
    state[LOGGED] = at + 1
    return True


@compiled(types.boolean(BANDS_TYPE, types.uint64, types.uint32))
def delete(bands: Bands, code: np.uint64, key: np.uint32) -> bool:
    """Remove one such entry, if there is any. Scans the log, and one bucket in every band."""
    logged = bands.state[LOGGED]
    at = find(bands.log_codes, bands.log_keys, 0, logged, code, key)
    if at >= 0:
        bands.log_codes[at] = bands.log_codes[logged - 1]
        bands.log_keys[at] = bands.log_keys[logged - 1]
        bands.state[LOGGED] = logged - 1
        bands.state[ODD] -= bit_count(code) & 1
        return True
    width = bands.state[WIDTH]
    if width == 0:
        return False
    for band in range(BANDS):
        codes, keys = bands.codes[band], bands.keys[band]
        head = bands.heads[band, band_value(code, band, width)]
        start, length = np.int64(head[START]), np.int64(head[LENGTH])
        at = find(codes, keys, start, length, code, key)
        if at < 0:
            return False
        codes[at] = codes[start + length - 1]
        keys[at] = keys[start + length - 1]
        head[LENGTH] = length - 1
    bands.state[BANDED] -= 1
    bands.state[ODD] -= bit_count(code) & 1
    return True
