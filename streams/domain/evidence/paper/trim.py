"""Plain bars and borders around a page, which copies gain and lose, are found so that they can be cut.

A bar has one level, and a step ends it: the line behind the bar differs from the bar over most of its length. The
margin of a page ends at a few letters, which is no step, so margins stay.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.hamming.jit import compiled

SAME_LEVEL: Final = 12
PLAIN_PERCENT: Final = 95
"""A line belongs to a bar if so much of it is within SAME_LEVEL grey levels of the bar."""

STEP: Final = 24
STEP_PERCENT: Final = 75
"""A step: so much of a line differs from the bar by more than STEP grey levels."""

MAX_CUT_PERCENT: Final = 40
"""A bar on one side takes at most so much of the picture."""

SAMPLES: Final = 128
"""About so many pixels of a line are looked at."""

ROUNDS: Final = 2
"""A border may lie inside bars."""


@compiled()
def find_page(pixels: Any) -> Any:
    """The page inside bars and borders: left, top, right and bottom in pixels.

    Args:
        pixels: uint8, the whole picture.
    """
    height, width = pixels.shape
    left, top, right, bottom = 0, 0, width, height
    for _ in range(ROUNDS):
        rows, columns = pixels[top:bottom, left:right], pixels[top:bottom, left:right].T
        upper, lower = _bar(rows), _bar(rows[::-1])
        before, after = _bar(columns), _bar(columns[::-1])
        top, bottom, left, right = top + upper, bottom - lower, left + before, right - after
    return left, top, right, bottom


@compiled()
def _bar(lines: Any) -> int:
    """Lines of the bar at the start; 0 where there is none."""
    count, length = lines.shape
    stride = max(length // SAMPLES, 1)
    level = _median(lines[0], stride)
    bar, limit, gap = 0, count * MAX_CUT_PERCENT // 100, max(count // 100, 1)
    while bar < limit and _share_within(lines[bar], stride, level, SAME_LEVEL) >= PLAIN_PERCENT:
        bar += 1
    if bar == 0 or bar >= limit or bar + gap >= count:
        return 0
    if 100 - _share_within(lines[bar + gap], stride, level, STEP) < STEP_PERCENT:
        return 0
    return bar


@compiled()
def _median(line: Any, stride: int) -> int:
    """The upper median of every `stride`-th pixel."""
    counts, pixels = np.zeros(256, np.int64), 0
    for at in range(0, len(line), stride):
        counts[line[at]] += 1
        pixels += 1
    level, below = 0, counts[0]
    while below <= pixels // 2:
        level += 1
        below += counts[level]
    return level


@compiled()
def _share_within(line: Any, stride: int, level: int, reach: int) -> int:
    """The percentage of a line that is within reach of a level, rounded down."""
    within, looked_at = 0, 0
    for at in range(0, len(line), stride):
        looked_at += 1
        if abs(np.int64(line[at]) - level) <= reach:
            within += 1
    return within * 100 // looked_at
