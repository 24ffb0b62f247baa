"""Finds a picture that was rotated on a plain canvas, by its outline. Small grey arrays only.

The bounding box of a rotated rectangle and its angle determine its corners, so one number is searched: the angle whose
rectangle lies closest to the outline of what is not background. An edge that partly has the colour of the background
does no harm.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.inner.borders import TOLERANCE, Pixels
from streams.domain.hamming.jit import compiled

MIN_DEGREES, MAX_DEGREES = 2.0, 20.0

DEGREE_STEP = 0.25

MIN_SIDE_SHARE = 0.4
"""Of the width and of the height, for what is not background."""

MAX_TOUCHING_PERCENT = 70
"""Of each edge of the bounding box. A rectangle that is not upright touches it with its corners only."""

MAX_GAP = 1.6
"""Pixels by which the outline may differ from the rectangle's edge."""

MIN_OUTLINE_SHARE = 0.65
"""Share of the outline that must be so close to the rectangle's edges."""

MIN_OUTSIDE_SHARE = 0.97
"""Share of the outline that must not lie outside the rectangle."""

Point = tuple[float, float]


class Parallelogram(NamedTuple):
    """A rotated picture in a reduced one, whose pixels need not be square: three corners, in pixels."""

    top_left: Point
    top_right: Point
    bottom_left: Point

    @property
    def bounding_box(self) -> tuple[float, float, float, float]:
        (a, b), (c, d), (e, f) = self
        across, down = (a, c, e, c + e - a), (b, d, f, d + f - b)
        return min(across), min(down), max(across), max(down)


def find_rotated(pixels: Pixels, pixel_aspect: float) -> Parallelogram | None:
    """The rotated picture, or None if there is none on a plain canvas.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
        pixel_aspect: width of a pixel by its height.
    """
    level = _canvas_level(pixels)
    if level is None:
        return None
    height, width = pixels.shape
    first, last = np.empty(width, np.int64), np.empty(width, np.int64)
    left, top, right, bottom = (int(edge) for edge in _find_outline(pixels, level, first, last))
    if right - left < MIN_SIDE_SHARE * width or bottom - top < MIN_SIDE_SHARE * height:
        return None
    first, last = first[left:right] - top, last[left:right] - top
    best: tuple[float, Parallelogram] | None = None
    for mirrored in (False, True):
        step = -1 if mirrored else 1
        fit = _best_fit(first[::step], last[::step], bottom - top, pixel_aspect)
        if fit is not None and (best is None or fit[0] > best[0]):
            best = fit[0], _placed(fit[1], right - left, mirrored, left, top)
    return best[1] if best else None


def _canvas_level(pixels: Pixels) -> int | None:
    """The level that three corners of the picture share at least."""
    corners = sorted((int(pixels[0, 0]), int(pixels[0, -1]), int(pixels[-1, 0]), int(pixels[-1, -1])))
    level = (corners[1] + corners[2]) // 2
    return level if sum(abs(corner - level) <= TOLERANCE for corner in corners) >= 3 else None


@compiled()
def _find_outline(pixels: Any, level: int, first: Any, last: Any) -> Any:
    """Left, top, right and bottom of all but the canvas; four zeros if one of these edges is straight and upright.

    Args:
        pixels: luminance.
        level: of the canvas.
        first, last: written: of each column inside, the first pixel that is not canvas, and the first after the last.
    """
    height, width = pixels.shape
    left, top, right, bottom = width, height, 0, 0
    in_rows, in_columns = np.zeros(height, np.int64), np.zeros(width, np.int64)
    first[:], last[:] = height, 0
    for y in range(height):
        for x in range(width):
            if abs(np.int64(pixels[y, x]) - level) > TOLERANCE:
                in_rows[y] += 1
                in_columns[x] += 1
                first[x] = min(first[x], y)
                last[x] = y + 1
                left, right = min(left, x), max(right, x + 1)
                top, bottom = min(top, y), y + 1
    if right <= left:
        return 0, 0, 0, 0
    upright = 100 * max(in_rows[top], in_rows[bottom - 1]) > MAX_TOUCHING_PERCENT * (right - left)
    upright |= 100 * max(in_columns[left], in_columns[right - 1]) > MAX_TOUCHING_PERCENT * (bottom - top)
    return (0, 0, 0, 0) if upright else (left, top, right, bottom)


def _best_fit(
    first: NDArray[np.int64], last: NDArray[np.int64], height: int, pixel_aspect: float
) -> tuple[float, Parallelogram] | None:
    """The best rectangle that was rotated clockwise, and the share of the outline that is close to it.

    Args:
        first, last: the outline: of each column of the bounding box, the first pixel inside, and the first after it.
        height: of the bounding box.
        pixel_aspect: width of a pixel by its height.
    """
    width = len(first)
    degrees = np.arange(MIN_DEGREES, MAX_DEGREES, DEGREE_STEP)
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    box_width, box_height = width * pixel_aspect, float(height)
    double = cosine * cosine - sine * sine
    across, down = (box_width * cosine - box_height * sine) / double, (box_height * cosine - box_width * sine) / double
    top_left_x, top_right_y = down * sine / pixel_aspect, across * sine
    x = np.arange(width) + 0.5
    # The upper edges: from the left corner (0, height - top_right_y) up to the top left one, then down to the right.
    is_rising = x < top_left_x[:, None]
    rise, fall = (box_height - top_right_y) / np.maximum(top_left_x, 1e-9), top_right_y / (width - top_left_x)
    slope = np.where(is_rising, rise[:, None], fall[:, None])
    upper = np.abs(x - top_left_x[:, None]) * slope
    lower = box_height - upper[:, ::-1]
    steepness = np.sqrt(1 + slope * slope)
    above, below = (first - upper) / steepness, (lower - last) / steepness[:, ::-1]
    plausible = (across > 0.2 * box_width) & (down > 0.2 * box_height)
    close = ((np.abs(above) <= MAX_GAP).mean(axis=1) + (np.abs(below) <= MAX_GAP).mean(axis=1)) / 2
    within = np.minimum((above >= -MAX_GAP).mean(axis=1), (below >= -MAX_GAP).mean(axis=1))
    fits = plausible & (close >= MIN_OUTLINE_SHARE) & (within >= MIN_OUTSIDE_SHARE)
    if not fits.any():
        return None
    at = int(np.where(fits, close, 0.0).argmax())
    top_left, top_right = (float(top_left_x[at]), 0.0), (float(width), float(top_right_y[at]))
    return float(close[at]), Parallelogram(top_left, top_right, (0.0, float(box_height - top_right_y[at])))


def _placed(found: Parallelogram, width: int, mirrored: bool, left: int, top: int) -> Parallelogram:
    """The place in the picture of a rectangle in the bounding box."""
    top_left, top_right, bottom_left = found
    if mirrored:
        bottom_right = (top_right[0] + bottom_left[0] - top_left[0], top_right[1] + bottom_left[1] - top_left[1])
        top_left, top_right, bottom_left = ((width - x, y) for x, y in (top_right, top_left, bottom_right))
    (a, b), (c, d), (e, f) = top_left, top_right, bottom_left
    return Parallelogram((a + left, b + top), (c + left, d + top), (e + left, f + top))
