"""Cuts off uniform borders: letterboxes, margins, passe-partouts. Small grey arrays only.

The work is bounded: each side is searched line by line, at most twice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

TOLERANCE = 12
"""Levels by which pixels of a border may differ from its colour: enough for JPEG noise and ringing, not for texture."""

MIN_BORDER_SHARE = 0.015
"""Share of width or height. A narrower border is ignored, as it changes no bit of a hash."""

MIN_INSIDE_SHARE = 0.2
"""Share of width and of height. A smaller inside is the rest of a nearly uniform picture, not a picture."""

EDGES = ((0, slice(None)), (-1, slice(None)), (slice(None), 0), (slice(None), -1))
"""Indexes of the outermost rows and columns of a picture."""

OUTLIER_SHARE = 0.2
"""Share of pictures in which a common border may be darker than in the rest, and share in which it may be brighter."""


def inside_of_borders(pixels: Pixels) -> Rectangle | None:
    """The rectangle inside the uniform borders of a picture, or None if no border is worth cutting off.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    return _inside(pixels, pixels)


def inside_of_common_borders(pictures: Pixels) -> Rectangle | None:
    """The rectangle inside the borders that all pictures share, such as the frames of a video.

    The values of a pixel in most of the pictures count. So a subtitle that shows up in a border for a while does not
    move the border, nor does a dark scene, which has no visible edge.

    Args:
        pictures: luminance, pictures × height × width, at least one.
    """
    # Most videos have no border, so the edges alone are checked first.
    if not any(_is_uniform(*_usual_range(pictures[:, *edge])) for edge in EDGES):
        return None
    return _inside(*_usual_range(pictures))


def _usual_range(pictures: Pixels) -> tuple[Pixels, Pixels]:
    """The darkest and the brightest value that each pixel has in most of the pictures."""
    outliers = int(OUTLIER_SHARE * (len(pictures) - 1))
    ordered = np.partition(pictures, (outliers, len(pictures) - 1 - outliers), axis=0)
    return ordered[outliers], ordered[-1 - outliers]


def _is_uniform(darkest: Pixels, brightest: Pixels) -> bool:
    return int(brightest.max()) - int(darkest.min()) <= 2 * TOLERANCE


def _inside(darkest: Pixels, brightest: Pixels) -> Rectangle | None:
    """The rectangle inside the borders, where each pixel has a darkest and a brightest value."""
    height, width = darkest.shape
    if not any(_is_uniform(darkest[edge], brightest[edge]) for edge in EDGES):
        return None
    left, top, right, bottom = 0, 0, width, height
    for _ in range(2):
        part = (slice(top, bottom), slice(left, right))
        first, last = _rows_inside(darkest[part], brightest[part])
        top, bottom = top + first, top + last
        part = (slice(top, bottom), slice(left, right))
        first, last = _rows_inside(darkest[part].T, brightest[part].T)
        left, right = left + first, left + last
    width_share, height_share = (right - left) / width, (bottom - top) / height
    if min(width_share, height_share) < MIN_INSIDE_SHARE or max(1 - width_share, 1 - height_share) < MIN_BORDER_SHARE:
        return None
    return left, top, right, bottom


def _rows_inside(darkest: Pixels, brightest: Pixels) -> tuple[int, int]:
    """First and last row inside the uniform rows above and below, which may have different colours."""
    low, high = darkest.min(axis=1), brightest.max(axis=1)
    top = _border_lines(low, high, int(np.median(darkest[0])))
    bottom = len(low) - _border_lines(low[::-1], high[::-1], int(np.median(darkest[-1])))
    # If the borders meet, the picture is two colours, one above the other, with nothing between them.
    return (top, bottom) if top < bottom else (0, len(low))


def _border_lines(low: Pixels, high: Pixels, level: int) -> int:
    """How many lines, from the first on, have all their pixels within the tolerance of a level.

    Args:
        low: the darkest pixel of each line.
        high: the brightest pixel of each line.
        level: the colour of the border.
    """
    outside = (high > min(255, level + TOLERANCE)) | (low < max(0, level - TOLERANCE))
    return int(outside.argmax()) if outside.any() else len(outside)
