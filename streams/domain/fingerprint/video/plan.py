"""Which parts of a video are read, told by its index; pure numbers.

A part is the beginning of a group of pictures: a keyframe and some of the frames behind it. Parts are chosen by
instants that depend on nothing but the time from the beginning, so that two encodings of one video, which have their
keyframes elsewhere and other budgets, are read at the same instants: those at multiples of the greatest power of two
of STEP_MS first, then those between them, and so on. First keyframes are chosen, as many as their share of the budgets
allows; then, for each instant, what is from the keyframe before it until BURST_MS behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

STEP_MS: Final = 500
BURST_MS: Final = 1000
"""Under motion two videos meet where both were sampled at one instant; the longer, the likelier when one is shifted."""

KEYFRAME_COST: Final = 3
"""Decoding a keyframe takes about so many times as long as another frame."""

KEYFRAME_SHARE: Final = 0.7
"""Of the budgets that keyframes may use, so that something is left for what is between them."""

MOST_KEYFRAMES: Final = 400
MERGED_BYTES: Final = 512
"""Frames so near to each other are read in one go, and what is between them (sound) counts as read. Whether more is
worth while is for a source to say."""


@dataclass(frozen=True, slots=True)
class Index:
    """Frames in the order in which they are decoded, the first of which is a keyframe.

    `at_ms` is when a frame is decoded, from the first on; `ticks` the same in the units of the container. Where an
    index names keyframes alone, what is between them is an estimate. `exact`: nothing but these bytes is needed to get
    these frames.
    """

    at_ms: NDArray[np.float64]
    ticks: NDArray[np.int64]
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    keyframes: NDArray[np.int64]
    exact: bool

    def groups(self) -> NDArray[np.int64]:
        """Where groups of pictures begin, and the number of frames at the end."""
        return np.append(self.keyframes, len(self.at_ms))


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be read, and decoded: `frames` counts each keyframe KEYFRAME_COST times."""

    read_bytes: float
    frames: float


@dataclass(frozen=True, slots=True)
class Part:
    """`count` frames from a keyframe on. `joined`: no keyframe is between it and the part before."""

    first: int
    count: int
    joined: bool


