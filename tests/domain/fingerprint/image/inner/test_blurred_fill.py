"""The sharp picture on a blurred fill is found; on few ordinary photos is there such a fill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from streams.domain.fingerprint.image.inner.blurred_fill import inside_of_blurred_fill
from tests.support.finders import HOSTILE, PHOTOS, is_at, reduced, shown

MAX_FIRED_PERCENT = 3


def on_fill(name: str, size: tuple[int, int], shown_size: tuple[int, int], radius: float = 18) -> Image.Image:
    """A photo in the middle of a blurred one."""
    image = shown(name, shown_size)
    fill = shown(name, size).filter(ImageFilter.GaussianBlur(radius)).point(lambda level: level * 0.8)
    fill.paste(image, ((size[0] - shown_size[0]) // 2, (size[1] - shown_size[1]) // 2))
    return fill


@pytest.mark.parametrize(
    ("name", "size", "shown_size"),
    [
        ("chelsea.png", (400, 700), (400, 300)),
        ("coffee.png", (400, 700), (400, 300)),
        ("astronaut.png", (400, 700), (400, 300)),
        ("coffee.png", (800, 400), (420, 400)),
        ("astronaut.png", (800, 400), (420, 400)),
    ],
)
def test_the_sharp_picture_is_found(name: str, size: tuple[int, int], shown_size: tuple[int, int]) -> None:
    pixels = reduced(on_fill(name, size, shown_size))
    left, top = (1 - shown_size[0] / size[0]) / 2, (1 - shown_size[1] / size[1]) / 2
    assert is_at(inside_of_blurred_fill(pixels), pixels, (left, top, 1 - left, 1 - top), 0.02)


def test_a_blurred_photo_is_no_fill() -> None:
    assert inside_of_blurred_fill(reduced(shown("coffee.png").filter(ImageFilter.GaussianBlur(8)))) is None


def test_a_fill_on_one_side_only_is_none() -> None:
    image = on_fill("chelsea.png", (400, 700), (400, 300)).crop((0, 0, 400, 480))
    assert inside_of_blurred_fill(reduced(image)) is None


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_has_no_fill(name: str) -> None:
    assert inside_of_blurred_fill(reduced(shown(name))) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_have_an_inside_or_none(name: str) -> None:
    pixels = HOSTILE[name]
    found = inside_of_blurred_fill(pixels)
    if found is not None:
        left, top, right, bottom = found
        assert 0 <= left < right <= pixels.shape[1]
        assert 0 <= top < bottom <= pixels.shape[0]


def test_few_photos_of_garments_have_a_fill(shared_data: Path) -> None:
    files = sorted((shared_data / "garments").glob("*.jpg"))[::5]
    if not files:
        pytest.skip("the data folder has no garments")
    fired = 0
    for file in files:
        with Image.open(file) as image:
            fired += inside_of_blurred_fill(reduced(image)) is not None
    assert fired * 100 <= MAX_FIRED_PERCENT * len(files)


def test_noise_on_a_flat_ground_is_no_picture() -> None:
    rng = np.random.default_rng(2)
    pixels = np.full((300, 300), 120, np.uint8)
    pixels[100:200] += rng.integers(0, 2, (100, 300), dtype=np.uint8)
    assert inside_of_blurred_fill(pixels) is None
