"""Finds a picture that was rotated on a plain canvas, by its outline. Small grey arrays only.

The bounding box of a rotated rectangle and its angle determine its corners, so one number is searched: the angle whose
rectangle lies closest to the outline of what is not background. An edge that partly has the colour of the background
does no harm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.borders import TOLERANCE, Pixels

MIN_DEGREES, MAX_DEGREES = 2.0, 20.0

DEGREE_STEP = 0.25

MIN_SIDE_SHARE = 0.4
"""Of the width and of the height, for what is not background."""

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
    height, width = pixels.shape
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]].astype(np.int16)
    level = int(np.median(corners))
    if (np.abs(corners - level) <= TOLERANCE).sum() < 3:
        return None
    ink = np.abs(pixels.astype(np.int16) - level) > TOLERANCE
    inked_rows, inked_columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if len(inked_rows) < MIN_SIDE_SHARE * height or len(inked_columns) < MIN_SIDE_SHARE * width:
        return None
    left, top = int(inked_columns[0]), int(inked_rows[0])
    inside = ink[top : inked_rows[-1] + 1, left : inked_columns[-1] + 1]
    best: tuple[float, Parallelogram] | None = None
    for mirrored in (False, True):
        fit = _best_fit(inside[:, ::-1] if mirrored else inside, pixel_aspect)
        if fit is not None and (best is None or fit[0] > best[0]):
            best = fit[0], _placed(fit[1], inside.shape[1], mirrored, left, top)
    return best[1] if best else None


def _best_fit(ink: NDArray[np.bool_], pixel_aspect: float) -> tuple[float, Parallelogram] | None:
    """The best rectangle that was rotated clockwise, and the share of the outline that is close to it."""
    height, width = ink.shape
    first, last = ink.argmax(axis=0), height - ink[::-1].argmax(axis=0)
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
    """A rectangle in the bounding box as one in the picture."""
    top_left, top_right, bottom_left = found
    if mirrored:
        bottom_right = (top_right[0] + bottom_left[0] - top_left[0], top_right[1] + bottom_left[1] - top_left[1])
        top_left, top_right, bottom_left = ((width - x, y) for x, y in (top_right, top_left, bottom_right))
    (a, b), (c, d), (e, f) = top_left, top_right, bottom_left
    return Parallelogram((a + left, b + top), (c + left, d + top), (e + left, f + top))
