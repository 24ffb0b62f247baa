"""Finds the picture inside a screenshot, a meme with a caption or a page: the part between runs of plain background.

The method is the recursive X-Y cut of Nagy and Seth (1984), by which readers of scanned pages find columns: cut along
lines of plain background, across and down by turns, and go on with the part that holds most. Small grey arrays only,
at most three cuts in each direction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.domain.fingerprint.image.inner.borders import TOLERANCE, Pixels, Rectangle, median_level
from streams.domain.hamming.jit import compiled

MIN_BACKGROUND_SHARE = 0.98
"""Share of a background line that has the background's colour; the rest may be a ringing edge."""

MIN_FILLED_SHARE = 0.6
"""Share of the rectangle that is not background. Text is thinner than this, pictures are denser."""

MIN_SIDE_SHARE = 0.15
"""Of the width and of the height."""

MAX_CUTS = 3
"""In each direction."""


def inside_of_screenshot(pixels: Pixels) -> Rectangle | None:
    """The rectangle of the picture inside a screenshot, or None if the picture is not a screenshot.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    left, top, right, bottom = (int(edge) for edge in _find_inside(pixels))
    return (left, top, right, bottom) if right > left else None


@compiled()
def _find_inside(pixels: Any) -> Any:
    """Left, top, right and bottom of the picture; four zeros if there is none."""
    levels = np.empty(4, np.int64)
    count = _background_levels(pixels, levels)
    if count == 0:
        return 0, 0, 0, 0
    height, width = pixels.shape
    ink = np.empty((height, width), np.bool_)
    for y in range(height):
        for x in range(width):
            ink[y, x] = True
            for level in levels[:count]:
                ink[y, x] &= abs(pixels[y, x] - level) > TOLERANCE
    left, top, right, bottom = 0, 0, width, height
    for _ in range(MAX_CUTS):
        before = (left, top, right, bottom)
        first, last = _densest_rows(ink[top:bottom, left:right])
        top, bottom = top + first, top + last
        first, last = _densest_rows(ink[top:bottom, left:right].T)
        left, right = left + first, left + last
        if (left, top, right, bottom) == before:
            break
    if right - left < MIN_SIDE_SHARE * width or bottom - top < MIN_SIDE_SHARE * height:
        return 0, 0, 0, 0
    filled = 0
    for row in ink[top:bottom, left:right]:
        filled += _ink(row)
    if filled / ((bottom - top) * (right - left)) < MIN_FILLED_SHARE:
        return 0, 0, 0, 0
    return left, top, right, bottom


@compiled()
def _background_levels(pixels: Any, levels: Any) -> Any:
    """Write the grey levels of the outermost lines that have one colour; their number."""
    count = _add_level(pixels[0], levels, np.int64(0))
    count = _add_level(pixels[-1], levels, count)
    count = _add_level(pixels[:, 0], levels, count)
    return _add_level(pixels[:, -1], levels, count)


@compiled()
def _add_level(line: Any, levels: Any, count: int) -> int:
    """Add the level of a line, if it has one colour and the level is new; the new number of levels."""
    level, alike = median_level(line), 0
    for pixel in line:
        alike += abs(pixel - level) <= TOLERANCE
    if alike / len(line) < MIN_BACKGROUND_SHARE:
        return count
    for other in levels[:count]:
        if abs(level - other) <= TOLERANCE:
            return count
    levels[count] = level
    return count + 1


@compiled()
def _densest_rows(ink: Any) -> Any:
    """First and last row of the run with the most ink; rows of background separate the runs."""
    rows, columns = ink.shape
    densest, densest_ink, run_ink, start = (0, rows), 0, 0, -1
    for row in range(rows + 1):
        row_ink = _ink(ink[row]) if row < rows else 0
        if row_ink > (1 - MIN_BACKGROUND_SHARE) * columns:
            start = row if start < 0 else start
            run_ink += row_ink
        elif start >= 0:
            if run_ink > densest_ink:
                densest, densest_ink = (start, row), run_ink
            run_ink, start = 0, -1
    return densest


@compiled()
def _ink(line: Any) -> int:
    """The number of pixels with ink."""
    count = 0
    for inked in line:
        count += inked
    return count
