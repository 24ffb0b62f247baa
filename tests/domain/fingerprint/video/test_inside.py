"""A picture in a blurred fill is found where it lies; pictures without one have none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.video.inside import common_inside, inside_of_common_fill
from tests.support.films import Film
from tests.support.media import noise
from tests.support.videos import in_blurred_fill

SIDE = 160


def small(picture: Image.Image) -> NDArray[np.uint8]:
    """A frame as a fingerprint samples it."""
    return np.asarray(picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX))


@cache
def shown(number: int, frames: int = 16) -> list[Image.Image]:
    film = Film(number, 20.0)
    return [film.picture(20 * frame / frames, (320, 180)) for frame in range(frames)]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("aspect", [9 / 16, 1.0, 2.4])
def test_the_picture_in_a_blurred_fill_is_found(number: int, aspect: float) -> None:
    filled = [in_blurred_fill(picture, aspect=aspect) for picture in shown(number)]
    width, height = filled[0].size
    left, top = (width - 320) / 2 * SIDE / width, (height - 180) / 2 * SIDE / height

    found = inside_of_common_fill(np.stack([small(picture) for picture in filled]))

    assert found is not None
    assert np.abs(np.array(found) - (left, top, SIDE - left, SIDE - top)).max() <= 1.5


@pytest.mark.parametrize("number", range(12))
def test_films_without_a_fill_have_none(number: int) -> None:
    assert inside_of_common_fill(np.stack([small(picture) for picture in shown(number, 8)])) is None


def test_neither_noise_nor_one_colour_nor_a_tiny_frame_has_a_fill() -> None:
    assert inside_of_common_fill(np.stack([small(noise((160, 160), seed)) for seed in range(4)])) is None
    assert inside_of_common_fill(np.full((3, 160, 160), 90, np.uint8)) is None
    assert inside_of_common_fill(np.zeros((1, 8, 8), np.uint8)) is None


def test_frames_of_another_size_are_skipped_and_no_frames_have_no_inside() -> None:
    assert common_inside([]) == (None, None)
    first, other = small(shown(0)[0]), np.zeros((20, 30), np.uint8)
    assert common_inside([first, other]) == common_inside([first])
