"""Looking up a code; compiled, and callable from compiled functions.

Why a look-up finds all: let the bands of two codes be allowed r0, r1, r2 and r3 differing bits, with
(r0 + 1) + … + (r3 + 1) = r + 1. If the codes differ in at most r bits, at least one band differs in no more than it is
allowed. So probing, in every band, the buckets within that band's radius finds every neighbour (multi-index hashing:
Norouzi, Punjani, Fleet, CVPR 2012). At r = 10, the radii are 2, 2, 2 and 1: 428 of 4 × 65,536 buckets.

How the buckets of a band are read is in probe.py.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from streams.domain.hamming.insert import insert
from streams.domain.hamming.intrinsics import HALF_LANES, LANES, bit_count, lowest_bit, near_lanes
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import (
    BANDED,
    BANDS_TYPE,
    CODES_TYPE,
    DISTANCES_TYPE,
    KEYS_TYPE,
    LOGGED,
    ODD,
    WIDTHS,
    Bands,
    Codes,
    Distances,
    Keys,
    bucket_of,
)
from streams.domain.hamming.probe import (
    BUCKETS_AHEAD,
    LINES_AHEAD,
    band_radius,
    prefetch_buckets,
    prefetch_heads,
    probe_band,
    probes,
)

__all__ = ["Bands", "search_into"]


@compiled(types.int64(BANDS_TYPE, types.uint64, types.int64))
def closer_radius(bands: Bands, code: np.uint64, radius: int) -> int:
    """The radius, or one bit less if no entry can be that far away.

    pHashes of 64 bits have 32 bits set, those above the median. If all entries have an even number of bits set, the
    distances from a code to all of them are even, or all odd.
    """
    if bands.state[ODD] == 0 and (radius - bit_count(code)) % 2 != 0:
        return radius - 1
    return radius


@compiled(types.int64(CODES_TYPE, KEYS_TYPE, types.int64, types.uint64, types.int64, KEYS_TYPE, DISTANCES_TYPE))
def scan_log(
    codes: Codes, keys: Keys, logged: int, code: np.uint64, radius: int, keys_out: Keys, distances_out: Distances
) -> int:
    """Write the entries of the log that are within the radius, and return how many there are."""
    found = 0
    for at in range(0, logged, LANES):
        near = near_lanes(codes, at, code, radius)
        while near:
            place = at + lowest_bit(near)
            near &= near - 1
            if place < logged:
                if found < len(keys_out):
                    keys_out[found] = keys[place]
                    distances_out[found] = bit_count(codes[place] ^ code)
                found += 1
    return found


@compiled(types.int64(BANDS_TYPE, types.uint64, types.int64, KEYS_TYPE, DISTANCES_TYPE))
def search_into(bands: Bands, code: np.uint64, radius: int, keys_out: Keys, distances_out: Distances) -> int:
    """Write the keys within `radius` bits of `code`, and their distances, in no particular order.

    Both arrays have the same length; entries that do not fit are only counted.

    Returns:
        The number of entries within the radius.
    """
    halves, others, heads, masks, state = bands.halves, bands.others, bands.heads, bands.masks, bands.state
    pending = bands.pending
    radius = closer_radius(bands, code, radius)
    if radius < 0:
        return 0
    found: int = scan_log(bands.log_codes, bands.log_keys, state[LOGGED], code, radius, keys_out, distances_out)
    w0, w1, w2, w3 = state[WIDTHS], state[WIDTHS + 1], state[WIDTHS + 2], state[WIDTHS + 3]
    if w0 == 0:
        return found
    n0, n1 = probes(w0, band_radius(radius, 0)), probes(w1, band_radius(radius, 1))
    n2, n3 = probes(w2, band_radius(radius, 2)), probes(w3, band_radius(radius, 3))
    if 2 * (n0 / (1 << w0) + n1 / (1 << w1) + n2 / (1 << w2) + n3 / (1 << w3)) > 1:  # everything, in any one band
        n0, n1, n2, n3 = 1 << w0, 0, 0, 0
    ahead = max(1, min(BUCKETS_AHEAD, (LINES_AHEAD * HALF_LANES << w0) // max(1, state[BANDED])))
    v0, v1 = bucket_of(state, 0, code), bucket_of(state, 1, code)
    v2, v3 = bucket_of(state, 2, code), bucket_of(state, 3, code)
    # Written out four times, since a variable index into a tuple of arrays costs 100 ns.
    prefetch_heads(heads[0], masks[0], v0, n0)
    prefetch_heads(heads[1], masks[1], v1, n1)
    prefetch_heads(heads[2], masks[2], v2, n2)
    prefetch_heads(heads[3], masks[3], v3, n3)
    prefetch_buckets(halves[0], heads[0], masks[0], v0, min(ahead, n0))
    prefetch_buckets(halves[1], heads[1], masks[1], v1, min(ahead, n1))
    found = probe_band(
        halves[0], others[0], heads[0], masks[0], pending, state,
        0, code, radius, n0, ahead, found, keys_out, distances_out
    )  # fmt: skip
    prefetch_buckets(halves[2], heads[2], masks[2], v2, min(ahead, n2))
    found = probe_band(
        halves[1], others[1], heads[1], masks[1], pending, state,
        1, code, radius, n1, ahead, found, keys_out, distances_out
    )  # fmt: skip
    prefetch_buckets(halves[3], heads[3], masks[3], v3, min(ahead, n3))
    found = probe_band(
        halves[2], others[2], heads[2], masks[2], pending, state,
        2, code, radius, n2, ahead, found, keys_out, distances_out
    )  # fmt: skip
    total: int = probe_band(
        halves[3], others[3], heads[3], masks[3], pending, state,
        3, code, radius, n3, ahead, found, keys_out, distances_out
    )  # fmt: skip
    return total


@compiled(types.int64(BANDS_TYPE, types.uint64, types.int64, KEYS_TYPE, DISTANCES_TYPE, CODES_TYPE))
def search_packed(
    bands: Bands, code: np.uint64, radius: int, keys_out: Keys, distances_out: Distances, packed_out: Codes
) -> int:
    """The same as `search_into`; also writes `distance << 32 | key` for every entry found."""
    found: int = search_into(bands, code, radius, keys_out, distances_out)
    for at in range(min(found, len(keys_out))):
        packed_out[at] = np.uint64(distances_out[at]) << np.uint64(32) | np.uint64(keys_out[at])
    return found


@compiled(
    types.int64(
        BANDS_TYPE,
        CODES_TYPE,
        KEYS_TYPE,
        types.boolean,
        types.int64,
        types.int64,
        types.int64[::1],
        KEYS_TYPE,
        DISTANCES_TYPE,
    )
)
def answer(
    bands: Bands,
    codes: Codes,
    keys: Keys,
    adding: bool,
    first: int,
    radius: int,
    offsets: NDArray[np.int64],
    keys_out: Keys,
    distances_out: Distances,
) -> int:
    """Look up `codes` from `first` on, in order; if `adding`, add every code after its look-up.

    The entries found for code i are `offsets[i]` to `offsets[i + 1]` of the output; `offsets[first]` is read.

    Returns:
        The number of codes done: fewer than given if the output has no room for the entries of the next code.
    """
    for at in range(first, len(codes)):
        begin = offsets[at]
        found = search_into(bands, codes[at], radius, keys_out[begin:], distances_out[begin:])
        if begin + found > len(keys_out):
            return at
        offsets[at + 1] = begin + found
        if adding:
            insert(bands, codes[at], keys[at])
    return len(codes)
