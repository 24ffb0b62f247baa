"""Rebuilding an index: all its entries get new arrays. Single entries are inserted and deleted in insert.py."""

from __future__ import annotations

import numpy as np
from numba import types

from streams.domain.hamming.insert import insert
from streams.domain.hamming.intrinsics import LANES, prefetch
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import (
    BAND_BITS,
    BANDED,
    BANDS,
    BANDS_TYPE,
    CAPACITY,
    CODES_TYPE,
    HEAD,
    KEYS_TYPE,
    LENGTH,
    LOGGED,
    ODD,
    START,
    TAIL,
    WIDTH,
    Bands,
    Codes,
    Keys,
    State,
    band_value,
    no_bands,
)

#: The average entries of a bucket, up to twice as many: this decides how many buckets there are.
BUCKET_ENTRIES = 12
SMALLEST_WIDTH = 4
#: Memory an entry in all arrays together, and the part of it left for the allocator's own headers.
ENTRY_BYTES, SPARE_BYTES = 64, 1
BATCH_ENTRIES = 4096
SMALLEST_LOG = 64
#: How many entries ahead the head of a bucket, and the place of the entry, are prefetched.
HEADS_AHEAD, PLACES_AHEAD = 32, 16

_HEADS = types.uint32[:, ::1]


def log_limit(entries: int) -> int:
    """The entries that the log of a banded index may hold before the index is rebuilt."""
    return min(16_384, 1024 + entries // 256)


def rebuilt(holder: list[Bands], codes: Codes, keys: Keys, log_entries: int) -> Bands:
    """An index of the entries of an old index and further ones; only a log if there are at most `log_entries`.

    If the width stays, buckets are copied, at some 20 ns an entry in all. Otherwise all entries are sorted again, at 50
    to 200 ns.

    Args:
        holder: a list of the old index alone. It is popped, so that the memory of a band is freed once it is copied.
        codes: of the further entries.
        keys: of the further entries.
        log_entries: the largest index that is only a log.
    """
    old = holder.pop()
    logged, banded = int(old.state[LOGGED]), int(old.state[BANDED])
    entries = banded + logged + len(codes)
    odd = int(old.state[ODD]) + _odd(codes)
    width = 0 if entries <= log_entries else _width(entries)
    kept = banded if width == old.state[WIDTH] else 0
    codes = np.concatenate([old.log_codes[:logged], codes, np.empty(banded - kept, np.uint64)])
    keys = np.concatenate([old.log_keys[:logged], keys, np.empty(banded - kept, np.uint32)])
    if not kept:
        copy_banded(old, codes[len(codes) - banded :], keys[len(keys) - banded :])
        old = no_bands(0, width)
    if width == 0:
        return log_of(codes, keys, max(SMALLEST_LOG, entries))
    new = no_bands(SMALLEST_LOG, width)
    new.state[BANDED], new.state[ODD] = entries, odd
    old_bands = list(zip(old.codes, old.keys, old.heads, strict=True))
    del old
    bands = [_band(old_bands.pop(0), codes, keys, band, entries, new.heads[band], new.state) for band in range(BANDS)]
    return new._replace(codes=tuple(band[0] for band in bands), keys=tuple(band[1] for band in bands))


def log_of(codes: Codes, keys: Keys, room: int) -> Bands:
    """An index that is only a log of these entries."""
    bands = no_bands(room)
    bands.log_codes[: len(codes)] = codes
    bands.log_keys[: len(keys)] = keys
    bands.state[LOGGED], bands.state[ODD] = len(codes), _odd(codes)
    return bands


def _odd(codes: Codes) -> int:
    """The number of codes with an odd number of bits set."""
    return int(np.count_nonzero(np.bitwise_count(codes) & 1))


def _width(entries: int) -> int:
    return min(BAND_BITS, max(SMALLEST_WIDTH, (entries // BUCKET_ENTRIES).bit_length() - 1))


def _band(
    old: tuple[Codes, Keys, Keys], codes: Codes, keys: Keys, band: int, entries: int, heads: Keys, state: State
) -> tuple[Codes, Keys]:
    """The arrays of one band: the old buckets and further entries. Writes its heads, and its tail in `state`."""
    width = int(state[WIDTH])
    counts = old[2][:, LENGTH].copy()
    count_values(codes, band, width, counts)
    head_bytes, log_bytes = 4 * HEAD * BANDS << width, 12 * (log_limit(entries) + BATCH_ENTRIES)
    places = ((ENTRY_BYTES - SPARE_BYTES) * entries - head_bytes - log_bytes) // (12 * BANDS)
    tail = entries // 25
    slack = max(0.04, (places - tail - (2 << width)) / entries - 1)
    taken = lay_out(counts, slack, heads)
    room = taken + tail
    new_codes, new_keys = np.empty(room + LANES, np.uint64), np.empty(room, np.uint32)
    carry_over(old[2], old[0], old[1], heads, new_codes, new_keys)
    sort_in(codes, keys, band, width, heads, new_codes, new_keys)
    state[TAIL + band] = taken
    return new_codes, new_keys


@compiled(types.void(BANDS_TYPE, CODES_TYPE, KEYS_TYPE))
def insert_all(bands: Bands, codes: Codes, keys: Keys) -> None:
    """`insert` all entries; there must be room for them."""
    for at in range(len(codes)):
        insert(bands, codes[at], keys[at])


@compiled(types.void(CODES_TYPE, types.int64, types.int64, KEYS_TYPE))
def count_values(codes: Codes, band: int, width: int, counts: Keys) -> None:
    """Add to `counts`, by value of the band, the number of codes with that value."""
    for at in range(len(codes)):
        counts[band_value(codes[at], band, width)] += np.uint32(1)


@compiled(types.int64(KEYS_TYPE, types.float64, _HEADS))
def lay_out(counts: Keys, slack: float, heads: Keys) -> int:
    """Give every bucket its place, with room for its count, two more entries and `slack` times its count.

    `heads` [values, HEAD] becomes the heads of empty buckets.

    Returns:
        The number of places taken.
    """
    taken = 0
    for value in range(len(counts)):
        count = np.int64(counts[value])
        heads[value, START] = taken
        heads[value, LENGTH] = 0
        heads[value, CAPACITY] = count + 2 + np.int64(count * slack)
        taken += int(heads[value, CAPACITY])
    return taken


@compiled(types.void(_HEADS, CODES_TYPE, KEYS_TYPE, _HEADS, CODES_TYPE, KEYS_TYPE))
def carry_over(old_heads: Keys, old_codes: Codes, old_keys: Keys, heads: Keys, codes: Codes, keys: Keys) -> None:
    """Copy the buckets of one band to their new places."""
    for value in range(len(heads)):
        begin, place = np.int64(old_heads[value, START]), np.int64(heads[value, START])
        for at in range(np.int64(old_heads[value, LENGTH])):
            codes[place + at] = old_codes[begin + at]
            keys[place + at] = old_keys[begin + at]
        heads[value, LENGTH] = old_heads[value, LENGTH]


@compiled(types.void(CODES_TYPE, KEYS_TYPE, types.int64, types.int64, _HEADS, CODES_TYPE, KEYS_TYPE))
def sort_in(codes: Codes, keys: Keys, band: int, width: int, heads: Keys, codes_out: Codes, keys_out: Keys) -> None:
    """Append entries to their buckets of one band; the buckets have room (`lay_out`).

    Heads and places are scattered in memory, so they are prefetched.
    """
    last = len(codes) - 1
    for at in range(len(codes)):
        prefetch(heads, HEAD * band_value(codes[min(at + HEADS_AHEAD, last)], band, width))
        coming = heads[band_value(codes[min(at + PLACES_AHEAD, last)], band, width)]
        prefetch(codes_out, np.int64(coming[START]) + np.int64(coming[LENGTH]))
        prefetch(keys_out, np.int64(coming[START]) + np.int64(coming[LENGTH]))
        head = heads[band_value(codes[at], band, width)]
        place = head[START] + head[LENGTH]
        codes_out[place] = codes[at]
        keys_out[place] = keys[at]
        head[LENGTH] += np.uint32(1)


@compiled(types.void(BANDS_TYPE, CODES_TYPE, KEYS_TYPE))
def copy_banded(bands: Bands, codes_out: Codes, keys_out: Keys) -> None:
    """Write the entries of all buckets, in the order of the first band."""
    codes, keys, heads, copied = bands.codes[0], bands.keys[0], bands.heads[0], 0
    for value in range(len(heads)):
        start = np.int64(heads[value, START])
        for at in range(start, start + np.int64(heads[value, LENGTH])):
            codes_out[copied] = codes[at]
            keys_out[copied] = keys[at]
            copied += 1
