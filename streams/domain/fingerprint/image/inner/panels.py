"""Finds the pictures of a collage: parts between plain white or black gutters. Small grey arrays only.

As in screenshot.py, the picture is cut along plain lines, across and down by turns; here, all parts count. It is cut at
most MAX_DEPTH times, and into MAX_PANELS parts.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.inner.borders import TOLERANCE, Pixels, Rectangle
from streams.domain.hamming.jit import compiled
from streams.domain.hashes.views import MAX_PANELS

WHITE, BLACK = 255, 0

MIN_GUTTER_PERCENT = 95
"""Share of a gutter's line that has its colour."""

SAMPLED_PIXELS = 8
MIN_SAMPLE_PERCENT = 80
"""Most pictures have no line that looks like a gutter in a sample of its pixels, which takes less time than all."""

MIN_PANEL_SHARE = 0.2
"""Of the picture's width, and of its height."""

MAX_GUTTER_SHARE = 0.12
"""Of the picture's width or height. A wider gap is a background, not a gutter."""

MIN_FILLED_SHARE = 0.5
"""Share of a panel that does not have the colour of the gutters. Pages of text have less."""

MAX_DEPTH = 3

Runs = list[tuple[int, int]]


def find_panels(pixels: Pixels) -> list[Rectangle]:
    """The panels of a collage from top left to bottom right, at most MAX_PANELS; none if it is not a collage.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    for level in (WHITE, BLACK):
        if not _may_have_gutters(pixels, level):
            continue
        panels = _panels_between(pixels, level, (0, 0, pixels.shape[1], pixels.shape[0]), MAX_DEPTH)
        if 2 <= len(panels) <= MAX_PANELS and all(_is_filled(pixels, level, panel) for panel in panels):
            return panels
    return []


def _is_filled(pixels: Pixels, level: int, panel: Rectangle) -> bool:
    rows, _ = _count_level(pixels, level, panel)
    area = (panel[2] - panel[0]) * (panel[3] - panel[1])
    return int(rows.sum()) <= (1 - MIN_FILLED_SHARE) * area


def _panels_between(pixels: Pixels, level: int, part: Rectangle, depth: int) -> list[Rectangle]:
    """The parts of a part between gutters of a level, cut again until none has a gutter."""
    left, top, right, bottom = part
    height, width = pixels.shape
    counts = _count_level(pixels, level, part)
    rows, columns = _runs(counts[0], right - left, height), _runs(counts[1], bottom - top, width)
    if not rows or not columns or len(rows) * len(columns) > MAX_PANELS:
        return []
    pieces = [(left + first, top + upper, left + last, top + lower) for upper, lower in rows for first, last in columns]
    if depth == 0 or pieces == [part]:
        return pieces
    return [panel for piece in pieces for panel in _panels_between(pixels, level, piece, depth - 1)]


def _count_level(pixels: Pixels, level: int, part: Rectangle) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """How many pixels of a part have a level, by row and by column."""
    left, top, right, bottom = part
    rows, columns = np.zeros(bottom - top, np.int32), np.zeros(right - left, np.int32)
    _count(pixels[top:bottom, left:right], level, rows, columns)
    return rows, columns


@compiled()
def _count(pixels: Any, level: int, rows: Any, columns: Any) -> None:
    lowest, highest = np.uint8(max(level - TOLERANCE, 0)), np.uint8(min(level + TOLERANCE, 255))
    for y in range(len(rows)):
        row = np.int32(0)
        for x in range(len(columns)):
            has_level = np.int32(lowest <= pixels[y, x] <= highest)
            row += has_level
            columns[x] += has_level
        rows[y] = row


@compiled()
def _may_have_gutters(pixels: Any, level: int) -> bool:
    """Whether a line of the picture may be a gutter, by every SAMPLED_PIXELS-th of its pixels."""
    lowest, highest = max(level - TOLERANCE, 0), min(level + TOLERANCE, 255)
    for across in range(2):
        lines = pixels.T if across else pixels
        for line in range(len(lines)):
            count, of_level = 0, 0
            for at in range(SAMPLED_PIXELS // 2, lines.shape[1], SAMPLED_PIXELS):
                count += 1
                of_level += lowest <= lines[line, at] <= highest
            if 100 * of_level >= MIN_SAMPLE_PERCENT * count:
                return True
    return False


def _runs(counts: NDArray[np.int32], length: int, side: int) -> Runs:
    """The runs of lines that are not gutters; none if one is too short, or two are too far apart to be neighbours.

    Args:
        counts: pixels of the gutters' colour, by line.
        length: of a line.
        side: lines of the whole picture.
    """
    edges = np.flatnonzero(np.diff(100 * counts < MIN_GUTTER_PERCENT * length, prepend=False, append=False)).tolist()
    runs = list(zip(edges[::2], edges[1::2], strict=True))
    too_short = any(end - start < MIN_PANEL_SHARE * side for start, end in runs)
    too_far = any(start - end > MAX_GUTTER_SHARE * side for (_, end), (start, _) in pairwise(runs))
    return [] if too_short or too_far else runs
