"""The kernel that finds for the frames of a submission what rows of an index look the same; numba, without the GIL.

Rows are frames of known videos, or entries of known pictures: a frame is a picture. What follows from what is found is
elsewhere. Its slow twin stands in tests/reference/videos.py.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.intrinsics import bit_count
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.search import Bands, search_into
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.orientation import ORIENTATION_COUNT
from streams.domain.hashes.packing import ORIENTATION_MASK
from streams.domain.hashes.views import AS_WHOLE, GROUP_WHOLE, NOT_COMPARED, QUERY_GROUPS, VIEW_PAIRS, VIEWS
from streams.domain.match.videos.orientation import BETWEEN
from streams.domain.policy.policy import Policy

MOST_GROUPS: Final = 128
"""A moment that looks like one of more groups is common: it tells nothing, and no more of it is looked at."""

MOST_PAIRS: Final = 8192
"""So is one that looks like more rows."""

_FIRST_FOUND: Final = 4096
_IS_WHOLE: Final = np.array([view.whole for view in VIEWS])


class QueryFrames(NamedTuple):
    """Entries that are looked up, those of one moment together.

    Attributes:
        starts: where each moment's entries begin, and where the last one's end.
        near, confirm: hashes, uint64 [n] and [n, 4].
        view_code, turn: as in views.ENTRY.
    """

    starts: NDArray[np.int64]
    near: NDArray[np.uint64]
    confirm: NDArray[np.uint64]
    view_code: NDArray[np.uint8]
    turn: NDArray[np.uint8]

    @classmethod
    def from_entries(cls, entries: NDArray[np.void], starts: NDArray[np.int64]) -> QueryFrames:
        return cls(
            starts,
            entries["near"].astype(np.uint64),
            np.ascontiguousarray(entries["confirm"].astype(np.uint64)),
            # Copies, also of a single entry: for an array that cannot be written to, kernels would be compiled anew.
            entries["view"].copy(),
            entries["turn"].copy(),
        )


class FrameTable(NamedTuple):
    """What is looked through: rows by their key in the index, and the contents that they are of, by slot."""

    near: NDArray[np.uint64]
    confirm: NDArray[np.uint64]
    slot: NDArray[np.int32]
    view_code: NDArray[np.uint8]
    alive: NDArray[np.uint8]
    expires_ms: NDArray[np.int64]
    group: NDArray[np.int32]


class FrameMatches(NamedTuple):
    """What looks the same: a row for each pair, in no particular order.

    Attributes:
        entry, row: numbers of both.
        near_bits, confirm_bits: how far their hashes are apart.
        groups: of each moment, how many groups it was seen in; -1 for one that is common, of which there are no pairs.
    """

    entry: NDArray[np.int64]
    row: NDArray[np.int64]
    near_bits: NDArray[np.int64]
    confirm_bits: NDArray[np.int64]
    groups: NDArray[np.int64]


def search_index(
    bands: Bands, among: FrameTable, asked: QueryFrames, policy: Policy, time_ms: int, own: int, *, limited: bool = True
) -> FrameMatches:
    """Every row that a policy takes for the same as an entry.

    Args:
        bands: the index of the rows.
        among: the rows.
        asked: what is looked up.
        policy: which views are compared, and within which distances.
        time_ms: contents that are forgotten by then are not seen.
        own: the slot of the submission's own content, which is not seen either; -1 if it has none.
        limited: leave out moments that are common.
    """
    level = LEVEL_NUMBERS[policy.views]
    allowed = QUERY_GROUPS[level, asked.view_code, asked.turn] & GROUP_WHOLE
    groups = int(among.group.max(initial=0)) + 1
    pairs, counts = _look_through(
        bands, among, asked, allowed, VIEW_PAIRS[level], _IS_WHOLE, policy.radius_bits, policy.view_radius_bits,
        policy.confirm_bits, time_ms, own, MOST_GROUPS if limited else groups, MOST_PAIRS if limited else 1 << 62,
        np.full(groups, -1, np.int64),
    )  # fmt: skip
    return FrameMatches(pairs[:, 0], pairs[:, 1], pairs[:, 2], pairs[:, 3], counts)


def look_at(
    among: FrameTable, rows: NDArray[np.int64], asked: QueryFrames, weights: NDArray[np.int64], policy: Policy
) -> FrameMatches:
    """Every row of one content that confirms an entry, however far the hashes are apart that are looked up by.

    A text or a logo over the picture changes these by more than a radius that can be looked up; but where one frame of
    a video was found, the others need no more than a comparison.

    Args:
        among: the rows.
        rows: those of the content that are compared.
        asked: what is compared with them.
        weights: of each moment; one without is common and left out.
        policy: which views are compared, and within which distance.
    """
    level = LEVEL_NUMBERS[policy.views]
    allowed = QUERY_GROUPS[level, asked.view_code, asked.turn] & GROUP_WHOLE
    allowed[np.repeat(weights, np.diff(asked.starts)) == 0] = 0
    found = _look_at(among, rows, asked, np.flatnonzero(allowed), VIEW_PAIRS[level], policy.confirm_bits)
    return FrameMatches(found[:, 0], found[:, 1], found[:, 2], found[:, 3], np.zeros(0, np.int64))


def look_at_turned(
    among: FrameTable, rows: NDArray[np.int64], row_turns: NDArray[np.uint8], turned: QueryFrames,
    weights: NDArray[np.int64],
    policy: Policy, turn: int,
) -> FrameMatches:  # fmt: skip
    """As `look_at`, of entries in any turn (`video_turning.in_other_turns`) those that say that this one was done.

    `row_turns` are those of `rows`.
    """
    level = LEVEL_NUMBERS[policy.views]
    allowed = QUERY_GROUPS[level, turned.view_code, turned.turn] & GROUP_WHOLE > 0
    allowed &= np.repeat(weights, np.diff(turned.starts)) > 0
    found = [np.empty((0, 4), np.int64)]
    for own in range(ORIENTATION_COUNT):
        chosen = rows[BETWEEN[row_turns & ORIENTATION_MASK, own] == turn]
        entries = np.flatnonzero(allowed & (turned.turn == own))
        if len(chosen) and len(entries):
            found.append(_look_at(among, chosen, turned, entries, VIEW_PAIRS[level], policy.confirm_bits))
    pairs = np.concatenate(found)
    return FrameMatches(pairs[:, 0], pairs[:, 1], pairs[:, 2], pairs[:, 3], np.zeros(0, np.int64))


@compiled()
def _grown(found: Any) -> Any:
    """With room for twice as many pairs."""
    longer = np.empty((2 * len(found), 4), np.int64)
    longer[: len(found)] = found
    return longer


@compiled()
def _look_at(among: Any, rows: Any, asked: Any, entries: Any, pairs: Any, confirm_limit: int) -> Any:
    """As `_look_through`, without an index."""
    found = np.empty((_FIRST_FOUND, 4), np.int64)
    used = 0
    for entry in entries:
        for row in rows:
            if pairs[asked.view_code[entry], among.view_code[row]] == NOT_COMPARED:
                continue
            confirm_bits = 0
            for word in range(4):
                confirm_bits += bit_count(asked.confirm[entry, word] ^ among.confirm[row, word])
            if confirm_bits > confirm_limit:
                continue
            if used == len(found):
                found = _grown(found)
            found[used, 0], found[used, 1] = entry, row
            found[used, 2], found[used, 3] = bit_count(asked.near[entry] ^ among.near[row]), confirm_bits
            used += 1
    return found[:used].copy()


@compiled()
def _look_through(
    bands: Bands, among: Any, asked: Any, allowed: Any, pairs: Any, is_whole: Any, radius: int, view_radius: int,
    confirm_limit: int, time_ms: int, own: int, most_groups: int, most_pairs: int, stamps: Any,
) -> Any:  # fmt: skip
    """Entry, row, distances of each pair (n × 4), and the groups of each moment; `stamps` is -1 for each group."""
    keys, distances = np.empty(_FIRST_FOUND, np.uint32), np.empty(_FIRST_FOUND, np.uint8)
    found = np.empty((_FIRST_FOUND, 4), np.int64)
    counts = np.zeros(len(asked.starts) - 1, np.int64)
    used = 0
    for moment in range(len(counts)):
        begin, groups, common = used, 0, False
        for entry in range(asked.starts[moment], asked.starts[moment + 1]):
            if not allowed[entry] or common:
                continue
            view = asked.view_code[entry]
            widest = np.int64(radius if is_whole[view] else view_radius)
            count = search_into(bands, asked.near[entry], widest, keys, distances)
            if count > len(keys):
                keys, distances = np.empty(2 * count, np.uint32), np.empty(2 * count, np.uint8)
                count = search_into(bands, asked.near[entry], widest, keys, distances)
            for at in range(count):
                row = keys[at]
                slot = among.slot[row]
                rule = pairs[view, among.view_code[row]]
                if rule == NOT_COMPARED or distances[at] > (radius if rule == AS_WHOLE else view_radius):
                    continue
                if slot == own or not among.alive[slot] or among.expires_ms[slot] < time_ms:
                    continue
                confirm_bits = 0
                for word in range(4):
                    confirm_bits += bit_count(asked.confirm[entry, word] ^ among.confirm[row, word])
                if confirm_bits > confirm_limit:
                    continue
                group = among.group[slot]
                if stamps[group] != moment:
                    stamps[group] = moment
                    groups += 1
                if groups > most_groups or used - begin == most_pairs:
                    common = True
                    break
                if used == len(found):
                    found = _grown(found)
                found[used, 0], found[used, 1] = entry, row
                found[used, 2], found[used, 3] = distances[at], confirm_bits
                used += 1
        if common:
            used = begin
        counts[moment] = -1 if common else groups
    return found[:used].copy(), counts
