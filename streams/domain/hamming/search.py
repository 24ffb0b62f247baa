"""A code looked up in a near index; compiled, and for use in compiled functions, as insert.py is.

Why a look-up finds all: let the bands of two codes be allowed r0, r1, r2 and r3 differing bits, with
(r0 + 1) + … + (r3 + 1) = r + 1. If the codes differ in at most r bits, they cannot differ in more than is allowed in
every band; so probing, in each band, the buckets within its own radius finds every neighbour (multi-index hashing:
Norouzi, Punjani, Fleet, CVPR 2012). At r = 10 that are the radii 2, 2, 2, 1: 428 of 4 × 65,536 buckets.

What a look-up waits for is memory: which buckets it will probe is known from the beginning, so their heads and first
lines are asked for ahead of their turn, across the bands.
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

#: A bucket is asked for from memory at most so many probes before its turn, or lines of it; its head earlier still.
BUCKETS_AHEAD, LINES_AHEAD, HEADS_AHEAD = 8, 24, 8


@compiled(types.int64(types.int64, types.int64))
def band_radius(radius: int, band: int) -> int:
    """How many bits of the band may differ; -1: the band need not be looked at."""
    allowed = radius + 1 - BANDS
    return allowed // BANDS + (1 if band < allowed % BANDS else 0)


@compiled(types.int64(BANDS_TYPE, types.uint64, types.int64))
def closer_radius(bands: Bands, code: np.uint64, radius: int) -> int:
    """The radius, or one bit less where no entry can be that far away.

    If all entries have an even number of bits set, which pHashes of 64 bits have (half of them, by their median), all
    are at even distances, or all at odd ones.
    """
    if bands.state[ODD] == 0 and (radius - bit_count(code)) % 2 != 0:
        return radius - 1
    return radius


@compiled(types.int64(types.int64, types.int64))
def probes(width: int, radius: int) -> int:
    """How many values of `width` bits have at most `radius` bits set."""
    total, at_this = 0, 1
    for bits in range(min(radius, width) + 1):
        total += at_this
        at_this = at_this * (width - bits) // (bits + 1)
    return total


@compiled(types.boolean(types.uint64, types.int64, types.int64, types.int64))
def found_before(differing: np.uint64, band: int, width: int, radius: int) -> bool:
    """Whether a band before this one has shown the entry with these differing bits already."""
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
    """Report the entries of a run that are within the radius and that no earlier band has shown.

    Args:
        band: 0 where nothing can have been shown before.
        found: how many there are already; returned with the new ones added.
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
def ask_for_heads(heads: Heads, masks: Masks, band: int, code: np.uint64, width: int, probed: int) -> None:
    """Begin to load the heads of the first buckets of a band that a look-up will probe, of `probed` in all."""
    value = (band << width) + band_value(code, band, width)
    for probe in range(min(BUCKETS_AHEAD + HEADS_AHEAD, probed)):
        prefetch(heads, HEAD * (value ^ np.int64(masks[probe])))


@compiled(types.void(CODES_TYPE, HEADS_TYPE, MASKS_TYPE, types.int64, types.uint64, types.int64, types.int64))
def ask_for_buckets(
    codes: Codes, heads: Heads, masks: Masks, band: int, code: np.uint64, width: int, first: int
) -> None:
    """Begin to load the `first` buckets that a look-up will probe in a band."""
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
    """`scan` the first `probed` buckets of a band, in the order of `masks`."""
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
    """Write the keys within `radius` bits of `code`, and how far they are, in no particular order.

    Both arrays have one length; what does not fit is only counted.

    Returns:
        How many entries are within the radius.
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
    ask_for_heads(heads, masks, 0, code, width, n0)
    ask_for_heads(heads, masks, 1, code, width, n1)
    ask_for_heads(heads, masks, 2, code, width, n2)
    ask_for_heads(heads, masks, 3, code, width, n3)
    ask_for_buckets(codes[0], heads, masks, 0, code, width, min(ahead, n0))
    ask_for_buckets(codes[1], heads, masks, 1, code, width, min(ahead, n1))
    found = probe_band(
        codes[0], keys[0], heads, masks, 0, code, width, radius, n0, ahead, found, keys_out, distances_out
    )
    ask_for_buckets(codes[2], heads, masks, 2, code, width, min(ahead, n2))
    found = probe_band(
        codes[1], keys[1], heads, masks, 1, code, width, radius, n1, ahead, found, keys_out, distances_out
    )
    ask_for_buckets(codes[3], heads, masks, 3, code, width, min(ahead, n3))
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
    """As `search_into`; what was written there also becomes one number each, `distance << 32 | key`."""
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
    """Look up `codes` from `first` on, in order, each being added afterwards if `adding`.

    `offsets[i]` to `offsets[i + 1]` becomes where in the output stands what was found for code i; `offsets[first]` is
    read.

    Returns:
        How many codes are done; fewer than there are if the output has no room for what the next one finds.
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
