"""The numbers of turns compose as turned arrays do."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streams.domain.hashes.orientation import (
    LEFT_RIGHT,
    ORIENTATION_COUNT,
    ORIENTATION_NAMES,
    TOP_BOTTOM,
    TRANSPOSED,
    UPRIGHT,
    compose,
    inverse,
    orientation_between,
)

PICTURE = np.arange(6, dtype=np.uint8).reshape(2, 3)
PILLOWS = {
    "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
    "flipped": Image.Transpose.FLIP_TOP_BOTTOM,
    "turned_180": Image.Transpose.ROTATE_180,
    "turned_90": Image.Transpose.ROTATE_270,
    "turned_270": Image.Transpose.ROTATE_90,
}
"""Pillow turns anticlockwise, we clockwise."""


def turned(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    picture = picture.T if orientation & TRANSPOSED else picture
    picture = picture[:, ::-1] if orientation & LEFT_RIGHT else picture
    return picture[::-1] if orientation & TOP_BOTTOM else picture


@pytest.mark.parametrize(("first", "second"), [*product(range(ORIENTATION_COUNT), repeat=2)])
def test_one_turn_after_another_is_their_composition(first: int, second: int) -> None:
    in_turn = turned(turned(PICTURE, first), second)
    assert np.array_equal(turned(PICTURE, compose(second, first)), in_turn)


@pytest.mark.parametrize("orientation", range(ORIENTATION_COUNT))
def test_the_inverse_undoes_a_turn(orientation: int) -> None:
    assert np.array_equal(turned(turned(PICTURE, orientation), inverse(orientation)), PICTURE)
    assert compose(orientation, inverse(orientation)) == UPRIGHT


@pytest.mark.parametrize(("done", "form"), [*product(range(ORIENTATION_COUNT), repeat=2)])
def test_what_was_done_is_told_by_the_forms_that_look_alike(done: int, form: int) -> None:
    """The copy is the known picture turned; whatever form of it is compared, one form of the copy looks the same."""
    copy = turned(PICTURE, done)
    known_form = turned(PICTURE, form)
    alike = [
        orientation for orientation in range(ORIENTATION_COUNT) if np.array_equal(turned(copy, orientation), known_form)
    ]
    assert [orientation_between(form, orientation) for orientation in alike] == [done]


@pytest.mark.parametrize("orientation", range(ORIENTATION_COUNT))
def test_names_say_what_pillow_does(orientation: int) -> None:
    image = Image.fromarray(PICTURE)
    for name in ORIENTATION_NAMES[orientation].split("+"):
        if name != "none":
            image = image.transpose(PILLOWS[name])
    assert np.array_equal(np.asarray(image), turned(PICTURE, orientation))