def instants(duration_ms: float) -> NDArray[np.int64]:
    """All multiples of STEP_MS within a duration, in ms, those of greater powers of two first."""
    steps = np.arange(int(duration_ms // STEP_MS) + 1, dtype=np.int64)
    power = steps & -steps
    power[0] = 1 << 62
    return steps[np.argsort(-power, kind="stable")] * STEP_MS


def choose(index: Index, budget: Budget) -> list[Part]:
    """The parts that are read, in the order of the index; at least the first keyframe."""
    at = index.at_ms
    order = instants(float(at[-1]))
    starts = at[index.keyframes]
    group_of = np.maximum(np.searchsorted(starts, order, side="right") - 1, 0)
    taken = np.zeros(len(index.keyframes), np.int64)
    cost = np.concatenate(([0], np.cumsum(_bytes(index))))
    left = _take_keyframes(index, budget, group_of, taken)
    _take_bursts(index, left, order, group_of, taken, cost)
    return _parts(index, taken)


class Pace:
    """Shortens parts whose sizes were estimated, so that all of them together keep to a number of bytes.

    Args:
        sizes: estimates of the parts' bytes, in the order in which they are read.
        began_bytes: read before the first.
        most_bytes: to be read, with those.
    """

    def __init__(self, sizes: Sequence[int], began_bytes: int, most_bytes: float) -> None:
        self._sizes = sizes
        self._left = float(sum(sizes))
        self._estimated = 0.0
        self._began_bytes = began_bytes
        self._most_bytes = most_bytes

    def count(self, number: int, wanted: int, read_bytes: int) -> int:
        """How many of the wanted frames of the next part to read, when so many bytes were read before; 0 if none."""
        allowed = self._most_bytes - read_bytes
        if number and allowed <= 0:
            return 0
        worse = max(1.0, (read_bytes - self._began_bytes) / self._estimated) if self._estimated else 1.0
        count = max(1, int(wanted * min(1.0, allowed / (worse * self._left or 1.0))))
        self._estimated += self._sizes[number] * count / wanted
        self._left -= self._sizes[number]
        return count


def seek_targets(index: Index, start_ticks: int | None) -> NDArray[np.int64]:
    """Of each keyframe, a time that is not before it is shown nor after the next is decoded; of other frames, any.

    MP4 is sought by when frames are shown, which is as much later as the first is shown, or less.
    """
    later = max(0, start_ticks - int(index.ticks[0])) if start_ticks is not None else 0
    edges = index.groups()
    last = np.append(index.ticks[edges[1:-1]], index.ticks[-1] + 1)
    room = np.maximum(0, last - index.ticks[index.keyframes] - 1) // 2
    targets = index.ticks.copy()
    targets[index.keyframes] += np.minimum(later, room)
    return targets


def extents(index: Index, parts: list[Part]) -> list[tuple[int, int]]:
    """Offset and length of what the parts take up in the file, in their order, near ones as one."""
    found: list[tuple[int, int]] = []
    for part in parts:
        for number in range(part.first, part.first + part.count):
            offset, size = int(index.offset[number]), int(index.size[number])
            if found and 0 <= offset - sum(found[-1]) <= MERGED_BYTES:
                found[-1] = (found[-1][0], offset + size - found[-1][0])
            else:
                found.append((offset, size))
    return found


def _bytes(index: Index) -> NDArray[np.int64]:
    """Of each frame, with what is read between it and the frame before."""
    gaps = np.diff(index.offset) - index.size[:-1]
    gaps[(gaps < 0) | (gaps > MERGED_BYTES)] = 0
    return index.size + np.concatenate(([0], gaps))


def _take_keyframes(index: Index, budget: Budget, group_of: NDArray[np.int64], taken: NDArray[np.int64]) -> Budget:
    """Take keyframes in the order of the instants that they are before; what is left of the budget."""
    groups = np.arange(len(taken))
    ranked = np.concatenate((group_of, groups))
    _, firsts = np.unique(ranked, return_index=True)
    ranked = ranked[np.sort(firsts)]
    sizes = np.cumsum(index.size[index.keyframes[ranked]])
    most = min(MOST_KEYFRAMES, int(KEYFRAME_SHARE * budget.frames / KEYFRAME_COST))
    count = max(1, min(most, int(np.searchsorted(sizes, KEYFRAME_SHARE * budget.read_bytes, side="right"))))
    taken[ranked[:count]] = 1
    count = min(count, len(ranked))
    return Budget(budget.read_bytes - float(sizes[count - 1]), budget.frames - KEYFRAME_COST * count)


def _take_bursts(
    index: Index,
    left: Budget,
    order: NDArray[np.int64],
    group_of: NDArray[np.int64],
    taken: NDArray[np.int64],
    cost: NDArray[np.int64],
) -> None:
    """Lengthen the groups at instants, until the budgets are used."""
    read_bytes, frames = left.read_bytes, left.frames
    edges = index.groups()
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
                asked = int(cost[until] - cost[begin + taken[group]])
                worked = more if taken[group] else more - 1 + KEYFRAME_COST
                if asked > read_bytes or worked > frames:
                    break
                read_bytes, frames = read_bytes - asked, frames - worked
                taken[group] = until - begin
            group += 1


def _parts(index: Index, taken: NDArray[np.int64]) -> list[Part]:
    """Chosen groups; one that goes on where the one before ends is part of it."""
    found: list[Part] = []
    before = -2
    edges = index.groups()
    for group in np.flatnonzero(taken).tolist():
        first, count = int(edges[group]), int(taken[group])
        if found and found[-1].first + found[-1].count == first:
            found[-1] = Part(found[-1].first, found[-1].count + count, found[-1].joined)
        else:
            found.append(Part(first, count, before == group - 1))
        before = group
    return found
