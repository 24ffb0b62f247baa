"""Where the picture is inside of a screenshot, a meme with a caption, a page: between runs of plain background.

The rectangle is found as readers of scanned pages find columns: by cutting along lines that are nothing but
background, in turn across and down (the recursive X-Y cut of Nagy and Seth, 1984), each time going on with the part
that holds most. Small grey arrays only; three cuts each way, no more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.borders import TOLERANCE, Pixels, Rectangle

PLAIN = 0.98
"""Share of a line that has the background's colour where the line is background; a ringing edge may lack."""

LEAST_FILLED = 0.6
"""Share of the rectangle that is not background: text is thinner, pictures are denser."""

LEAST_SIDE = 0.15
"""Of the width and of the height."""

CUTS = 3


def find_picture(pixels: Pixels) -> Rectangle | None:
    """Left, top, right and bottom of the picture in a frame, or None where there is no frame.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    levels = _backgrounds(pixels)
    if not levels:
        return None
    ink = np.ones(pixels.shape, np.bool_)
    for level in levels:
        ink &= (pixels < max(0, level - TOLERANCE)) | (pixels > min(255, level + TOLERANCE))
    height, width = pixels.shape
    left, top, right, bottom = 0, 0, width, height
    for _ in range(CUTS):
        before = (left, top, right, bottom)
        first, last = _heaviest(ink[top:bottom, left:right])
        top, bottom = top + first, top + last
        first, last = _heaviest(ink[top:bottom, left:right].T)
        left, right = left + first, left + last
        if (left, top, right, bottom) == before:
            break
    if right - left < LEAST_SIDE * width or bottom - top < LEAST_SIDE * height:
        return None
    if ink[top:bottom, left:right].mean() < LEAST_FILLED:
        return None
    return left, top, right, bottom


def _backgrounds(pixels: Pixels) -> list[int]:
    """Levels of the outermost lines that have one colour."""
    levels: list[int] = []
    for line in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        level = int(np.median(line))
        near = np.abs(line.astype(np.int16) - level) <= TOLERANCE
        if near.mean() >= PLAIN and not any(abs(level - other) <= TOLERANCE for other in levels):
            levels.append(level)
    return levels


def _heaviest(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """Of the runs of rows between rows of background, from and to of the one with the most ink."""
    inked = ink.sum(axis=1)
    rows = inked > (1 - PLAIN) * ink.shape[1]
    if rows.all() or not rows.any():
        return 0, len(rows)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], rows, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    total = np.concatenate(([0], np.cumsum(inked)))
    best = int((total[ends] - total[starts]).argmax())
    return int(starts[best]), int(ends[best])
