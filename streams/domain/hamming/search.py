"""Looking up a code; compiled, and callable from compiled functions.

Why a look-up finds all: let the bands of two codes be allowed r0, r1, r2 and r3 differing bits, with
(r0 + 1) + … + (r3 + 1) = r + 1. If the codes differ in at most r bits, at least one band differs in no more than it is
allowed. So probing, in every band, the buckets within that band's radius finds every neighbour (multi-index hashing:
Norouzi, Punjani, Fleet, CVPR 2012). At r = 10, the radii are 2, 2, 2 and 1: 428 of 4 × 65,536 buckets.

A look-up waits mostly for memory. Which buckets it will probe is known from the beginning, so their heads and first
lines are prefetched, across the bands.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from streams.domain.hamming.insert import insert
from streams.domain.hamming.intrinsics import LANES, bit_count, lowest_bit, near_lanes, prefetch
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import (
    BANDED,
    BANDS,
    BANDS_TYPE,
    CODES_TYPE,
    DISTANCES_TYPE,
    HEAD,
    HEADS_TYPE,
    KEYS_TYPE,
    LENGTH,
    LOGGED,
    MASKS_TYPE,
    ODD,
    START,
    WIDTH,
    Bands,
    Codes,
    Distances,
    Heads,
    Keys,
    Masks,
    band_value,
)

__all__ = ["Bands", "search_into"]

#: Prefetching: at most this many buckets ahead, or cache lines of them; heads of buckets still further ahead.
BUCKETS_AHEAD, LINES_AHEAD, HEADS_AHEAD = 8, 24, 8


@compiled(types.int64(types.int64, types.int64))
def band_radius(radius: int, band: int) -> int:
    """How many bits of the band may differ; -1 if the band need not be searched."""
    allowed = radius + 1 - BANDS
    return allowed // BANDS + (1 if band < allowed % BANDS else 0)


@compiled(types.int64(BANDS_TYPE, types.uint64, types.int64))
def closer_radius(bands: Bands, code: np.uint64, radius: int) -> int:
    """The radius, or one bit less if no entry can be that far away.

    pHashes of 64 bits have 32 bits set, those above the median. If all entries have an even number of bits set, the
    distances from a code to all of them are even, or all odd.
    """
    if bands.state[ODD] == 0 and (radius - bit_count(code)) % 2 != 0:
        return radius - 1
    return radius


@compiled(types.int64(types.int64, types.int64))
def probes(width: int, radius: int) -> int:
    """The number of values of `width` bits with at most `radius` bits set."""
    total, at_this = 0, 1
    for bits in range(min(radius, width) + 1):
        total += at_this
        at_this = at_this * (width - bits) // (bits + 1)
    return total


@compiled(types.boolean(types.uint64, types.int64, types.int64, types.int64))
def found_before(differing: np.uint64, band: int, width: int, radius: int) -> bool:
    """Whether an earlier band has already found the entry with these differing bits."""
    for earlier in range(band):
        apart = bit_count(np.uint64(band_value(differing, earlier, width)))
        if apart <= band_radius(radius, earlier):
            return True
    return False


@compiled(
    types.int64(
        *(CODES_TYPE, KEYS_TYPE, types.int64, types.int64, types.uint64, types.int64, types.int64, types.int64),
        *(types.int64, types.int64, KEYS_TYPE, DISTANCES_TYPE),
    )
)
def scan(
    codes: Codes,
    keys: Keys,
    start: int,
    length: int,
    code: np.uint64,
    radius: int,
    band: int,
    width: int,
    coming: int,
    found: int,
    keys_out: Keys,
    distances_out: Distances,
) -> int:
    """Write the entries of a run that are within the radius and that no earlier band has found.

    Args:
        band: 0 if no earlier band can have found any.
        found: the number of entries found before; the return value includes the new ones.
    """
    for at in range(start, start + length, LANES):
        prefetch(codes, coming + (at - start))
        near = near_lanes(codes, at, code, radius)
        while near:
            place = at + lowest_bit(near)
            near &= near - 1
            if place < start + length:
                differing = codes[place] ^ code
                if not found_before(differing, band, width, radius):
                    if found < len(keys_out):
                        keys_out[found] = keys[place]
                        distances_out[found] = bit_count(differing)
                    found += 1
    return found


@compiled(types.void(HEADS_TYPE, MASKS_TYPE, types.int64, types.uint64, types.int64, types.int64))
def prefetch_heads(heads: Heads, masks: Masks, band: int, code: np.uint64, width: int, probed: int) -> None:
    """Prefetch the heads of the first buckets of a band; the look-up will probe `probed`."""
    value = (band << width) + band_value(code, band, width)
    for probe in range(min(BUCKETS_AHEAD + HEADS_AHEAD, probed)):
        prefetch(heads, HEAD * (value ^ np.int64(masks[probe])))


@compiled(types.void(CODES_TYPE, HEADS_TYPE, MASKS_TYPE, types.int64, types.uint64, types.int64, types.int64))
def prefetch_buckets(
    codes: Codes, heads: Heads, masks: Masks, band: int, code: np.uint64, width: int, first: int
) -> None:
    """Prefetch the `first` buckets that a look-up will probe in a band."""
    value = band_value(code, band, width)
    for probe in range(first):
        begin = np.int64(heads[band, value ^ np.int64(masks[probe]), START])
        prefetch(codes, begin)
        prefetch(codes, begin + LANES)
        prefetch(codes, begin + 2 * LANES)


@compiled(
    types.int64(
        *(CODES_TYPE, KEYS_TYPE, HEADS_TYPE, MASKS_TYPE, types.int64, types.uint64, types.int64, types.int64),
        *(types.int64, types.int64, types.int64, KEYS_TYPE, DISTANCES_TYPE),
    )
)
def probe_band(
    codes: Codes,
    keys: Keys,
    heads: Heads,
    masks: Masks,
    band: int,
    code: np.uint64,
    width: int,
    radius: int,
    probed: int,
    ahead: int,
    found: int,
    keys_out: Keys,
    distances_out: Distances,
) -> int:
    """`scan` the nearest `probed` buckets of a band, in the order of `masks`."""
    value, last = band_value(code, band, width), probed - 1
    in_heads = (band << width) + value
    for probe in range(probed):
        prefetch(heads, HEAD * (in_heads ^ np.int64(masks[min(probe + ahead + HEADS_AHEAD, last)])))
        coming = np.int64(heads[band, value ^ np.int64(masks[min(probe + ahead, last)]), START])
        bucket = value ^ np.int64(masks[probe])
        start, length = np.int64(heads[band, bucket, START]), np.int64(heads[band, bucket, LENGTH])
        found = scan(codes, keys, start, length, code, radius, band, width, coming, found, keys_out, distances_out)
    return found


@compiled(types.int64(BANDS_TYPE, types.uint64, types.int64, KEYS_TYPE, DISTANCES_TYPE))
def search_into(bands: Bands, code: np.uint64, radius: int, keys_out: Keys, distances_out: Distances) -> int:
    """Write the keys within `radius` bits of `code`, and their distances, in no particular order.

    Both arrays have the same length; entries that do not fit are only counted.

    Returns:
        The number of entries within the radius.
    """
    codes, keys, heads, masks, state = bands.codes, bands.keys, bands.heads, bands.masks, bands.state
    width, logged = state[WIDTH], state[LOGGED]
    radius = closer_radius(bands, code, radius)
    if radius < 0:
        return 0
    found: int = scan(bands.log_codes, bands.log_keys, 0, logged, code, radius, 0, 0, 0, 0, keys_out, distances_out)
    if width == 0:
        return found
    n0, n1 = probes(width, band_radius(radius, 0)), probes(width, band_radius(radius, 1))
    n2, n3 = probes(width, band_radius(radius, 2)), probes(width, band_radius(radius, 3))
    if 2 * (n0 + n1 + n2 + n3) > 1 << width:  # everything, which each band holds
        n0, n1, n2, n3 = 1 << width, 0, 0, 0
    ahead = max(1, min(BUCKETS_AHEAD, (LINES_AHEAD * LANES << width) // max(1, state[BANDED])))
    # Written out four times, since a variable index into a tuple of arrays costs 100 ns.
    prefetch_heads(heads, masks, 0, code, width, n0)
    prefetch_heads(heads, masks, 1, code, width, n1)
    prefetch_heads(heads, masks, 2, code, width, n2)
    prefetch_heads(heads, masks, 3, code, width, n3)
    prefetch_buckets(codes[0], heads, masks, 0, code, width, min(ahead, n0))
    prefetch_buckets(codes[1], heads, masks, 1, code, width, min(ahead, n1))
    found = probe_band(
        codes[0], keys[0], heads, masks, 0, code, width, radius, n0, ahead, found, keys_out, distances_out
    )
    prefetch_buckets(codes[2], heads, masks, 2, code, width, min(ahead, n2))
    found = probe_band(
        codes[1], keys[1], heads, masks, 1, code, width, radius, n1, ahead, found, keys_out, distances_out
    )
    prefetch_buckets(codes[3], heads, masks, 3, code, width, min(ahead, n3))
    found = probe_band(
        codes[2], keys[2], heads, masks, 2, code, width, radius, n2, ahead, found, keys_out, distances_out
    )
    total: int = probe_band(
        codes[3], keys[3], heads, masks, 3, code, width, radius, n3, ahead, found, keys_out, distances_out
    )
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
