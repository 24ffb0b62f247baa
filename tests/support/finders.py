"""Pictures in which something is to be found, as the finders of pictures inside pictures take them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.image.luminance import OnGround
from streams.domain.fingerprint.image.reduced import ReducedPicture
from tests.support.media import photo

PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]


def reduced(image: Image.Image) -> Pixels:
    """The grey pixels that the finders see of a picture."""
    return ReducedPicture(OnGround(image.convert("L"))).pixels


def shown(name: str = "coffee.png", size: tuple[int, int] = (480, 360)) -> Image.Image:
    return photo(name, size)


def pasted(image: Image.Image, size: tuple[int, int], at: tuple[int, int], colour: int | str = "white") -> Image.Image:
    """The picture on a plain canvas."""
    canvas = Image.new("RGB", size, colour if isinstance(colour, str) else (colour,) * 3)
    canvas.paste(image, at)
    return canvas


def shares(box: Box, pixels: Pixels) -> Box:
    """A box in pixels as shares of width and height."""
    height, width = pixels.shape
    return box[0] / width, box[1] / height, box[2] / width, box[3] / height


def is_at(box: Box | None, pixels: Pixels, expected: Box, tolerance: float = 0.012) -> bool:
    """Whether a box is where it is expected, in shares of width and height."""
    return box is not None and all(
        abs(found - edge) <= tolerance for found, edge in zip(shares(box, pixels), expected, strict=True)
    )


HOSTILE: dict[str, Pixels] = {
    "one pixel": np.zeros((1, 1), np.uint8),
    "two pixels": np.array([[0, 255]], np.uint8),
    "a row": np.arange(320, dtype=np.uint8)[None],
    "a column": np.arange(320, dtype=np.uint8)[:, None],
    "three rows": np.full((3, 320), 255, np.uint8),
    "white": np.full((319, 319), 255, np.uint8),
    "black": np.zeros((200, 319), np.uint8),
    "checkerboard": (np.indices((319, 319)).sum(axis=0) % 2 * 255).astype(np.uint8),
    "stripes": np.tile(np.array([[0], [255]], np.uint8), (150, 300)),
    "noise": np.random.default_rng(1).integers(0, 256, (319, 319), dtype=np.uint8),
    "steps": np.repeat(np.arange(0, 256, 13, dtype=np.uint8), 15)[None].repeat(200, 0),
    "a dot": np.pad(np.full((2, 2), 9, np.uint8), 150, constant_values=250),
    "spiral": np.kron(np.eye(20, dtype=np.uint8) * 255, np.ones((12, 12), np.uint8)),
}
"""Sizes and patterns that no photo has."""
