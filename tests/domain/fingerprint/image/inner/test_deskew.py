"""A picture that was rotated on a plain canvas is found by its outline, and turned upright."""

from __future__ import annotations

from math import cos, radians, sin
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from streams.domain.fingerprint.image.inner.deskew import Parallelogram, find_rotated
from streams.domain.fingerprint.image.luminance import OnGround
from streams.domain.fingerprint.image.reduced import ReducedPicture
from tests.support.finders import HOSTILE, PHOTOS, shown

MAX_FIRED_PERCENT = 3


def rotated(name: str, degrees: float, colour: str = "white", size: tuple[int, int] = (480, 360)) -> Image.Image:
    return shown(name, size).rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=colour)


def found_in(image: Image.Image) -> tuple[Parallelogram | None, ReducedPicture]:
    picture = ReducedPicture(OnGround(image.convert("L")))
    return picture.rotated, picture


@pytest.mark.parametrize("colour", ["white", "black"])
@pytest.mark.parametrize("degrees", [-15.0, -8.0, -3.0, 3.0, 5.5, 8.0, 12.0, 18.0])
def test_the_corners_are_found(degrees: float, colour: str) -> None:
    image = rotated("chelsea.png", degrees, colour)
    found, picture = found_in(image)
    assert found is not None
    c, s = cos(radians(degrees)), sin(radians(degrees))
    for corner, (x, y) in zip(found, ((-240, -180), (240, -180), (-240, 180)), strict=True):
        across = corner[0] / picture.whole[2] * image.width - image.width / 2
        down = corner[1] / picture.whole[3] * image.height - image.height / 2
        assert abs(across - (c * x - s * y)) <= 10
        assert abs(down - (s * x + c * y)) <= 10


@pytest.mark.parametrize("degrees", [-10.0, 6.0])
@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "astronaut.png"])
def test_the_upright_picture_is_the_one_that_was_rotated(name: str, degrees: float) -> None:
    found, picture = found_in(rotated(name, degrees))
    assert found is not None
    upright = picture.upright(found).astype(float)
    original = np.asarray(shown(name).convert("L").resize((64, 64), Image.Resampling.BOX), float)
    assert np.corrcoef(upright.ravel(), original.ravel())[0, 1] > 0.9


def test_an_upright_picture_on_a_canvas_was_not_rotated() -> None:
    canvas = Image.new("RGB", (640, 520), "white")
    canvas.paste(shown("coffee.png"), (80, 80))
    assert found_in(canvas)[0] is None


def test_an_oval_on_a_canvas_is_no_rotated_picture() -> None:
    mask = Image.new("L", (480, 360))
    ImageDraw.Draw(mask).ellipse((10, 10, 470, 350), fill=255)
    canvas = Image.new("RGB", (480, 360), "white")
    canvas.paste(shown("coffee.png"), mask=mask)
    assert found_in(canvas)[0] is None


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_was_not_rotated(name: str) -> None:
    assert found_in(shown(name))[0] is None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_have_a_bounded_outline_or_none(name: str) -> None:
    pixels = HOSTILE[name]
    for aspect in (0.01, 1.0, 100.0):
        found = find_rotated(pixels, aspect)
        if found is not None:
            left, top, right, bottom = found.bounding_box
            assert -2 <= left < right <= pixels.shape[1] + 2
            assert -2 <= top < bottom <= pixels.shape[0] + 2


def test_photos_of_garments_were_not_rotated(shared_data: Path) -> None:
    files = sorted((shared_data / "garments").glob("*.jpg"))[::5]
    if not files:
        pytest.skip("the data folder has no garments")
    fired = 0
    for file in files:
        with Image.open(file) as image:
            fired += found_in(image)[0] is not None
    assert fired * 100 <= MAX_FIRED_PERCENT * len(files)
