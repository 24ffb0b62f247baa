"""How the transformation of a copy is named, from the views and orientations that match."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from streams.domain.hashes.orientation import ORIENTATION_NAMES, compose, inverse
from streams.domain.hashes.packing import CANONICAL
from streams.domain.hashes.transformation import TRANSFORMATION_WORDS, describe_transformation, transformation_between
from streams.domain.hashes.views import VIEW_CODES, VIEWS
from tests.support.orientations import oriented


@pytest.mark.parametrize(
    ("query", "stored", "code"),
    [
        (("full", 0), ("full", 0), "none"),
        (("full", 3), ("full", 3), "none"),
        (("full", 1), ("full", 0), "mirrored"),
        (("full", 6 | CANONICAL), ("full", 0 | CANONICAL), "turned_90"),
        (("trimmed", 0), ("full", 0), "border_added"),
        (("full", 0), ("trimmed", 0), "border_removed"),
        (("trimmed", 0), ("trimmed", 0), "border_changed"),
        (("framed", 1), ("trimmed", 0), "mirrored+frame_added"),
        (("trimmed", 0), ("centre_80", 0), "border_added+cropped"),
        (("full", 0), ("centre_80", 2), "flipped+cropped"),
        (("centre_89", 0), ("full", 0), "extended"),
        (("centre_80", 5), ("centre_80", 5), "retouched"),
        (("top_left_80", 0), ("top_right_80", 1), "mirrored+retouched"),
        (("top_left_80", 0), ("bottom_right_80", 3), "turned_180+retouched"),
        (("top_left_80", 0), ("bottom_right_80", 0), "shifted"),
        (("bottom_right_89", 0), ("bottom_right_80", 0), "cropped"),
        (("top_right_89", 5), ("bottom_right_80", 0), "turned_270+cropped"),
        (("full", 0), ("square", 0), "cropped"),
        (("square", 0), ("full", 0), "extended"),
        (("top_85", 0), ("full", 0), "extended"),
        (("round_left", 0), ("round", 0), "tilted"),
        (("round", 0), ("round", 1), "mirrored+retouched"),
    ],
)
def test_the_transformation_is_named(query: tuple[str, int], stored: tuple[str, int], code: str) -> None:
    assert transformation_between(VIEW_CODES[query[0]], query[1], VIEW_CODES[stored[0]], stored[1]) == code


CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")


@pytest.mark.parametrize("corner", range(4))
@pytest.mark.parametrize("done", range(8))
def test_a_corner_is_a_crop_in_every_orientation_of_the_copy_and_of_the_views(done: int, corner: int) -> None:
    corners = oriented(np.arange(4, dtype=np.uint8).reshape(2, 2), done)
    copys_corner = int(np.flatnonzero(corners.ravel() == corner)[0])
    query, stored = VIEW_CODES[f"{CORNERS[copys_corner]}_89"], VIEW_CODES[f"{CORNERS[corner]}_80"]
    for orientation in range(8):
        copys_orientation = compose(orientation, inverse(done))
        expected = "cropped" if done == 0 else f"{ORIENTATION_NAMES[done]}+cropped"
        assert transformation_between(query, copys_orientation, stored, orientation) == expected


def test_every_transformation_has_words() -> None:
    for one, other, orientation in product(VIEWS, VIEWS, range(8)):
        for part in transformation_between(one.code, 0, other.code, orientation).split("+"):
            assert part in TRANSFORMATION_WORDS
    assert describe_transformation("mirrored+cropped") == "mirrored left to right, then cropped"
    assert describe_transformation("none") == "as it is"
    assert describe_transformation("something_later") == "something_later"
