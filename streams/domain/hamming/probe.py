"""Reading the buckets of one band that a look-up probes; compiled.

A look-up waits mostly for memory. So a bucket is read by halves of its codes, and the entries whose halves are near
enough, one in some thousands at small radii, are settled by their other halves once these are prefetched. Which buckets
a look-up will probe is known from the beginning, so their heads and first lines are prefetched, across the bands.
"""

from __future__ import annotations

import numpy as np
from numba import types

from streams.domain.hamming.intrinsics import HALF_LANES, bit_count, lowest_bit, near_halves, prefetch
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import (
    BANDS,
    CODE_BITS,
    DISTANCES_TYPE,
    HALF_BITS,
    HEAD,
    KEY,
    KEYS_TYPE,
    LENGTH,
    OTHER_HALF,
    PAIRS_TYPE,
    START,
    STATE_TYPE,
    WORDS_TYPE,
    Distances,
    Keys,
    State,
    Words,
    band_end,
    bucket_of,
    rotated,
)

#: Prefetching: at most this many buckets ahead, or cache lines of them; heads of buckets still further ahead.
BUCKETS_AHEAD, LINES_AHEAD, HEADS_AHEAD = 8, 24, 16


@compiled(types.int64(types.int64, types.int64))
def band_radius(radius: int, band: int) -> int:
    """How many bits of the band may differ; -1 if the band need not be searched."""
    allowed = radius + 1 - BANDS
    return allowed // BANDS + (1 if band < allowed % BANDS else 0)


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
        ahead: prefetch this number of buckets ahead.
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
                        found = settle(
                            halves, others, state, band, turned, radius, pending, found, keys_out, distances_out
                        )
                        waiting = 0
                    prefetch(others, 2 * place)
                    pending[waiting] = place
                    waiting += 1
    total: int = settle(halves, others, state, band, turned, radius, pending[:waiting], found, keys_out, distances_out)
    return total
