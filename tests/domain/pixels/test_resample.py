"""Resizing and mapping equal Pillow, the slow twin, level by level."""

from __future__ import annotations

import random
from math import cos, radians, sin

import numpy as np
import pytest
from PIL import Image

from streams.domain.pixels.affine import mapped
from streams.domain.pixels.resample import BOX, LANCZOS, Pixels, Rectangle, resized

FILTERS = {BOX: Image.Resampling.BOX, LANCZOS: Image.Resampling.LANCZOS}


def noise(rng: random.Random, width: int, height: int) -> Pixels:
    """Black and white pixels overshoot most."""
    pixels = np.frombuffer(rng.randbytes(width * height), np.uint8).reshape(height, width)
    return pixels // 128 * np.uint8(255) if rng.random() < 0.5 else pixels.copy()


def some_part(rng: random.Random, width: int, height: int) -> Rectangle:
    if rng.random() < 0.3:
        return 0.0, 0.0, float(width), float(height)
    if rng.random() < 0.5:
        left, top = rng.randrange(width), rng.randrange(height)
        return left, top, rng.randint(left + 1, width), rng.randint(top + 1, height)
    return rng.random() * 0.4 * width, 0.0, width - rng.random() * 0.4 * width, height - rng.random() * 0.99


@pytest.mark.parametrize("kind", [BOX, LANCZOS])
def test_resized_pictures_are_those_of_pillow(kind: int) -> None:
    rng = random.Random(5)
    for _ in range(400):
        width, height, side = rng.randint(1, 330), rng.randint(1, 330), rng.choice((32, 64))
        pixels, part = noise(rng, width, height), some_part(rng, width, height)
        expected = np.asarray(Image.fromarray(pixels).resize((side, side), FILTERS[kind], box=part))
        assert np.array_equal(resized(pixels, side, part, kind), expected), (width, height, side, part)


def test_a_picture_that_has_the_size_stays_as_it_is() -> None:
    pixels = noise(random.Random(6), 64, 64)
    assert np.array_equal(resized(pixels, 64, (0.0, 0.0, 64.0, 64.0), LANCZOS), pixels)


def test_mapped_pictures_are_those_of_pillow() -> None:
    rng = random.Random(7)
    for _ in range(200):
        pixels = noise(rng, rng.randint(1, 200), rng.randint(1, 200))
        angle, stretch, side = radians(rng.uniform(-180, 180)), rng.uniform(0.1, 8), rng.choice((64, 128))
        across, down = rng.uniform(-40, 40), rng.uniform(-40, 40)
        matrix = (cos(angle), sin(angle) / stretch, across, -sin(angle) * stretch, cos(angle), down)
        expected = Image.fromarray(pixels).transform(
            (side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
        )
        assert np.array_equal(mapped(pixels, side, matrix), np.asarray(expected)), matrix
