"""Orientations compose as arrays do."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PIL import Image

from streams.domain.hashes.orientation import (
    ORIENTATION_COUNT,
    ORIENTATION_NAMES,
    UPRIGHT,
    compose,
    inverse,
    orientation_between,
)
from tests.support.orientations import oriented

PICTURE = np.arange(6, dtype=np.uint8).reshape(2, 3)
PILLOWS = {
    "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
    "flipped": Image.Transpose.FLIP_TOP_BOTTOM,
    "turned_180": Image.Transpose.ROTATE_180,
    "turned_90": Image.Transpose.ROTATE_270,
    "turned_270": Image.Transpose.ROTATE_90,
}
"""Pillow rotates anticlockwise, we clockwise."""


@pytest.mark.parametrize(("first", "second"), [*product(range(ORIENTATION_COUNT), repeat=2)])
def test_one_orientation_after_another_is_their_composition(first: int, second: int) -> None:
    both = oriented(oriented(PICTURE, first), second)
    assert np.array_equal(oriented(PICTURE, compose(second, first)), both)


@pytest.mark.parametrize("orientation", range(ORIENTATION_COUNT))
def test_the_inverse_undoes_an_orientation(orientation: int) -> None:
    assert np.array_equal(oriented(oriented(PICTURE, orientation), inverse(orientation)), PICTURE)
    assert compose(orientation, inverse(orientation)) == UPRIGHT


@pytest.mark.parametrize(("done", "known_orientation"), [*product(range(ORIENTATION_COUNT), repeat=2)])
def test_the_orientations_that_look_alike_tell_what_was_done(done: int, known_orientation: int) -> None:
    """In every orientation, the known picture looks like the copy in exactly one orientation."""
    copy = oriented(PICTURE, done)
    known = oriented(PICTURE, known_orientation)
    alike = [
        orientation for orientation in range(ORIENTATION_COUNT) if np.array_equal(oriented(copy, orientation), known)
    ]
    assert [orientation_between(known_orientation, orientation) for orientation in alike] == [done]


@pytest.mark.parametrize("orientation", range(ORIENTATION_COUNT))
def test_names_say_what_pillow_does(orientation: int) -> None:
    image = Image.fromarray(PICTURE)
    for name in ORIENTATION_NAMES[orientation].split("+"):
        if name != "none":
            image = image.transpose(PILLOWS[name])
    assert np.array_equal(np.asarray(image), oriented(PICTURE, orientation))
