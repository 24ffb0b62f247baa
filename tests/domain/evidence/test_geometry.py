"""Maps between pictures, in whole numbers, are those of plain linear algebra."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.evidence.geometry import ONE, VIEW_TABLE, corner_distance, map_between, place_view, view_table
from streams.domain.hashes.orientation import inverse, orient_point
from streams.domain.hashes.views import VIEWS, View
from tests.reference import verification as slow

BOXED = [view for view in VIEWS if not view.aspect and not view.tilt_degrees and not view.own_thumbnail]
SIDES_PX = st.integers(100, 4000)
POINTS = list(product((0.0, 0.3, 1.0), (0.0, 0.6, 1.0)))


def placed(
    view: int, orientation: int, size: tuple[int, int] = (640, 480)
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    matrix = np.empty(6, np.int64)
    place_view(VIEW_TABLE[view], orientation, *size, matrix)
    return matrix


def mapped(matrix: np.ndarray[tuple[int], np.dtype[np.int64]], point: tuple[float, float]) -> tuple[float, float]:
    a, b, c, d, e, f = (int(value) / ONE for value in matrix)
    return a * point[0] + b * point[1] + c, d * point[0] + e * point[1] + f


@pytest.mark.parametrize("orientation", range(8))
@pytest.mark.parametrize("view", BOXED, ids=lambda view: view.name)
def test_a_point_of_an_oriented_view_lies_where_its_box_and_orientation_say(view: View, orientation: int) -> None:
    left, top, right, bottom = view.box
    matrix = placed(view.code, orientation)
    for point in POINTS:
        across, down = orient_point(point, inverse(orientation))
        expected = left + across * (right - left), top + down * (bottom - top)
        assert mapped(matrix, point) == pytest.approx(expected, abs=1e-3)


@given(
    views=st.tuples(st.integers(0, len(VIEWS) - 1), st.integers(0, len(VIEWS) - 1)),
    orientations=st.tuples(st.integers(0, 7), st.integers(0, 7)),
    size=st.tuples(st.integers(100, 4000), st.integers(100, 4000)),
)
def test_the_map_between_pictures_takes_a_view_to_a_view(
    views: tuple[int, int], orientations: tuple[int, int], size: tuple[int, int]
) -> None:
    known, query = placed(views[0], orientations[0], size), placed(views[1], orientations[1], size)
    between = np.empty(6, np.int64)
    assert map_between(known, query, between)

    for point in POINTS:
        assert mapped(between, mapped(known, point)) == pytest.approx(mapped(query, point), abs=0.02)


@given(view=st.sampled_from(VIEWS), orientation=st.integers(0, 7), size=st.tuples(SIDES_PX, SIDES_PX))
def test_views_are_placed_as_by_the_twin(view: View, orientation: int, size: tuple[int, int]) -> None:
    assert placed(view.code, orientation, size).tolist() == slow.placed(view, orientation, *size)


def test_a_view_without_area_implies_no_map() -> None:
    nothing = np.zeros(6, np.int64)
    assert not map_between(nothing, placed(0, 0), np.empty(6, np.int64))


def test_a_view_with_its_own_thumbnail_fills_it() -> None:
    inner = View(3, "inner", box=(0.2, 0.2, 0.7, 0.9), own_thumbnail=True)
    matrix = np.empty(6, np.int64)
    place_view(view_table((inner,))[inner.code], 0, 640, 480, matrix)
    assert matrix.tolist() == [ONE, 0, 0, 0, ONE, 0]


def test_corners_tell_how_far_maps_are_apart() -> None:
    one = np.array([ONE, 0, 0, 0, ONE, 0], np.int64)
    other = np.array([ONE, 0, 0, 0, ONE, ONE // 10], np.int64)

    assert corner_distance(one, one) == 0
    assert corner_distance(one, other) == ONE // 10
