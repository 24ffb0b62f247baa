"""Where a picture lies in another, from the views by which their hashes matched. Whole numbers in 1/65,536 of a side.

Two views with near hashes show the same part of the scene. So a point has the same coordinates in the known picture's
view and in the query's view, and the map from one thumbnail to the other follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled
from streams.domain.hashes.orientation import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED
from streams.domain.hashes.views import FULL, INNER_VIEWS, VIEWS, View

ONE: Final = 1 << 16
"""A side of a picture."""

_WHOLE: Final = (0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0)

INNERMOST: Final = -1
"""In place of a view: the innermost picture, inside a frame or a border or the whole."""

BOX, ASPECT, TILT, SHOWN_IN, SIGN, VIEW_COLUMNS = 0, 4, 5, 7, 8, 9
"""Where a row of the table of views has what: the box from BOX on, cosine and sine from TILT on."""


def view_table(views: Sequence[View]) -> NDArray[np.int64]:
    """What the compiled code needs to know of views: by code, a row of VIEW_COLUMNS numbers.

    A row has the box and the aspect in 1/ONE, cosine and sine of the tilt in 1/ONE, the view whose thumbnail shows
    this one (or INNERMOST), and the sign of the picture. Rows of codes without a view are zeros.
    """
    table = np.zeros((max(view.code for view in views) + 1, VIEW_COLUMNS), np.int64)
    for view in views:
        tilt = np.radians(view.tilt_degrees)
        shown_in, sign = INNERMOST, -1 if view.negated else 1
        if view.own_thumbnail or view.code == FULL:
            shown_in = view.code
        elif view.negated:
            shown_in = FULL
        placed = (*view.box, view.aspect, np.cos(tilt), np.sin(tilt))
        numbers = _WHOLE if view.own_thumbnail else placed
        table[view.code] = (*(round(number * ONE) for number in numbers), shown_in, sign)
    table.setflags(write=False)
    return table


VIEW_TABLE: Final = view_table(VIEWS)

MAX_GEOMETRIES: Final = 3
SAME_GEOMETRY: Final = ONE // 20
"""Geometries that take no corner further apart than this are one."""


@compiled()
def place_view(view: Any, orientation: int, width: int, height: int, matrix: Any) -> None:
    """The map from a view, in one orientation, to the thumbnail that shows it.

    A view that has a thumbnail of its own fills it; all others lie in that of the innermost picture.

    Args:
        view: the row of the view in the table.
        orientation: bits of the orientation that was hashed.
        width, height: of what the thumbnail shows, in pixels; only their ratio counts.
        matrix: written, six numbers: x' = (m0 x + m1 y) / ONE + m2, y' = (m3 x + m4 y) / ONE + m5.
    """
    left, top, right, bottom = view[BOX], view[BOX + 1], view[BOX + 2], view[BOX + 3]
    aspect, cosine, sine = view[ASPECT], view[TILT], view[TILT + 1]
    if aspect:
        # The largest box of that aspect in the middle of the picture.
        if width * ONE > aspect * height:
            left = (ONE - aspect * height // width) // 2
            right = ONE - left
        else:
            top = (ONE - ONE * ONE // aspect * width // height) // 2
            bottom = ONE - top
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
def map_between(known: Any, query: Any, matrix: Any) -> bool:
    """The map from the known thumbnail to the query's, of two placements of the same view.

    False, and nothing written, if the known picture's view has no area.

    Args:
        known, query: as `place_view` writes them.
        matrix: written, of the same form.
    """
    determinant = (known[0] * known[4] - known[1] * known[3]) // ONE
    if determinant == 0:
        return False
    a, b = known[4] * ONE // determinant, -known[1] * ONE // determinant
    d, e = -known[3] * ONE // determinant, known[0] * ONE // determinant
    c, f = -(a * known[2] + b * known[5]) // ONE, -(d * known[2] + e * known[5]) // ONE
    matrix[0], matrix[1] = (query[0] * a + query[1] * d) // ONE, (query[0] * b + query[1] * e) // ONE
    matrix[3], matrix[4] = (query[3] * a + query[4] * d) // ONE, (query[3] * b + query[4] * e) // ONE
    matrix[2] = (query[0] * c + query[1] * f) // ONE + query[2]
    matrix[5] = (query[3] * c + query[4] * f) // ONE + query[5]
    return True


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


@compiled()
def find_geometries(table: Any, known: Any, query: Any, pairs: Any, shares: Any, found: Any) -> int:
    """Maps from known to query thumbnails that differ from each other, MAX_GEOMETRIES at most.

    Args:
        table: of views.
        known, query: PreparedEvidence.
        pairs: rows of MatchedViews.
        shares: written, a row for every map, as `map_between` writes it.
        found: written, a row for every map: the number of its pair, of the known and of the query thumbnail, the sign.

    Returns:
        The number of maps.
    """
    count, of_known, of_query = 0, np.empty(6, np.int64), np.empty(6, np.int64)
    for pair in range(pairs.shape[0]):
        known_view, query_view = pairs[pair, 0], pairs[pair, 2]
        if not (0 <= known_view < table.shape[0] and 0 <= query_view < table.shape[0]):
            continue
        one, other = _thumbnail_of(known, table[known_view]), _thumbnail_of(query, table[query_view])
        if one < 0 or other < 0:
            continue
        _place(known, one, table[known_view], pairs[pair, 1], of_known)
        _place(query, other, table[query_view], pairs[pair, 3], of_query)
        if not map_between(of_known, of_query, shares[count]):
            continue
        found[count, 0], found[count, 1], found[count, 2] = pair, one, other
        found[count, 3] = table[known_view, SIGN] * table[query_view, SIGN]
        if not _is_known(shares, found, count):
            count += 1
            if count == MAX_GEOMETRIES:
                break
    return count


@compiled()
def _place(evidence: Any, thumbnail: int, view: Any, orientation: int, matrix: Any) -> None:
    """`place_view` in a thumbnail."""
    box = evidence.shown[thumbnail]
    width, height = evidence.facts[0] * (box[3] - box[1]), evidence.facts[1] * (box[4] - box[2])
    scale = max(max(width, height) >> 15, 1)  # keeps the products of place_view below 2^63
    place_view(view, orientation, max(width // scale, 1), max(height // scale, 1), matrix)


@compiled()
def _thumbnail_of(evidence: Any, view: Any) -> int:
    """The number of the thumbnail that shows a view; -1 if there is none."""
    found = -1
    for number in range(evidence.shown.shape[0]):
        shown = evidence.shown[number, 0]
        if shown == view[SHOWN_IN]:
            return number
        if view[SHOWN_IN] == INNERMOST and shown < INNER_VIEWS:
            found = number
    return found


@compiled()
def _is_known(shares: Any, found: Any, last: int) -> bool:
    """Whether a map is nearly one before it, of the same thumbnails and sign."""
    for before in range(last):
        same = True
        for fact in range(1, found.shape[1]):
            same = same and found[before, fact] == found[last, fact]
        if same and corner_distance(shares[last], shares[before]) <= SAME_GEOMETRY:
            return True
    return False
