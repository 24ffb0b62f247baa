"""Cuts off uniform borders: letterboxes, margins, passe-partouts. Small grey arrays only.

The work is bounded: each side is searched line by line, at most twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled

Pixels = NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

TOLERANCE = 12
"""Levels by which pixels of a border may differ from its colour: enough for JPEG noise and ringing, not for texture."""

MIN_BORDER_SHARE = 0.015
"""Share of width or height. A narrower border is ignored, as it changes no bit of a hash."""

MIN_INSIDE_SHARE = 0.2
"""Share of width and of height. A smaller inside is the rest of a nearly uniform picture, not a picture."""

MIN_STEP_SHARE = 0.25
"""Share of an edge at which a picture differs from the border beside it. True borders, captions and frames have 0.3 and
more, objects that stand on a plain ground 0.1 and less: there the tips of the object end what seems to be a border."""

EDGES = ((0, slice(None)), (-1, slice(None)), (slice(None), 0), (slice(None), -1))
"""Indexes of the outermost rows and columns of a picture."""

BLENDED = 2
"""Pixels at an edge that show a little of both sides."""

MIN_FRAMED_SIDE = 16
"""Pixels. What a frame holds is no smaller."""

OUTLIER_SHARE = 0.2
"""Share of pictures in which a common border may be darker than in the rest, and share in which it may be brighter."""


def inside_of_borders(pixels: Pixels) -> Rectangle | None:
    """The rectangle inside the uniform borders of a picture, or None if no border is worth cutting off.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
    """
    return _inside(pixels, pixels)


def inside_of_passe_partout(pixels: Pixels, framed: Rectangle) -> Rectangle | None:
    """The rectangle inside a second border on all four sides, as a passe-partout in a frame; None if there is none.

    Where the first border seems to have taken the second one on some sides, the others are enough.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
        framed: the rectangle inside the first border.
    """
    left, top, right, bottom = framed[0] + BLENDED, framed[1] + BLENDED, framed[2] - BLENDED, framed[3] - BLENDED
    if min(right - left, bottom - top) < MIN_FRAMED_SIDE:
        return None
    inside = inside_of_borders(np.ascontiguousarray(pixels[top:bottom, left:right]))
    if inside is None:
        return None
    least = MIN_BORDER_SHARE * min(right - left, bottom - top)
    margins = inside[0], inside[1], right - left - inside[2], bottom - top - inside[3]
    frame = framed[0], framed[1], pixels.shape[1] - framed[2], pixels.shape[0] - framed[3]
    is_second = all(
        margin >= least or (margin == 0 and side >= least) for margin, side in zip(margins, frame, strict=True)
    )
    if not is_second or max(margins) < least:
        return None
    return left + inside[0], top + inside[1], left + inside[2], top + inside[3]


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
    left, top, right, bottom = (int(edge) for edge in _find_inside(darkest, brightest))
    width_share, height_share = (right - left) / width, (bottom - top) / height
    if min(width_share, height_share) < MIN_INSIDE_SHARE or max(1 - width_share, 1 - height_share) < MIN_BORDER_SHARE:
        return None
    return left, top, right, bottom


def has_straight_edges(pixels: Pixels, part: tuple[float, float, float, float]) -> bool:
    """Whether a picture ends at all edges of a part that lie inside, and not merely the things that it shows.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
        part: its left, top, right and bottom, in whole pixels.
    """
    left, top, right, bottom = (int(edge) for edge in part)
    return bool(_least_step_share(pixels, left, top, right, bottom) >= MIN_STEP_SHARE)


@compiled()
def _least_step_share(pixels: Any, left: int, top: int, right: int, bottom: int) -> Any:
    """The least share of an edge, of those inside the picture, at which there is a step."""
    height, width = pixels.shape
    across, down, least = slice(left, right), slice(top, bottom), 1.0
    if top > 0:
        least = min(least, _step_share(pixels[max(top - 2, 0), across], pixels[min(top + 1, height - 1), across]))
    if bottom < height:
        least = min(least, _step_share(pixels[max(bottom - 2, 0), across], pixels[min(bottom + 1, height - 1), across]))
    if left > 0:
        least = min(least, _step_share(pixels[down, max(left - 2, 0)], pixels[down, min(left + 1, width - 1)]))
    if right < width:
        least = min(least, _step_share(pixels[down, max(right - 2, 0)], pixels[down, min(right + 1, width - 1)]))
    return least


@compiled()
def _step_share(line: Any, following: Any) -> Any:
    """The share of pixels that differ. A line lies between the two, which may be of both sides."""
    steps = np.int64(0)
    for at in range(len(line)):
        steps += abs(np.int64(line[at]) - np.int64(following[at])) > TOLERANCE
    return steps / len(line)


@compiled()
def _find_inside(darkest: Any, brightest: Any) -> Any:
    """Left, top, right and bottom of what is inside the uniform lines on all sides."""
    height, width = darkest.shape
    left, top, right, bottom = 0, 0, width, height
    for _ in range(2):
        across, down = slice(left, right), slice(top, bottom)
        first, last = _rows_inside(darkest[down, across], brightest[down, across])
        top, bottom = top + first, top + last
        down = slice(top, bottom)
        first, last = _rows_inside(darkest[down, across].T, brightest[down, across].T)
        left, right = left + first, left + last
    return left, top, right, bottom


@compiled()
def _rows_inside(darkest: Any, brightest: Any) -> Any:
    """First and last row inside the uniform rows above and below, which may have different colours."""
    rows = len(darkest)
    level = median_level(darkest[0])
    top = 0
    while top < rows and _is_border(darkest[top], brightest[top], level):
        top += 1
    level = median_level(darkest[rows - 1])
    bottom = rows
    while bottom > 0 and _is_border(darkest[bottom - 1], brightest[bottom - 1], level):
        bottom -= 1
    # If the borders meet, the picture is two colours, one above the other, with nothing between them.
    return (top, bottom) if top < bottom else (0, rows)


@compiled()
def _is_border(darkest: Any, brightest: Any, level: int) -> bool:
    """Whether all pixels of a line are within the tolerance of a level."""
    outside = 0
    for at in range(len(darkest)):
        outside += darkest[at] < level - TOLERANCE or brightest[at] > level + TOLERANCE
    return outside == 0


@compiled()
def median_level(line: Any) -> Any:
    """The median of grey levels, rounded down."""
    counts = np.zeros(256, np.int64)
    for level in line:
        counts[level] += 1
    return (_level_at(counts, (len(line) - 1) // 2) + _level_at(counts, len(line) // 2)) // 2


@compiled()
def _level_at(counts: Any, place: int) -> Any:
    """The level at a place of the ascending order."""
    level, below = 0, counts[0]
    while below <= place:
        level += 1
        below += counts[level]
    return level
