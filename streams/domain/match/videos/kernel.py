"""Finds the rows of an index that look like a submission's frames. Compiled by numba, runs without the GIL.

Rows are frames of known videos, or entries of known pictures: a frame is a picture. What follows from the matches is
index.py's. The slow twin is tests/reference/videos.py.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.intrinsics import bit_count
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.layout import Bands
from streams.domain.hamming.search import search_into
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.orientation import ORIENTATION_COUNT
from streams.domain.hashes.packing import ORIENTATION_MASK
from streams.domain.hashes.views import AS_WHOLE, FRAME_GROUPS, NOT_COMPARED, QUERY_GROUPS, VIEW_PAIRS, VIEWS
from streams.domain.match.videos.orientation import RELATIVE_ORIENTATION
from streams.domain.policy.policy import Policy

MAX_GROUPS: Final = 128
"""A moment that looks like more groups is common: it proves nothing, and its look-up stops."""

MAX_MATCHES: Final = 8192
"""A moment that looks like more rows is common, too."""

_INITIAL_ROOM: Final = 4096
_IS_WHOLE: Final = np.array([view.whole for view in VIEWS])


class QueryFrames(NamedTuple):
    """Entries that are looked up, ordered by moment.

    Attributes:
        starts: where each moment's entries begin, and where the last one's end.
        hash64, hash256: uint64 [n] and [n, 4].
        view_code, orientation: as in packing.ENTRY.
    """

    starts: NDArray[np.int64]
    hash64: NDArray[np.uint64]
    hash256: NDArray[np.uint64]
    view_code: NDArray[np.uint8]
    orientation: NDArray[np.uint8]

    @classmethod
    def from_entries(cls, entries: NDArray[np.void], starts: NDArray[np.int64]) -> QueryFrames:
        return cls(
            starts,
            entries["hash64"].astype(np.uint64),
            np.ascontiguousarray(entries["hash256"].astype(np.uint64)),
            # Copies, even of a single entry: numba would compile the kernels again for a read-only array.
            entries["view"].copy(),
            entries["orientation"].copy(),
        )


class FrameTable(NamedTuple):
    """The rows that are searched, by their key in the index, and the contents that own them, by slot."""

    hash64: NDArray[np.uint64]
    hash256: NDArray[np.uint64]
    slot: NDArray[np.int32]
    view_code: NDArray[np.uint8]
    alive: NDArray[np.uint8]
    expires_ms: NDArray[np.int64]
    group: NDArray[np.int32]


class FrameMatches(NamedTuple):
    """Entries and rows that look the same, one pair each, in no particular order.

    Attributes:
        entry, row: number of the entry in the query, and of the row in the table.
        hash64_distance_bits, hash256_distance_bits: distances of their hashes.
        groups: how many groups each moment looks like; -1 for a common moment, which has no pairs.
    """

    entry: NDArray[np.int64]
    row: NDArray[np.int64]
    hash64_distance_bits: NDArray[np.int64]
    hash256_distance_bits: NDArray[np.int64]
    groups: NDArray[np.int64]


def search_index(
    bands: Bands, table: FrameTable, query: QueryFrames, policy: Policy, time_ms: int, own_slot: int, *,
    skip_common: bool = True, groups: int = FRAME_GROUPS,
) -> FrameMatches:  # fmt: skip
    """Finds every row that looks like an entry under a policy.

    Args:
        bands: the index of the rows.
        table: the rows.
        query: the entries that are looked up.
        policy: which views are compared, and within which distances.
        time_ms: contents that have expired by then are not found.
        own_slot: slot of the submission's own content, which is not found either; -1 if it has none.
        skip_common: leave out common moments.
        groups: search groups that the rows are in, or'ed.
    """
    level = LEVEL_NUMBERS[policy.views]
    is_query = QUERY_GROUPS[level, query.view_code, query.orientation] & groups
    group_count = int(table.group.max(initial=0)) + 1
    pairs, group_counts = _search(
        bands, table, query, is_query, VIEW_PAIRS[level], _IS_WHOLE, policy.radius_bits, policy.view_radius_bits,
        policy.confirm_bits, time_ms, own_slot,
        MAX_GROUPS if skip_common else group_count, MAX_MATCHES if skip_common else 1 << 62,
        np.full(group_count, -1, np.int64),
    )  # fmt: skip
    return FrameMatches(pairs[:, 0], pairs[:, 1], pairs[:, 2], pairs[:, 3], group_counts)


def compare_frames(
    table: FrameTable, rows: NDArray[np.int64], query: QueryFrames, weights: NDArray[np.int64], policy: Policy
) -> FrameMatches:
    """Finds every row of one content that confirms an entry by hash256, at any distance of hash64.

    A caption or a logo over the picture changes hash64 by more than a radius that an index can search. But once one
    frame of a video is found, the others only have to be compared.

    Args:
        table: the rows of all contents.
        rows: the rows of the content that is compared.
        query: the entries that are compared with them.
        weights: weight of each moment; a moment with weight 0 is common and left out.
        policy: which views are compared, and within which distance.
    """
    level = LEVEL_NUMBERS[policy.views]
    is_query = QUERY_GROUPS[level, query.view_code, query.orientation] & FRAME_GROUPS
    is_query[np.repeat(weights, np.diff(query.starts)) == 0] = 0
    found = _compare(table, rows, query, np.flatnonzero(is_query), VIEW_PAIRS[level], policy.confirm_bits)
    return FrameMatches(found[:, 0], found[:, 1], found[:, 2], found[:, 3], np.zeros(0, np.int64))


def compare_reoriented_frames(
    table: FrameTable, rows: NDArray[np.int64], row_orientations: NDArray[np.uint8], query: QueryFrames,
    weights: NDArray[np.int64], policy: Policy, orientation: int,
) -> FrameMatches:  # fmt: skip
    """As `compare_frames`, for entries from `orientation.missing_orientations`, in one relative orientation only.

    `row_orientations` are those of `rows`.
    """
    level = LEVEL_NUMBERS[policy.views]
    is_query = QUERY_GROUPS[level, query.view_code, query.orientation] & FRAME_GROUPS > 0
    is_query &= np.repeat(weights, np.diff(query.starts)) > 0
    found = [np.empty((0, 4), np.int64)]
    for own in range(ORIENTATION_COUNT):
        chosen = rows[RELATIVE_ORIENTATION[row_orientations & ORIENTATION_MASK, own] == orientation]
        entries = np.flatnonzero(is_query & (query.orientation == own))
        if len(chosen) and len(entries):
            found.append(_compare(table, chosen, query, entries, VIEW_PAIRS[level], policy.confirm_bits))
    pairs = np.concatenate(found)
    return FrameMatches(pairs[:, 0], pairs[:, 1], pairs[:, 2], pairs[:, 3], np.zeros(0, np.int64))


@compiled()
def _with_more_room(found: Any) -> Any:
    """A copy with room for twice as many pairs."""
    longer = np.empty((2 * len(found), 4), np.int64)
    for at in range(len(found)):
        for number in range(4):  # numba compiles an assignment of arrays for seconds
            longer[at, number] = found[at, number]
    return longer


@compiled()
def _compare(table: Any, rows: Any, query: Any, entries: Any, view_pairs: Any, confirm_limit_bits: int) -> Any:
    """As `_search`, without an index."""
    found = np.empty((_INITIAL_ROOM, 4), np.int64)
    used = 0
    for entry in entries:
        for row in rows:
            if view_pairs[query.view_code[entry], table.view_code[row]] == NOT_COMPARED:
                continue
            distance_bits = 0
            for word in range(4):
                distance_bits += bit_count(query.hash256[entry, word] ^ table.hash256[row, word])
            if distance_bits > confirm_limit_bits:
                continue
            if used == len(found):
                found = _with_more_room(found)
            found[used, 0], found[used, 1] = entry, row
            found[used, 2], found[used, 3] = bit_count(query.hash64[entry] ^ table.hash64[row]), distance_bits
            used += 1
    return found[:used].copy()


@compiled()
def _search(
    bands: Bands, table: Any, query: Any, is_query: Any, view_pairs: Any, is_whole: Any, radius_bits: int,
    view_radius_bits: int, confirm_limit_bits: int, time_ms: int, own_slot: int, max_groups: int, max_matches: int,
    last_moment: Any,
) -> Any:  # fmt: skip
    """Entry, row and both distances of each pair (n × 4), and the number of groups of each moment.

    `last_moment` has room for the last moment that each group was counted for; -1 at first.
    """
    keys, distances = np.empty(_INITIAL_ROOM, np.uint32), np.empty(_INITIAL_ROOM, np.uint8)
    found = np.empty((_INITIAL_ROOM, 4), np.int64)
    group_counts = np.zeros(len(query.starts) - 1, np.int64)
    used = 0
    for moment in range(len(group_counts)):
        begin, groups, common = used, 0, False
        for entry in range(query.starts[moment], query.starts[moment + 1]):
            if not is_query[entry] or common:
                continue
            view = query.view_code[entry]
            widest_bits = np.int64(radius_bits if is_whole[view] else view_radius_bits)
            count = search_into(bands, query.hash64[entry], widest_bits, keys, distances)
            if count > len(keys):
                keys, distances = np.empty(2 * count, np.uint32), np.empty(2 * count, np.uint8)
                count = search_into(bands, query.hash64[entry], widest_bits, keys, distances)
            for at in range(count):
                row = keys[at]
                slot = table.slot[row]
                rule = view_pairs[view, table.view_code[row]]
                if rule == NOT_COMPARED or distances[at] > (radius_bits if rule == AS_WHOLE else view_radius_bits):
                    continue
                if slot == own_slot or not table.alive[slot] or table.expires_ms[slot] < time_ms:
                    continue
                distance_bits = 0
                for word in range(4):
                    distance_bits += bit_count(query.hash256[entry, word] ^ table.hash256[row, word])
                if distance_bits > confirm_limit_bits:
                    continue
                group = table.group[slot]
                if last_moment[group] != moment:
                    last_moment[group] = moment
                    groups += 1
                if groups > max_groups or used - begin == max_matches:
                    common = True
                    break
                if used == len(found):
                    found = _with_more_room(found)
                found[used, 0], found[used, 1] = entry, row
                found[used, 2], found[used, 3] = distances[at], distance_bits
                used += 1
        if common:
            used = begin
        group_counts[moment] = -1 if common else groups
    return found[:used].copy(), group_counts
