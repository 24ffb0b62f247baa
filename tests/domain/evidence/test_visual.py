"""The descriptor of looks: as its description says, pixel by pixel; and like pictures have near descriptors."""

from __future__ import annotations

from math import isqrt

import numpy as np
import pytest
from PIL import Image

from streams.domain.evidence.thumbnail import decode_thumbnail, encode_thumbnail
from streams.domain.evidence.visual import CODE_BYTES, VALUES, visual_code, visual_descriptor
from tests.support.media import noise, photo

PICTURES = {
    "photo": photo(size=(64, 64)),
    "noise": noise((64, 64), 3),
    "white": Image.new("L", (64, 64), 255),
    "nearly_uniform": Image.new("L", (64, 64), 100).point(lambda level: level),
    "stripes": Image.fromarray(np.tile(np.array([0, 0, 0, 0, 255, 255, 255, 255], np.uint8), (64, 8))),
}


def packed(picture: Image.Image) -> bytes:
    return encode_thumbnail(np.asarray(picture.convert("L")))


def by_pixels(thumbnail: bytes) -> list[int]:
    """The slow twin, in plain numbers."""
    pixels = decode_thumbnail(thumbnail).tolist()
    sums = [[sum(pixels[2 * y + j][2 * x + i] for j in (0, 1) for i in (0, 1)) for x in range(32)] for y in range(32)]
    votes = [[[0] * 6 for _ in range(4)] for _ in range(4)]
    bright = [[0] * 4 for _ in range(4)]
    weight = [[0] * 4 for _ in range(4)]
    for y in range(32):
        for x in range(32):
            across = sums[y][x + 1] - sums[y][x - 1] if 0 < x < 31 else 0
            down = sums[y + 1][x] - sums[y - 1][x] if 0 < y < 31 else 0
            for row in range(4):
                for column in range(4):
                    part = share(y, row) * share(x, column)
                    votes[row][column][direction(across, down)] += part * (abs(across) + abs(down))
                    bright[row][column] += part * sums[y][x]
                    weight[row][column] += part
    total = max(sum(sum(map(sum, row)) for row in votes), 8 * 32 * 32 * 256)
    mean = sum(map(sum, sums)) // 1024
    edges = [min(127, isqrt(vote * 96 * 1024 // total)) for row in votes for cell in row for vote in cell]
    levels = [(bright[row][column] // weight[row][column] - mean) // 8 for row in range(4) for column in range(4)]
    return edges + [max(-128, min(127, level)) for level in levels]


def share(place: int, cell: int) -> int:
    """How much a row counts for a cell, in sixteenths: in full at its middle, not at all at the next one's."""
    half_pixels = min(max(2 * place + 1, 8), 56)
    return max(0, 16 - abs(half_pixels - (16 * cell + 8)))


def direction(across: int, down: int) -> int:
    """Of 30° each; the first lies around 0°."""
    x, y = abs(across), abs(down)
    quarter = (1000 * y >= 268 * x) + (y >= x) + (268 * y >= 1000 * x)
    return quarter if (across >= 0) == (down >= 0) else (6 - quarter) % 6


@pytest.mark.parametrize("name", PICTURES)
def test_the_descriptor_is_that_of_its_description(name: str) -> None:
    thumbnail = packed(PICTURES[name])
    found = np.frombuffer(visual_descriptor(thumbnail), np.int8)
    assert found.tolist() == by_pixels(thumbnail)
    assert found.shape == (VALUES,)


def test_a_code_has_a_bit_for_every_step_that_a_value_reaches() -> None:
    descriptor = visual_descriptor(packed(PICTURES["photo"]))
    bits = np.unpackbits(np.frombuffer(visual_code(descriptor), np.uint8))
    values = np.frombuffer(descriptor, np.int8)
    expected = [value >= step for step in (20, 34) for value in values[:96]]
    expected += [value >= step for step in (-24, -8, 8, 24) for value in values[96:]]
    assert bits.tolist() == expected
    assert len(visual_code(descriptor)) == CODE_BYTES


def altered(picture: Image.Image, name: str) -> Image.Image:
    match name:
        case "shifted":
            return picture.transform((64, 64), Image.Transform.AFFINE, (1, 0, 3, 0, 1, 2))
        case "cropped":
            return picture.crop((4, 4, 60, 60)).resize((64, 64))
        case "turned":
            return picture.rotate(4, Image.Resampling.BICUBIC)
        case _:
            return picture.point(lambda level: int(255 * (level / 255) ** 0.7))


@pytest.mark.parametrize("name", ["shifted", "cropped", "turned", "brighter"])
def test_what_looks_alike_is_nearer_than_what_does_not(name: str) -> None:
    pictures = [
        photo(each, (64, 64)).convert("L")
        for each in ("chelsea.png", "coffee.png", "astronaut.png", "coins.png", "brick.png")
    ]
    known = np.array([np.frombuffer(visual_descriptor(packed(each)), np.int8) for each in pictures], np.int64)
    for number, picture in enumerate(pictures):
        found = np.frombuffer(visual_descriptor(packed(altered(picture, name))), np.int8).astype(np.int64)
        assert int(np.square(known - found).sum(1).argmin()) == number
