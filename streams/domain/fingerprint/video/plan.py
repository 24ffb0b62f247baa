"""Which parts of a video are read, planned by its index; numbers only.

A part is the beginning of a group of pictures: a keyframe and some of the frames after it. Parts are chosen by instants
that depend on nothing but the time since the beginning. So two encodings of one video are read at the same instants,
although their keyframes and budgets differ. Instants at multiples of the largest power of two of STEP_MS come first,
then those halfway between them, and so on. First, keyframes are chosen, as many as their share of the budget allows;
then, for each instant, the frames from the keyframe before it until BURST_MS after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

STEP_MS: Final = 500
BURST_MS: Final = 1000
"""Two copies of a scene in motion match if both were sampled at one instant. The longer the burst, the more likely that
is when one copy is shifted."""

KEYFRAME_COST: Final = 3
"""Decoding a keyframe takes about this many times as long as another frame."""

KEYFRAME_SHARE: Final = 0.7
"""Share of the budget for keyframes; the rest is left for the frames between them."""

MAX_KEYFRAMES: Final = 400
MERGED_BYTES: Final = 512
"""Frames with a smaller gap are read at once, and the gap (sound) counts as read. A source may merge wider gaps."""


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """The frames of a video in the order in which they are decoded, beginning with a keyframe.

    Attributes:
        at_ms: when each frame is decoded, from the first on. Estimated between keyframes if the index lists no others.
        ticks: the same in the units of the container.
        offset: where each frame is in the file.
        size: its bytes.
        keyframes: numbers of the keyframes.
        exact: these bytes, and no others, are needed to decode these frames.
    """

    at_ms: NDArray[np.float64]
    ticks: NDArray[np.int64]
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    keyframes: NDArray[np.int64]
    exact: bool

    def group_edges(self) -> NDArray[np.int64]:
        """The numbers of the first frame of each group of pictures, then the number of frames."""
        return np.append(self.keyframes, len(self.at_ms))


@dataclass(frozen=True, slots=True)
class ReadBudget:
    """How much may be read and decoded. A keyframe counts as KEYFRAME_COST frames."""

    read_bytes: float
    frames: float


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """`count` frames from keyframe `first` on. `joined`: no keyframe lies between this part and the one before."""

    first: int
    count: int
    joined: bool


def sampling_instants(duration_ms: float) -> NDArray[np.int64]:
    """All multiples of STEP_MS within a duration, in ms; multiples of larger powers of two first."""
    steps = np.arange(int(duration_ms // STEP_MS) + 1, dtype=np.int64)
    power = steps & -steps
    power[0] = 1 << 62
    return steps[np.argsort(-power, kind="stable")] * STEP_MS


def plan_parts(index: FrameIndex, budget: ReadBudget) -> list[PlannedPart]:
    """The parts to read, in the order of the index; at least the first keyframe."""
    at = index.at_ms
    order = sampling_instants(float(at[-1]))
    starts = at[index.keyframes]
    group_of = np.maximum(np.searchsorted(starts, order, side="right") - 1, 0)
    taken = np.zeros(len(index.keyframes), np.int64)
    cost = np.concatenate(([0], np.cumsum(_frame_bytes(index))))
    left = _take_keyframes(index, budget, group_of, taken)
    _take_bursts(index, left, order, group_of, taken, cost)
    return _merged_parts(index, taken)


class PartShortener:
    """Shortens parts of estimated size, so that together they keep to a number of bytes.

    Args:
        sizes: the estimated bytes of the parts, in reading order.
        bytes_before: bytes read before the first part.
        max_bytes: bytes that may be read in all, those before the first part included.
    """

    def __init__(self, sizes: Sequence[int], bytes_before: int, max_bytes: float) -> None:
        self._sizes = sizes
        self._left = float(sum(sizes))
        self._estimated = 0.0
        self._bytes_before = bytes_before
        self._max_bytes = max_bytes

    def frame_count(self, number: int, planned: int, read_bytes: int) -> int:
        """How many of its planned frames to read of the next part; 0 to skip the part.

        Args:
            number: of the part, from 0.
            planned: its number of frames.
            read_bytes: bytes read before it.
        """
        allowed = self._max_bytes - read_bytes
        if number and allowed <= 0:
            return 0
        excess = max(1.0, (read_bytes - self._bytes_before) / self._estimated) if self._estimated else 1.0
        count = max(1, int(planned * min(1.0, allowed / (excess * self._left or 1.0))))
        self._estimated += self._sizes[number] * count / planned
        self._left -= self._sizes[number]
        return count


def seek_targets(index: FrameIndex, start_ticks: int | None) -> NDArray[np.int64]:
    """The times that FFmpeg is asked to seek, by frame. Only those of keyframes matter.

    MP4 is sought by the time at which a frame is shown. That is later than its decoding time, by at most as much as for
    the first frame. So the target of a keyframe is not before it is shown, nor after the next one is decoded.
    """
    delay = max(0, start_ticks - int(index.ticks[0])) if start_ticks is not None else 0
    edges = index.group_edges()
    last = np.append(index.ticks[edges[1:-1]], index.ticks[-1] + 1)
    room = np.maximum(0, last - index.ticks[index.keyframes] - 1) // 2
    targets = index.ticks.copy()
    targets[index.keyframes] += np.minimum(delay, room)
    return targets


def part_extents(index: FrameIndex, parts: list[PlannedPart]) -> list[tuple[int, int]]:
    """Offset and length of the parts in the file, in their order; close ones are merged."""
    extents: list[tuple[int, int]] = []
    for part in parts:
        for number in range(part.first, part.first + part.count):
            offset, size = int(index.offset[number]), int(index.size[number])
            if extents and 0 <= offset - sum(extents[-1]) <= MERGED_BYTES:
                extents[-1] = (extents[-1][0], offset + size - extents[-1][0])
            else:
                extents.append((offset, size))
    return extents


def _frame_bytes(index: FrameIndex) -> NDArray[np.int64]:
    """The bytes that each frame costs, with the gap before it if that is read, too."""
    gaps = np.diff(index.offset) - index.size[:-1]
    gaps[(gaps < 0) | (gaps > MERGED_BYTES)] = 0
    return index.size + np.concatenate(([0], gaps))


def _take_keyframes(
    index: FrameIndex, budget: ReadBudget, group_of: NDArray[np.int64], taken: NDArray[np.int64]
) -> ReadBudget:
    """Take the keyframes before the instants, in the order of the instants. Returns the rest of the budget.

    Args:
        index: of the video.
        budget: for everything.
        group_of: the group of pictures that each instant falls into.
        taken: frames taken of each group; changed here.
    """
    groups = np.arange(len(taken))
    ranked = np.concatenate((group_of, groups))
    _, firsts = np.unique(ranked, return_index=True)
    ranked = ranked[np.sort(firsts)]
    sizes = np.cumsum(index.size[index.keyframes[ranked]])
    limit = min(MAX_KEYFRAMES, int(KEYFRAME_SHARE * budget.frames / KEYFRAME_COST))
    count = max(1, min(limit, int(np.searchsorted(sizes, KEYFRAME_SHARE * budget.read_bytes, side="right"))))
    taken[ranked[:count]] = 1
    count = min(count, len(ranked))
    return ReadBudget(budget.read_bytes - float(sizes[count - 1]), budget.frames - KEYFRAME_COST * count)


def _take_bursts(
    index: FrameIndex,
    left: ReadBudget,
    order: NDArray[np.int64],
    group_of: NDArray[np.int64],
    taken: NDArray[np.int64],
    cost: NDArray[np.int64],
) -> None:
    """Extend the groups at the instants until the budget is used up.

    Args:
        index: of the video.
        left: the budget after the keyframes.
        order: the instants in ms, in the order in which they are served.
        group_of: the group of pictures that each instant falls into.
        taken: frames taken of each group; changed here.
        cost: bytes of all frames before each frame.
    """
    read_bytes, frames = left.read_bytes, left.frames
    edges = index.group_edges()
    ends = np.searchsorted(index.at_ms, order + BURST_MS, side="right")
    for first_group, end in zip(group_of.tolist(), ends.tolist(), strict=True):
        if frames < 1 or read_bytes < 1:
            return
        group = first_group
        while group < len(taken) and edges[group] < end:
            begin = int(edges[group])
            until = min(int(end), int(edges[group + 1]))
            more = until - begin - int(taken[group])
            if more > 0:
                needed_bytes = int(cost[until] - cost[begin + taken[group]])
                needed_frames = more if taken[group] else more - 1 + KEYFRAME_COST
                if needed_bytes > read_bytes or needed_frames > frames:
                    break
                read_bytes, frames = read_bytes - needed_bytes, frames - needed_frames
                taken[group] = until - begin
            group += 1


def _merged_parts(index: FrameIndex, taken: NDArray[np.int64]) -> list[PlannedPart]:
    """The parts that were taken; a group that begins where the part before ends is merged into it."""
    parts: list[PlannedPart] = []
    before = -2
    edges = index.group_edges()
    for group in np.flatnonzero(taken).tolist():
        first, count = int(edges[group]), int(taken[group])
        if parts and parts[-1].first + parts[-1].count == first:
            parts[-1] = PlannedPart(parts[-1].first, parts[-1].count + count, parts[-1].joined)
        else:
            parts.append(PlannedPart(first, count, before == group - 1))
        before = group
    return parts
