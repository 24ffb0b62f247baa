"""Where a picture lies in another, from the views by which their hashes matched. Whole numbers in 1/65,536 of a side.

Two views with near hashes show the same part of the scene. So a point has the same coordinates in the known picture's
view and in the query's view, and the map from one thumbnail to the other follows.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled
from streams.domain.hashes.orientation import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED
from streams.domain.hashes.views import FRAMED, TRIMMED, VIEWS

ONE: Final = 1 << 16
"""A side of a picture."""


def _scaled(value: float) -> int:
    return round(value * ONE)


_BOXES: Final[NDArray[np.int64]] = np.array([[_scaled(edge) for edge in view.box] for view in VIEWS], np.int64)
_ASPECTS: Final[NDArray[np.int64]] = np.array([_scaled(view.aspect) for view in VIEWS], np.int64)
_TILTS: Final[NDArray[np.int64]] = np.array(
    [
        (_scaled(np.cos(np.radians(view.tilt_degrees))), _scaled(np.sin(np.radians(view.tilt_degrees))))
        for view in VIEWS
    ],
    np.int64,
)
_INNER: Final[NDArray[np.bool_]] = np.array([view.code in (TRIMMED, FRAMED) for view in VIEWS])


@compiled()
def place_view(view: int, orientation: int, width: int, height: int, matrix: Any) -> None:
    """The map from a view, in one orientation, to the thumbnail that shows it.

    A view of the inside of a border or a screenshot has a thumbnail of its own; all others lie in the whole picture's.

    Args:
        view: code of the view.
        orientation: bits of the orientation that was hashed.
        width, height: of the picture, in pixels; only their ratio counts.
        matrix: written, six numbers: x' = (m0 x + m1 y) / ONE + m2, y' = (m3 x + m4 y) / ONE + m5.
    """
    left, top, right, bottom = _BOXES[view]
    if _INNER[view]:
        left, top, right, bottom = 0, 0, ONE, ONE
    elif _ASPECTS[view]:
        # The largest box of that aspect in the middle of the picture.
        if width * ONE > _ASPECTS[view] * height:
            left = (ONE - _ASPECTS[view] * height // width) // 2
            right = ONE - left
        else:
            top = (ONE - ONE * ONE // _ASPECTS[view] * width // height) // 2
            bottom = ONE - top
    cosine, sine = _TILTS[view]
    # Before the orientation: the view's own axes in the picture.
    if sine:
        a, b = cosine, sine * height // width
        d, e = -sine * width // height, cosine
        c, f = ONE // 2 - (a + b) // 2, ONE // 2 - (d + e) // 2
    else:
        a, b, c = right - left, np.int64(0), left
        d, e, f = np.int64(0), bottom - top, top
    if orientation & TRANSPOSED:
        a, b, d, e = b, a, e, d
    if orientation & TOP_BOTTOM:
        c, f = c + b, f + e
        b, e = -b, -e
    if orientation & LEFT_RIGHT:
        c, f = c + a, f + d
        a, d = -a, -d
    matrix[0], matrix[1], matrix[2], matrix[3], matrix[4], matrix[5] = a, b, c, d, e, f


@compiled()
def map_between(known: Any, query: Any, matrix: Any) -> None:
    """The map from the known thumbnail to the query's, of two placements of the same view.

    Args:
        known, query: as `place_view` writes them.
        matrix: written, of the same form.
    """
    determinant = (known[0] * known[4] - known[1] * known[3]) // ONE
    a, b = known[4] * ONE // determinant, -known[1] * ONE // determinant
    d, e = -known[3] * ONE // determinant, known[0] * ONE // determinant
    c, f = -(a * known[2] + b * known[5]) // ONE, -(d * known[2] + e * known[5]) // ONE
    matrix[0], matrix[1] = (query[0] * a + query[1] * d) // ONE, (query[0] * b + query[1] * e) // ONE
    matrix[3], matrix[4] = (query[3] * a + query[4] * d) // ONE, (query[3] * b + query[4] * e) // ONE
    matrix[2] = (query[0] * c + query[1] * f) // ONE + query[2]
    matrix[5] = (query[3] * c + query[4] * f) // ONE + query[5]


@compiled()
def corner_distance(one: Any, other: Any) -> int:
    """How far apart two maps take the corners of a picture at most, in 1/ONE of a side."""
    furthest = 0
    for corner in range(4):
        x, y = corner & 1, corner >> 1
        for row in (0, 3):
            here = one[row] * x + one[row + 1] * y + one[row + 2]
            there = other[row] * x + other[row + 1] * y + other[row + 2]
            furthest = max(furthest, abs(here - there))
    return furthest
