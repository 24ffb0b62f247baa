"""The compiled part of `ImageIndex`: applies a batch of operations in order, without the GIL (numba).

Only index.py, which owns the arrays, calls this module. Its slow twin is tests/reference/nearest.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from streams.domain.hamming.insert import delete, insert
from streams.domain.hamming.intrinsics import bit_count, byteswap, word_at
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import Bands
from streams.domain.hamming.search import search_into
from streams.domain.hashes.views import (
    AS_WHOLE,
    GROUP_ASPECT,
    GROUP_CROPS,
    GROUP_OVAL,
    GROUP_QUARTERS,
    GROUP_WHOLE,
    NOT_COMPARED,
)
from streams.domain.match.images.arrays import (
    MAX_CANDIDATES,
    NO_ACTION,
    REFRESH,
    REMOVE,
    Candidates,
    ContentArrays,
    IndexBatch,
    RowArrays,
)
from streams.domain.state.content import (
    DIGEST_AT,
    ENTRY_BYTES,
    ENTRY_COUNT_AT,
    EXPIRES_MS_AT,
    FIRST_MS_AT,
    HASH64_AT,
    HASH256_AT,
    HEADER_BYTES,
    ORIENTATION_AT,
    VIEW_AT,
)

INITIAL_RESULTS = 4096


class GroupIndexes(NamedTuple):
    """The rows of each search group (`hashes.views.SEARCH_GROUPS`).

    A query that searches the crops also searches the whole pictures. From the first such query on, the crops' index
    holds the whole pictures as well (`crops_include_whole`): searching both there costs little more than either alone.
    """

    whole: Bands
    crops: Bands
    oval: Bands
    aspect: Bands
    quarters: Bands
    crops_include_whole: bool


@compiled()
def _keep_nearest(
    index: int, entry: int, count: int, found_rows: Any, distances: Any, rows: RowArrays, contents: ContentArrays,
    batch: IndexBatch, candidates: Candidates, view_pairs: Any,
) -> None:  # fmt: skip
    """Add the contents of the rows found for an entry to the candidates."""
    level, view, own = batch.level[index], batch.view_code[entry], batch.slot[index]
    for at in range(count):
        row = found_rows[at]
        slot = rows.slot[row]
        rule = view_pairs[level, view, rows.view_code[row]]
        hash64_distance_bits = distances[at]
        limit = batch.radius_bits[index] if rule == AS_WHOLE else batch.view_radius_bits[index]
        if rule == NOT_COMPARED or hash64_distance_bits > limit or slot == own:
            continue
        if not contents.alive[slot] or contents.expires_ms[slot] < batch.time_ms[index]:
            continue
        hash256_distance_bits = 0
        for word in range(4):
            hash256_distance_bits += bit_count(batch.hash256[entry, word] ^ rows.hash256[row, word])
        if hash256_distance_bits <= batch.confirm_bits[index]:
            _keep_candidate(index, slot, hash256_distance_bits, hash64_distance_bits, contents, candidates)


@compiled()
def _keep_candidate(
    index: int, slot: int, hash256_bits: int, hash64_bits: int, contents: ContentArrays, candidates: Candidates
) -> None:
    """Put a content in its place among the candidates, unless it is there already, or all candidates are nearer."""
    count, at = np.int64(candidates.found[index]), np.int64(0)
    while at < count and candidates.slot[index, at] != slot:
        at += 1
    if at == MAX_CANDIDATES:
        at -= 1
    elif at == count:
        candidates.found[index] += 1
    if at < count and not _is_nearer(index, at, slot, hash256_bits, hash64_bits, contents, candidates):
        return
    while at > 0 and _is_nearer(index, at - 1, slot, hash256_bits, hash64_bits, contents, candidates):
        candidates.slot[index, at] = candidates.slot[index, at - 1]
        candidates.hash64_distance_bits[index, at] = candidates.hash64_distance_bits[index, at - 1]
        candidates.hash256_distance_bits[index, at] = candidates.hash256_distance_bits[index, at - 1]
        at -= 1
    candidates.slot[index, at] = slot
    candidates.hash64_distance_bits[index, at] = hash64_bits
    candidates.hash256_distance_bits[index, at] = hash256_bits


@compiled()
def _is_nearer(
    index: int, at: int, slot: int, hash256_bits: int, hash64_bits: int, contents: ContentArrays, candidates: Candidates
) -> bool:
    """Whether a content is nearer than the candidate in this place, or as near and earlier: see match/ranking.py."""
    other = candidates.slot[index, at]
    one_bits = (np.int64(hash256_bits), np.int64(hash64_bits))
    other_bits = (
        np.int64(candidates.hash256_distance_bits[index, at]), np.int64(candidates.hash64_distance_bits[index, at])
    )  # fmt: skip
    if one_bits != other_bits or slot == other:
        return one_bits < other_bits
    if contents.first_ms[slot] != contents.first_ms[other]:
        return bool(contents.first_ms[slot] < contents.first_ms[other])
    return bool(_digest(slot, contents.digest) < _digest(other, contents.digest))


@compiled()
def _digest(slot: int, digests: Any) -> tuple[int, int, int, int]:
    return (digests[slot, 0], digests[slot, 1], digests[slot, 2], digests[slot, 3])


@compiled()
def _insert_row(indexes: GroupIndexes, group: int, hash64: np.uint64, row: int) -> None:
    if group == GROUP_WHOLE:
        insert(indexes.whole, hash64, np.uint32(row))
    if group == GROUP_CROPS or (group == GROUP_WHOLE and indexes.crops_include_whole):
        insert(indexes.crops, hash64, np.uint32(row))
    if group == GROUP_OVAL:
        insert(indexes.oval, hash64, np.uint32(row))
    if group == GROUP_ASPECT:
        insert(indexes.aspect, hash64, np.uint32(row))
    if group == GROUP_QUARTERS:
        insert(indexes.quarters, hash64, np.uint32(row))


@compiled()
def _delete_row(indexes: GroupIndexes, group: int, hash64: np.uint64, row: int) -> None:
    if group == GROUP_WHOLE:
        delete(indexes.whole, hash64, np.uint32(row))
    if group == GROUP_CROPS or (group == GROUP_WHOLE and indexes.crops_include_whole):
        delete(indexes.crops, hash64, np.uint32(row))
    if group == GROUP_OVAL:
        delete(indexes.oval, hash64, np.uint32(row))
    if group == GROUP_ASPECT:
        delete(indexes.aspect, hash64, np.uint32(row))
    if group == GROUP_QUARTERS:
        delete(indexes.quarters, hash64, np.uint32(row))


@compiled()
def _insert_content(
    index: int, indexes: GroupIndexes, rows: RowArrays, contents: ContentArrays, batch: IndexBatch
) -> None:
    slot = batch.slot[index]
    contents.first_row[slot] = rows.used[0]
    for entry in range(batch.entry_starts[index], batch.entry_starts[index + 1]):
        if not batch.stored_group[entry]:
            continue
        row = rows.used[0]
        rows.used[0] += 1
        rows.hash64[row] = batch.hash64[entry]
        for word in range(4):
            rows.hash256[row, word] = batch.hash256[entry, word]
        rows.slot[row] = slot
        rows.view_code[row] = batch.view_code[entry]
        rows.orientation[row] = batch.orientation[entry]
        _insert_row(indexes, batch.stored_group[entry], batch.hash64[entry], row)
    contents.row_count[slot] = rows.used[0] - contents.first_row[slot]


@compiled()
def apply_batch(
    indexes: GroupIndexes, rows: RowArrays, contents: ContentArrays, batch: IndexBatch,
    candidates: Candidates, view_pairs: Any, search_groups: Any,
) -> None:  # fmt: skip
    """Apply a batch in order. The caller has reserved room for its entries in `rows` and `indexes`.

    Args:
        indexes: of the rows; written.
        rows: written.
        contents: written.
        batch: read.
        candidates: written; must be empty.
        view_pairs: `hashes.views.VIEW_PAIRS`.
        search_groups: `hashes.views.SEARCH_GROUPS`.
    """
    found_rows, distances = np.empty(INITIAL_RESULTS, np.uint32), np.empty(INITIAL_RESULTS, np.uint8)
    for index in range(len(batch.action)):
        if batch.action[index] == NO_ACTION:
            continue
        slot = batch.slot[index]
        if batch.action[index] == REFRESH:
            contents.expires_ms[slot] = batch.expires_ms[index]
            continue
        if batch.action[index] == REMOVE:
            contents.alive[slot] = 0
            continue
        if batch.replaced_slot[index] >= 0:
            contents.alive[batch.replaced_slot[index]] = 0
        for entry in range(batch.entry_starts[index], batch.entry_starts[index + 1]):
            hash64, is_whole = batch.hash64[entry], search_groups[batch.view_code[entry]] == GROUP_WHOLE
            for group in (GROUP_WHOLE, GROUP_CROPS, GROUP_OVAL, GROUP_ASPECT, GROUP_QUARTERS):
                if not batch.query_groups[entry] & group:
                    continue
                if group == GROUP_WHOLE and not is_whole and batch.query_groups[entry] & GROUP_CROPS:
                    continue  # the crops' index finds the whole pictures, too
                whole_pair = is_whole and group == GROUP_WHOLE
                radius = np.int64(batch.radius_bits[index] if whole_pair else batch.view_radius_bits[index])
                count, room = 0, -1
                while count > room:  # the calls are written out here, since passing all indexes on costs 1 µs
                    room = len(found_rows)
                    if group == GROUP_WHOLE:
                        count = search_into(indexes.whole, hash64, radius, found_rows, distances)
                    elif group == GROUP_CROPS:
                        count = search_into(indexes.crops, hash64, radius, found_rows, distances)
                    elif group == GROUP_OVAL:
                        count = search_into(indexes.oval, hash64, radius, found_rows, distances)
                    elif group == GROUP_ASPECT:
                        count = search_into(indexes.aspect, hash64, radius, found_rows, distances)
                    else:
                        count = search_into(indexes.quarters, hash64, radius, found_rows, distances)
                    if count > room:
                        found_rows, distances = np.empty(2 * count, np.uint32), np.empty(2 * count, np.uint8)
                _keep_nearest(index, entry, count, found_rows, distances, rows, contents, batch, candidates, view_pairs)
        if not contents.alive[slot]:  # an alive content was inserted before a kill, and is only decided again
            _insert_content(index, indexes, rows, contents, batch)
            contents.alive[slot] = 1


@compiled()
def load_contents(data: Any, starts: Any, slot: int, rows: RowArrays, contents: ContentArrays) -> None:
    """Unpack contents, as state/content.py packs them, into `contents` from `slot` on, and into `rows`.

    Args:
        data: bytes, one content after the other.
        starts: where each content begins.
        slot: the first to fill.
        rows: written; the caller has reserved room.
        contents: written; the caller has reserved room.
    """
    for start in starts:
        contents.first_ms[slot] = np.int64(word_at(data, start + FIRST_MS_AT))
        contents.expires_ms[slot] = np.int64(word_at(data, start + EXPIRES_MS_AT))
        for word in range(4):
            contents.digest[slot, word] = word_at(data, start + DIGEST_AT + 8 * word)
        contents.alive[slot] = 1
        contents.first_row[slot] = rows.used[0]
        contents.row_count[slot] = data[start + ENTRY_COUNT_AT]
        for entry in range(data[start + ENTRY_COUNT_AT]):
            at, row = start + HEADER_BYTES + ENTRY_BYTES * entry, rows.used[0]
            rows.view_code[row] = data[at + VIEW_AT]
            rows.orientation[row] = data[at + ORIENTATION_AT]
            rows.hash64[row] = byteswap(word_at(data, at + HASH64_AT))
            for word in range(4):
                rows.hash256[row, word] = byteswap(word_at(data, at + HASH256_AT + 8 * word))
            rows.slot[row] = slot
            rows.used[0] += 1
        slot += 1


@compiled()
def remove_content(
    slot: int, indexes: GroupIndexes, rows: RowArrays, contents: ContentArrays, search_groups: Any
) -> None:
    """Delete the rows of a content from the indexes."""
    first = contents.first_row[slot]
    for row in range(first, first + np.int64(contents.row_count[slot])):
        _delete_row(indexes, search_groups[rows.view_code[row]], rows.hash64[row], row)
    contents.row_count[slot] = 0
    contents.alive[slot] = 0
