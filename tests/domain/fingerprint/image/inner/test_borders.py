"""Borders are cut off where they are uniform, and nothing else is."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.image.inner.borders import inside_of_borders, inside_of_passe_partout
from tests.support.finders import HOSTILE, PHOTOS, is_at, pasted, reduced, shown
from tests.support.media import encode


@pytest.mark.parametrize("colour", [0, 90, 255])
@pytest.mark.parametrize(
    ("left", "top", "right", "bottom"), [(40, 40, 40, 40), (0, 60, 0, 60), (0, 0, 80, 0), (9, 70, 0, 30)]
)
def test_the_inside_is_found(colour: int, left: int, top: int, right: int, bottom: int) -> None:
    image = shown("coffee.png")
    size = (image.width + left + right, image.height + top + bottom)
    pixels = reduced(pasted(image, size, (left, top), colour))
    expected = left / size[0], top / size[1], 1 - right / size[0], 1 - bottom / size[1]
    assert is_at(inside_of_borders(pixels), pixels, expected)


def test_bars_of_two_colours_are_both_cut_off() -> None:
    image = pasted(shown(), (480, 520), (0, 80), 0)
    image.paste((255, 255, 255), (0, 440, 480, 520))
    pixels = reduced(image)
    assert is_at(inside_of_borders(pixels), pixels, (0, 80 / 520, 1, 440 / 520))


def test_a_border_with_the_noise_of_jpeg_is_one() -> None:
    image = pasted(shown("rocket.jpg"), (640, 520), (80, 80), 240)
    pixels = reduced(Image.open(BytesIO(encode(image, "JPEG", quality=30))))
    assert is_at(inside_of_borders(pixels), pixels, (80 / 640, 80 / 520, 560 / 640, 440 / 520), 0.02)


@pytest.mark.parametrize("name", PHOTOS[:3])
def test_a_photo_has_no_border(name: str) -> None:
    assert inside_of_borders(reduced(shown(name))) is None


def test_a_thin_line_is_no_border() -> None:
    assert inside_of_borders(reduced(pasted(shown(), (484, 364), (2, 2), 0))) is None


def test_a_small_rest_is_no_picture() -> None:
    assert inside_of_borders(reduced(pasted(shown(size=(60, 60)), (480, 480), (200, 200)))) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_have_an_inside_or_none(name: str) -> None:
    pixels = HOSTILE[name]
    found = inside_of_borders(pixels)
    if found is not None:
        left, top, right, bottom = found
        assert 0 <= left < right <= pixels.shape[1]
        assert 0 <= top < bottom <= pixels.shape[0]
        assert np.ptp(pixels[top:bottom, left:right]) > 0


@pytest.mark.parametrize("name", PHOTOS[:3])
def test_the_picture_in_a_passe_partout_is_found(name: str) -> None:
    image = shown(name)
    mounted = pasted(image, (image.width + 60, image.height + 60), (30, 30), 235)
    pixels = reduced(pasted(mounted, (mounted.width + 50, mounted.height + 50), (25, 25), 40))
    framed = inside_of_borders(pixels)
    assert framed is not None
    width, height = image.width + 110, image.height + 110
    expected = 55 / width, 55 / height, 1 - 55 / width, 1 - 55 / height
    assert is_at(inside_of_passe_partout(pixels, framed), pixels, expected, 0.02)


def test_a_frame_alone_has_no_passe_partout() -> None:
    pixels = reduced(pasted(shown("coffee.png"), (640, 520), (40, 40), 40))
    framed = inside_of_borders(pixels)
    assert framed is not None
    assert inside_of_passe_partout(pixels, framed) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_of_hostile_pictures_a_passe_partout_lies_inside(name: str) -> None:
    pixels = HOSTILE[name]
    whole = (0, 0, pixels.shape[1], pixels.shape[0])
    found = inside_of_passe_partout(pixels, whole)
    if found is not None:
        assert 0 < found[0] < found[2] < whole[2]
        assert 0 < found[1] < found[3] < whole[3]
