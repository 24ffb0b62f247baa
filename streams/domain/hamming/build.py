"""Rebuilding an index: all its entries get new arrays. Single entries are inserted and deleted in insert.py."""

from __future__ import annotations

import numpy as np
from numba import types

from streams.domain.hamming.insert import insert
from streams.domain.hamming.intrinsics import HALF_LANES, prefetch
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import (
    BANDED,
    BANDS,
    BANDS_TYPE,
    CODE_BITS,
    CODES_TYPE,
    HALF_BITS,
    HEAD,
    KEY,
    KEYS_TYPE,
    LENGTH,
    LOGGED,
    NO_SHAPE,
    ODD,
    OFFSETS,
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
    Shape,
    State,
    Words,
    band_end,
    bucket_of,
    no_bands,
    rotated,
)
from streams.domain.hamming.probe import band_radius, probes

#: The average entries of a bucket, up to twice as many: this decides how many buckets there are.
BUCKET_ENTRIES = 12
SMALLEST_WIDTH, LARGEST_WIDTH = 4, 16
#: A larger index can have wider bands, and a last one that is narrower by as much. Look-ups in it allow the last band
#: fewer differing bits, so few of its large buckets are probed.
WIDER_BY = (0, 1, 2)
#: What probing a bucket costs beside the cache lines of its entries, in cache lines.
BUCKET_LINES = 1.5
#: Memory an entry in all arrays together, and the part of it left for the allocator's own headers.
ENTRY_BYTES, SPARE_BYTES = 58, 1
#: Bytes of an entry in the arrays of a band, and of a bucket: its head and capacity.
BANDED_BYTES, BUCKET_BYTES, LOGGED_BYTES = 12, 12, 12
BATCH_ENTRIES = 4096
SMALLEST_LOG = 64
#: How many entries ahead the head of a bucket, and the place of the entry, are prefetched.
HEADS_AHEAD, PLACES_AHEAD = 32, 16


