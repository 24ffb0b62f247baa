"""Where the picture is inside of uniform borders: letterboxes, margins, passe-partouts. Small grey arrays only.

Work is bounded: each side is looked at line by line, at most twice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]

TOLERANCE = 12
"""Levels by which pixels of a border may differ from its colour: JPEG noise and ringing, not texture."""

LEAST_TRIMMED = 0.015
"""Of width or height; less is no border and moves no bit."""

LEAST_LEFT = 0.2
"""Of width and of height; what is left of a nearly uniform picture is not the picture."""


def _lines(low: Pixels, high: Pixels, level: int) -> int:
    """How many lines from the first on lie within the tolerance of the level, by their darkest and brightest pixel."""
    outside = (high > min(255, level + TOLERANCE)) | (low < max(0, level - TOLERANCE))
    return int(outside.argmax()) if outside.any() else len(outside)


def _trim_rows(pixels: Pixels) -> tuple[int, int]:
    """Rows left of a picture, from and to, when uniform rows above and below are left out; each of its own colour."""
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    top = _lines(low, high, int(np.median(pixels[0])))
    bottom = len(pixels) - _lines(low[::-1], high[::-1], int(np.median(pixels[-1])))
    # Where they meet there are but two colours, one above the other, and no picture between them.
    return (top, bottom) if top < bottom else (0, len(pixels))


def trim(pixels: Pixels) -> Rectangle | None:
    """Left, top, right and bottom of what uniform borders leave, or None where there is no border worth trimming.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    height, width = pixels.shape
    if not any(np.ptp(line) <= 2 * TOLERANCE for line in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])):
        return None
    left, top, right, bottom = 0, 0, width, height
    for _ in range(2):
        first, last = _trim_rows(pixels[top:bottom, left:right])
        top, bottom = top + first, top + last
        first, last = _trim_rows(pixels[top:bottom, left:right].T)
        left, right = left + first, left + last
    kept_across, kept_down = (right - left) / width, (bottom - top) / height
    if min(kept_across, kept_down) < LEAST_LEFT or max(1 - kept_across, 1 - kept_down) < LEAST_TRIMMED:
        return None
    return left, top, right, bottom
