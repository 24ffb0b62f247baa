"""Finds the picture inside a screenshot, a meme with a caption or a page: the part between runs of plain background.

The method is the recursive X-Y cut of Nagy and Seth (1984), by which readers of scanned pages find columns: cut along
lines of plain background, across and down by turns, and go on with the part that holds most. Small grey arrays only,
at most three cuts in each direction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.borders import TOLERANCE, Pixels, Rectangle

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
    levels = _background_levels(pixels)
    if not levels:
        return None
    ink = np.ones(pixels.shape, np.bool_)
    for level in levels:
        ink &= (pixels < max(0, level - TOLERANCE)) | (pixels > min(255, level + TOLERANCE))
    height, width = pixels.shape
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
        return None
    if ink[top:bottom, left:right].mean() < MIN_FILLED_SHARE:
        return None
    return left, top, right, bottom


def _background_levels(pixels: Pixels) -> list[int]:
    """The grey levels of the outermost lines that have one colour."""
    levels: list[int] = []
    for line in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        level = int(np.median(line))
        alike = np.abs(line.astype(np.int16) - level) <= TOLERANCE
        if alike.mean() >= MIN_BACKGROUND_SHARE and not any(abs(level - other) <= TOLERANCE for other in levels):
            levels.append(level)
    return levels


def _densest_rows(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last row of the run with the most ink; rows of background separate the runs."""
    row_ink = ink.sum(axis=1)
    inked = row_ink > (1 - MIN_BACKGROUND_SHARE) * ink.shape[1]
    if inked.all() or not inked.any():
        return 0, len(inked)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inked, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    total = np.concatenate(([0], np.cumsum(row_ink)))
    densest = int((total[ends] - total[starts]).argmax())
    return int(starts[densest]), int(ends[densest])
