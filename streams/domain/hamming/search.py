"""Looking up a code; compiled, and callable from compiled functions.

Why a look-up finds all: let the bands of two codes be allowed r0, r1, r2 and r3 differing bits, with
(r0 + 1) + … + (r3 + 1) = r + 1. If the codes differ in at most r bits, at least one band differs in no more than it is
allowed. So probing, in every band, the buckets within that band's radius finds every neighbour (multi-index hashing:
Norouzi, Punjani, Fleet, CVPR 2012). At r = 10, the radii are 2, 2, 2 and 1: 428 of 4 × 65,536 buckets.

A look-up waits mostly for memory. So a bucket is read by halves of its codes: of 10,000 that differ by chance, about one
half is near enough for its other half to be read; those are collected while their other halves are prefetched. Which buckets a look-up will probe is known from the beginning, so
their heads and first lines are prefetched, across the bands.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from streams.domain.hamming.insert import insert
from streams.domain.hamming.intrinsics import (
    HALF_LANES,
    LANES,
    bit_count,
    lowest_bit,
    near_halves,
    near_lanes,
    prefetch,
)
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import (
    BANDED,
    BANDS,
    BANDS_TYPE,
    CODE_BITS,
    CODES_TYPE,
    DISTANCES_TYPE,
    HALF_BITS,
    HEAD,
    KEY,
    KEYS_TYPE,
    LENGTH,
    LOGGED,
    ODD,
    OTHER_HALF,
    PAIRS_TYPE,
    START,
    STATE_TYPE,
    WIDTHS,
    WORDS_TYPE,
    Bands,
    Codes,
    Distances,
    Keys,
    State,
    Words,
    band_end,
    bucket_of,
    rotated,
)

__all__ = ["Bands", "search_into"]

#: Prefetching: at most this many buckets ahead, or cache lines of them; heads of buckets still further ahead.
BUCKETS_AHEAD, LINES_AHEAD, HEADS_AHEAD = 8, 24, 16


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


@compiled(types.boolean(types.uint64, types.int64, types.int64, STATE_TYPE))
def found_before(differing: np.uint64, band: int, radius: int, state: State) -> bool:
    """Whether an earlier band has already found the entry with these differing bits."""
    for earlier in range(band):
        if bit_count(np.uint64(bucket_of(state, earlier, differing))) <= band_radius(radius, earlier):
            return True
    return False


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


@compiled(types.void(PAIRS_TYPE, WORDS_TYPE, types.int64, types.int64))
def prefetch_heads(heads: Words, masks: Words, value: int, probed: int) -> None:
    """Prefetch the heads of the first buckets of a band; the look-up will probe `probed`."""
    for probe in range(min(BUCKETS_AHEAD + HEADS_AHEAD, probed)):
        prefetch(heads, HEAD * (value ^ np.int64(masks[probe])))


@compiled(types.void(WORDS_TYPE, PAIRS_TYPE, WORDS_TYPE, types.int64, types.int64))
def prefetch_buckets(halves: Words, heads: Words, masks: Words, value: int, first: int) -> None:
    """Prefetch the `first` buckets that a look-up will probe in a band."""
    for probe in range(first):
        begin = np.int64(heads[value ^ np.int64(masks[probe]), START])
        prefetch(halves, begin)
        prefetch(halves, begin + HALF_LANES)


@compiled(
    types.int64(
        *(WORDS_TYPE, PAIRS_TYPE, STATE_TYPE, types.int64, types.uint64, types.int64, WORDS_TYPE),
        *(types.int64, KEYS_TYPE, DISTANCES_TYPE),
    )
)
def settle(
    halves: Words,
    others: Words,
    state: State,
    band: int,
    turned: np.uint64,
    radius: int,
    pending: Words,
    found: int,
    keys_out: Keys,
    distances_out: Distances,
) -> int:
    """Write those of the entries in these places that are within the radius and that no earlier band has found.

    Args:
        turned: the code that is looked up, `rotated` by the end of the band.
        pending: places whose halves are near enough.
        found: the number of entries found before; the return value includes the new ones.
    """
    back = CODE_BITS - band_end(state, band)
    for place in pending:
        entry = np.uint64(halves[place]) | np.uint64(others[place, OTHER_HALF]) << np.uint64(HALF_BITS)
        differing = rotated(entry ^ turned, back)
        if bit_count(differing) <= radius and not found_before(differing, band, radius, state):
            if found < len(keys_out):
                keys_out[found] = others[place, KEY]
                distances_out[found] = bit_count(differing)
            found += 1
    return found


@compiled(
    types.int64(
        *(WORDS_TYPE, PAIRS_TYPE, PAIRS_TYPE, WORDS_TYPE, WORDS_TYPE, STATE_TYPE, types.int64, types.uint64),
        *(types.int64, types.int64, types.int64, types.int64, KEYS_TYPE, DISTANCES_TYPE),
    )
)
def probe_band(
    halves: Words,
    others: Words,
    heads: Words,
    masks: Words,
    pending: Words,
    state: State,
    band: int,
    code: np.uint64,
    radius: int,
    probed: int,
    ahead: int,
    found: int,
    keys_out: Keys,
    distances_out: Distances,
) -> int:
    """Write the entries within the radius that no earlier band has found, of the nearest `probed` buckets of a band.

    Args:
        pending: overwritten.
        ahead: prefetch so many buckets ahead.
        found: the number of entries found before; the return value includes the new ones.
    """
    value, end, last = bucket_of(state, band, code), band_end(state, band), probed - 1
    turned = rotated(code, end)
    half, waiting = np.uint32(turned), 0
    for probe in range(probed):
        prefetch(heads, HEAD * (value ^ np.int64(masks[min(probe + ahead + HEADS_AHEAD, last)])))
        coming = np.int64(heads[value ^ np.int64(masks[min(probe + ahead, last)]), START])
        mask = masks[probe]
        bucket, left = value ^ np.int64(mask), radius - bit_count(np.uint64(mask))
        start, length = np.int64(heads[bucket, START]), np.int64(heads[bucket, LENGTH])
        for at in range(start, start + length if left >= 0 else start, HALF_LANES):
            prefetch(halves, coming + (at - start))
            near = near_halves(halves, at, half, left)
            while near:
                place = at + lowest_bit(near)
                near &= near - 1
                if place < start + length:
                    if waiting == len(pending):
                        found = settle(halves, others, state, band, turned, radius, pending, found, keys_out, distances_out)
                        waiting = 0
                    prefetch(others, 2 * place)
                    pending[waiting] = place
                    waiting += 1
    return settle(halves, others, state, band, turned, radius, pending[:waiting], found, keys_out, distances_out)


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
    v0, v1, v2, v3 = bucket_of(state, 0, code), bucket_of(state, 1, code), bucket_of(state, 2, code), bucket_of(state, 3, code)
    # Written out four times, since a variable index into a tuple of arrays costs 100 ns.
    prefetch_heads(heads[0], masks[0], v0, n0)
    prefetch_heads(heads[1], masks[1], v1, n1)
    prefetch_heads(heads[2], masks[2], v2, n2)
    prefetch_heads(heads[3], masks[3], v3, n3)
    prefetch_buckets(halves[0], heads[0], masks[0], v0, min(ahead, n0))
    prefetch_buckets(halves[1], heads[1], masks[1], v1, min(ahead, n1))
    found = probe_band(
        halves[0], others[0], heads[0], masks[0], pending, state, 0, code, radius, n0, ahead, found,
        keys_out, distances_out,
    )
    prefetch_buckets(halves[2], heads[2], masks[2], v2, min(ahead, n2))
    found = probe_band(
        halves[1], others[1], heads[1], masks[1], pending, state, 1, code, radius, n1, ahead, found,
        keys_out, distances_out,
    )
    prefetch_buckets(halves[3], heads[3], masks[3], v3, min(ahead, n3))
    found = probe_band(
        halves[2], others[2], heads[2], masks[2], pending, state, 2, code, radius, n2, ahead, found,
        keys_out, distances_out,
    )
    total: int = probe_band(
        halves[3], others[3], heads[3], masks[3], pending, state, 3, code, radius, n3, ahead, found,
        keys_out, distances_out,
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
