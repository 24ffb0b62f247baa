"""Adding and removing one entry; compiled, and callable from compiled functions.

`insert` and `delete` take the arrays that `NearIndex.reserve` returns; only `reserve` allocates memory. Decorate
functions that call them with `jit.compiled`. Looking up is in search.py.
"""

from __future__ import annotations

import numpy as np
from numba import types

from streams.domain.hamming.intrinsics import HALF_LANES, LANES, bit_count, lowest_bit, near_halves, near_lanes
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import (
    BANDED,
    BANDS,
    BANDS_TYPE,
    CODES_TYPE,
    HALF_BITS,
    KEY,
    KEYS_TYPE,
    LENGTH,
    LOGGED,
    ODD,
    OTHER_HALF,
    PAIRS_TYPE,
    START,
    STATE_TYPE,
    TAILS,
    WIDTHS,
    WORDS_TYPE,
    Bands,
    Codes,
    Keys,
    State,
    Words,
    band_end,
    bucket_of,
    rotated,
)

__all__ = ["Bands", "delete", "insert"]


@compiled(types.int64(CODES_TYPE, KEYS_TYPE, types.int64, types.uint64, types.uint32))
def find_logged(codes: Codes, keys: Keys, logged: int, code: np.uint64, key: np.uint32) -> int:
    """The place of an entry in the log, or -1."""
    for at in range(0, logged, LANES):
        equal = near_lanes(codes, at, code, 0)
        while equal:
            place = int(at + lowest_bit(equal))
            if place < logged and keys[place] == key:
                return place
            equal &= equal - 1
    return -1


@compiled(types.int64(WORDS_TYPE, PAIRS_TYPE, types.int64, types.int64, types.uint64, types.uint32))
def find(halves: Words, others: Words, start: int, length: int, turned: np.uint64, key: np.uint32) -> int:
    """The place of an entry in a bucket, or -1. The code is `rotated` by the end of the band."""
    half, other = np.uint32(turned), np.uint32(turned >> np.uint64(HALF_BITS))
    for at in range(start, start + length, HALF_LANES):
        equal = near_halves(halves, at, half, 0)
        while equal:
            place = int(at + lowest_bit(equal))
            if place < start + length and others[place, OTHER_HALF] == other and others[place, KEY] == key:
                return place
            equal &= equal - 1
    return -1


@compiled(types.int64(types.int64))
def grown(length: int) -> int:
    """The new capacity of a full bucket, which moves."""
    return length + 2 + length // 16


@compiled(types.boolean(PAIRS_TYPE, PAIRS_TYPE, WORDS_TYPE, STATE_TYPE, types.int64, types.uint64))
def has_room(others: Words, heads: Words, capacities: Words, state: State, band: int, code: np.uint64) -> bool:
    """Whether the bucket of this code has a free place or can move to the free room."""
    value = bucket_of(state, band, code)
    length = np.int64(heads[value, LENGTH])
    return bool(length < capacities[value] or state[TAILS + band] + grown(length) <= len(others))


@compiled(types.boolean(BANDS_TYPE, types.uint64))
def fits(bands: Bands, code: np.uint64) -> bool:
    """Whether there are bands, and all have room."""
    state = bands.state
    return bool(
        state[WIDTHS] > 0
        and has_room(bands.others[0], bands.heads[0], bands.capacities[0], state, 0, code)
        and has_room(bands.others[1], bands.heads[1], bands.capacities[1], state, 1, code)
        and has_room(bands.others[2], bands.heads[2], bands.capacities[2], state, 2, code)
        and has_room(bands.others[3], bands.heads[3], bands.capacities[3], state, 3, code)
    )


@compiled(
    types.void(
        WORDS_TYPE, PAIRS_TYPE, PAIRS_TYPE, WORDS_TYPE, STATE_TYPE, types.int64, types.uint64, types.uint32
    )
)  # fmt: skip
def put(
    halves: Words, others: Words, heads: Words, capacities: Words, state: State, band: int, code: np.uint64,
    key: np.uint32,
) -> None:  # fmt: skip
    """Append to the bucket; a full bucket first moves to the free room."""
    value, turned = bucket_of(state, band, code), rotated(code, band_end(state, band))
    start, length = np.int64(heads[value, START]), np.int64(heads[value, LENGTH])
    if length == capacities[value]:
        moved = state[TAILS + band]
        for at in range(length):
            halves[moved + at] = halves[start + at]
            others[moved + at, OTHER_HALF] = others[start + at, OTHER_HALF]
            others[moved + at, KEY] = others[start + at, KEY]
        start = moved
        heads[value, START] = moved
        capacities[value] = grown(length)
        state[TAILS + band] = moved + grown(length)
    halves[start + length] = np.uint32(turned)
    others[start + length, OTHER_HALF] = np.uint32(turned >> np.uint64(HALF_BITS))
    others[start + length, KEY] = key
    heads[value, LENGTH] = length + 1


@compiled(types.boolean(BANDS_TYPE, types.uint64, types.uint32))
def insert(bands: Bands, code: np.uint64, key: np.uint32) -> bool:
    """Add an entry, in O(1) on average. False, and nothing is added, if `NearIndex.reserve` made no room."""
    state = bands.state
    if fits(bands, code):  # written out four times, since a variable index into a tuple of arrays costs 100 ns
        put(bands.halves[0], bands.others[0], bands.heads[0], bands.capacities[0], state, 0, code, key)
        put(bands.halves[1], bands.others[1], bands.heads[1], bands.capacities[1], state, 1, code, key)
        put(bands.halves[2], bands.others[2], bands.heads[2], bands.capacities[2], state, 2, code, key)
        put(bands.halves[3], bands.others[3], bands.heads[3], bands.capacities[3], state, 3, code, key)
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
    state = bands.state
    logged = state[LOGGED]
    at = find_logged(bands.log_codes, bands.log_keys, logged, code, key)
    if at >= 0:
        bands.log_codes[at] = bands.log_codes[logged - 1]
        bands.log_keys[at] = bands.log_keys[logged - 1]
        state[LOGGED] = logged - 1
        state[ODD] -= bit_count(code) & 1
        return True
    if state[WIDTHS] == 0:
        return False
    for band in range(BANDS):
        halves, others, heads = bands.halves[band], bands.others[band], bands.heads[band]
        value, turned = bucket_of(state, band, code), rotated(code, band_end(state, band))
        start, length = np.int64(heads[value, START]), np.int64(heads[value, LENGTH])
        at = find(halves, others, start, length, turned, key)
        if at < 0:
            return False
        last = start + length - 1
        halves[at] = halves[last]
        others[at, OTHER_HALF] = others[last, OTHER_HALF]
        others[at, KEY] = others[last, KEY]
        heads[value, LENGTH] = length - 1
    state[BANDED] -= 1
    state[ODD] -= bit_count(code) & 1
    return True