def log_limit(entries: int) -> int:
    """The entries that the log of a banded index may hold before the index is rebuilt."""
    return min(16_384, 1024 + entries // 256)


def rebuilt(holder: list[Bands], codes: Codes, keys: Keys, log_entries: int, radius_bits: int) -> Bands:
    """An index of the entries of an old index and further ones; only a log if there are at most `log_entries`.

    If the shape stays, buckets are copied, at some 20 ns an entry in all. Otherwise all entries are sorted again, at 50
    to 200 ns.

    Args:
        holder: a list of the old index alone. It is popped, so that the memory of a band is freed once it is copied.
        codes: of the further entries.
        keys: of the further entries.
        log_entries: the largest index that is only a log.
        radius_bits: of most look-ups. Those of any other radius find all, too, but not as fast.
    """
    old = holder.pop()
    logged, banded = int(old.state[LOGGED]), int(old.state[BANDED])
    entries = banded + logged + len(codes)
    odd = int(old.state[ODD]) + _odd(codes)
    even_radius = radius_bits - radius_bits % 2 if odd == 0 else radius_bits
    shape = NO_SHAPE if entries <= log_entries else shape_for(entries, even_radius)
    kept = banded if shape == _shape_of(old) else 0
    codes = np.concatenate([old.log_codes[:logged], codes, np.empty(banded - kept, np.uint64)])
    keys = np.concatenate([old.log_keys[:logged], keys, np.empty(banded - kept, np.uint32)])
    if not kept:
        if banded:
            copy_banded(old, codes[len(codes) - banded :], keys[len(keys) - banded :])
        old = no_bands(0, shape)
    if shape == NO_SHAPE:
        return log_of(codes, keys, max(SMALLEST_LOG, entries))
    new = no_bands(SMALLEST_LOG, shape)
    new.state[BANDED], new.state[ODD] = entries, odd
    old_bands = list(zip(old.halves, old.others, old.heads, strict=True))
    del old
    bands = [_band(old_bands.pop(0), codes, keys, band, entries, new) for band in range(BANDS)]
    return new._replace(halves=tuple(band[0] for band in bands), others=tuple(band[1] for band in bands))


def log_of(codes: Codes, keys: Keys, room: int) -> Bands:
    """An index that is only a log of the given entries."""
    bands = no_bands(room)
    bands.log_codes[: len(codes)] = codes
    bands.log_keys[: len(keys)] = keys
    bands.state[LOGGED], bands.state[ODD] = len(codes), _odd(codes)
    return bands


def _odd(codes: Codes) -> int:
    """The number of codes with an odd number of bits set."""
    return int(np.count_nonzero(np.bitwise_count(codes) & 1))


def shape_for(entries: int, radius_bits: int) -> Shape:
    """The shape whose look-ups at this radius read the least memory."""
    width = min(LARGEST_WIDTH, max(SMALLEST_WIDTH, (entries // BUCKET_ENTRIES).bit_length() - 1))
    wider = WIDER_BY if width == LARGEST_WIDTH else (0,)
    return min((_shape(width, by) for by in wider), key=lambda shape: _lines_read(shape, entries, radius_bits))


def _shape(width: int, wider_by: int) -> Shape:
    place = CODE_BITS // BANDS + wider_by
    width += wider_by
    return Shape((0, place, 2 * place, 3 * place), (width, width, width, min(width, CODE_BITS - 3 * place)))


def _shape_of(bands: Bands) -> Shape:
    offsets, widths = (bands.state[first : first + BANDS].tolist() for first in (OFFSETS, WIDTHS))
    return Shape(tuple(offsets), tuple(widths))


def _lines_read(shape: Shape, entries: int, radius_bits: int) -> float:
    """Cache lines that a look-up reads, about."""
    lines = 0.0
    for band, width in enumerate(shape.widths):
        lines += probes(width, band_radius(radius_bits, band)) * (BUCKET_LINES + entries / (HALF_LANES << width))
    return lines


def _band(
    old: tuple[Words, Words, Words], codes: Codes, keys: Keys, band: int, entries: int, new: Bands
) -> tuple[Words, Words]:
    """The arrays of one band: the old buckets and further entries. Writes its heads, and its tail in `state`."""
    state, heads = new.state, new.heads[band]
    counts = old[2][:, LENGTH].copy()
    count_values(codes, band, state, counts)
    bucket_bytes = BUCKET_BYTES * sum(map(len, new.heads))
    log_bytes = LOGGED_BYTES * (log_limit(entries) + BATCH_ENTRIES)
    places = ((ENTRY_BYTES - SPARE_BYTES) * entries - bucket_bytes - log_bytes) // (BANDED_BYTES * BANDS)
    tail = entries // 25
    slack = max(0.04, (places - tail - 2 * len(heads)) / entries - 1)
    taken = lay_out(counts, slack, heads, new.capacities[band])
    room = taken + tail
    halves, others = np.empty(room + HALF_LANES, np.uint32), np.empty((room, 2), np.uint32)
    carry_over(old[2], old[0], old[1], heads, halves, others)
    sort_in(codes, keys, band, state, heads, halves, others)
    state[TAILS + band] = taken
    return halves, others


@compiled(types.void(BANDS_TYPE, CODES_TYPE, KEYS_TYPE))
def insert_all(bands: Bands, codes: Codes, keys: Keys) -> None:
    """`insert` all entries; there must be room for them."""
    for at in range(len(codes)):
        insert(bands, codes[at], keys[at])


@compiled(types.void(CODES_TYPE, types.int64, STATE_TYPE, WORDS_TYPE))
def count_values(codes: Codes, band: int, state: State, counts: Words) -> None:
    """Add to `counts`, by value of the band, the number of codes with that value."""
    for at in range(len(codes)):
        counts[bucket_of(state, band, codes[at])] += np.uint32(1)


@compiled(types.int64(WORDS_TYPE, types.float64, PAIRS_TYPE, WORDS_TYPE))
def lay_out(counts: Words, slack: float, heads: Words, capacities: Words) -> int:
    """Give every bucket its place, with room for its count, two more entries and `slack` times its count.

    `heads` become those of empty buckets, `capacities` theirs.

    Returns:
        The number of places taken.
    """
    taken = 0
    for value in range(len(counts)):
        count = np.int64(counts[value])
        heads[value, START] = taken
        heads[value, LENGTH] = 0
        capacities[value] = count + 2 + np.int64(count * slack)
        taken += int(capacities[value])
    return taken


@compiled(types.void(PAIRS_TYPE, WORDS_TYPE, PAIRS_TYPE, PAIRS_TYPE, WORDS_TYPE, PAIRS_TYPE))
def carry_over(
    old_heads: Words, old_halves: Words, old_others: Words, heads: Words, halves: Words, others: Words
) -> None:
    """Copy the buckets of one band to their new places."""
    for value in range(len(heads)):
        begin, place = np.int64(old_heads[value, START]), np.int64(heads[value, START])
        for at in range(np.int64(old_heads[value, LENGTH])):
            halves[place + at] = old_halves[begin + at]
            others[place + at, OTHER_HALF] = old_others[begin + at, OTHER_HALF]
            others[place + at, KEY] = old_others[begin + at, KEY]
        heads[value, LENGTH] = old_heads[value, LENGTH]


@compiled(types.void(CODES_TYPE, KEYS_TYPE, types.int64, STATE_TYPE, PAIRS_TYPE, WORDS_TYPE, PAIRS_TYPE))
def sort_in(codes: Codes, keys: Keys, band: int, state: State, heads: Words, halves: Words, others: Words) -> None:
    """Append entries to their buckets of one band; the buckets have room (`lay_out`).

    Heads and places are scattered in memory, so they are prefetched.
    """
    last, end = len(codes) - 1, band_end(state, band)
    for at in range(len(codes)):
        prefetch(heads, HEAD * bucket_of(state, band, codes[min(at + HEADS_AHEAD, last)]))
        coming = bucket_of(state, band, codes[min(at + PLACES_AHEAD, last)])
        place = np.int64(heads[coming, START]) + np.int64(heads[coming, LENGTH])
        prefetch(halves, place)
        prefetch(others, 2 * place)
        value, turned = bucket_of(state, band, codes[at]), rotated(codes[at], end)
        place = np.int64(heads[value, START]) + np.int64(heads[value, LENGTH])
        halves[place] = np.uint32(turned)
        others[place, OTHER_HALF] = np.uint32(turned >> np.uint64(HALF_BITS))
        others[place, KEY] = keys[at]
        heads[value, LENGTH] += np.uint32(1)


@compiled(types.void(BANDS_TYPE, CODES_TYPE, KEYS_TYPE))
def copy_banded(bands: Bands, codes_out: Codes, keys_out: Keys) -> None:
    """Write the entries of all buckets, in the order of the first band."""
    halves, others, heads, copied = bands.halves[0], bands.others[0], bands.heads[0], 0
    end = band_end(bands.state, 0)
    for value in range(len(heads)):
        start = np.int64(heads[value, START])
        for at in range(start, start + np.int64(heads[value, LENGTH])):
            turned = np.uint64(halves[at]) | np.uint64(others[at, OTHER_HALF]) << np.uint64(HALF_BITS)
            codes_out[copied] = rotated(turned, CODE_BITS - end)
            keys_out[copied] = others[at, KEY]
            copied += 1
