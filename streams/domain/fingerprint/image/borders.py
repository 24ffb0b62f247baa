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

EDGES = ((0, slice(None)), (-1, slice(None)), (slice(None), 0), (slice(None), -1))
"""The outermost rows and columns of a picture."""

BRIEF = 0.2
"""Share of pictures in which a border may be darker than in the others, and share in which it may be brighter."""


def _lines(low: Pixels, high: Pixels, level: int) -> int:
    """How many lines from the first on lie within the tolerance of the level, by their darkest and brightest pixel."""
    outside = (high > min(255, level + TOLERANCE)) | (low < max(0, level - TOLERANCE))
    return int(outside.argmax()) if outside.any() else len(outside)


def _trim_rows(darkest: Pixels, brightest: Pixels) -> tuple[int, int]:
    """Rows left of a picture, from and to, when uniform rows above and below are left out; each of its own colour."""
    low, high = darkest.min(axis=1), brightest.max(axis=1)
    top = _lines(low, high, int(np.median(darkest[0])))
    bottom = len(low) - _lines(low[::-1], high[::-1], int(np.median(darkest[-1])))
    # Where they meet there are but two colours, one above the other, and no picture between them.
    return (top, bottom) if top < bottom else (0, len(low))


def trim(pixels: Pixels) -> Rectangle | None:
    """Left, top, right and bottom of what uniform borders leave, or None where there is no border worth trimming.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    return _trim(pixels, pixels)


def trim_all(pictures: Pixels) -> Rectangle | None:
    """The same for pictures that have their borders in common, such as frames of a video.

    A pixel counts for what it is in most of the pictures: neither a subtitle in a border, which is there for a while,
    nor a dark scene, which has no edge, moves the border.

    Args:
        pictures: luminance, pictures × height × width, at least one.
    """
    if not any(_uniform(*_mostly(pictures[:, *edge])) for edge in EDGES):  # most have none: the rest is not looked at
        return None
    return _trim(*_mostly(pictures))


def _mostly(pictures: Pixels) -> tuple[Pixels, Pixels]:
    """Between which values each pixel is in most of the pictures."""
    share = int(BRIEF * (len(pictures) - 1))
    ordered = np.partition(pictures, (share, len(pictures) - 1 - share), axis=0)
    return ordered[share], ordered[-1 - share]


def _uniform(darkest: Pixels, brightest: Pixels) -> bool:
    return int(brightest.max()) - int(darkest.min()) <= 2 * TOLERANCE


def _trim(darkest: Pixels, brightest: Pixels) -> Rectangle | None:
    """As `trim`, of pixels that are between two values each."""
    height, width = darkest.shape
    if not any(_uniform(darkest[edge], brightest[edge]) for edge in EDGES):
        return None
    left, top, right, bottom = 0, 0, width, height
    for _ in range(2):
        part = (slice(top, bottom), slice(left, right))
        first, last = _trim_rows(darkest[part], brightest[part])
        top, bottom = top + first, top + last
        part = (slice(top, bottom), slice(left, right))
        first, last = _trim_rows(darkest[part].T, brightest[part].T)
        left, right = left + first, left + last
    kept_across, kept_down = (right - left) / width, (bottom - top) / height
    if min(kept_across, kept_down) < LEAST_LEFT or max(1 - kept_across, 1 - kept_down) < LEAST_TRIMMED:
        return None
    return left, top, right, bottom
