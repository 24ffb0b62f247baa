"""Digests are equal where pixels are; chroma is the mean of a picture's parts, of any mode and size."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.image.colours import PictureColours
from streams.domain.fingerprint.image.luminance import STRIP_PIXELS, luminance
from tests.support.media import photo


def _same(image: Image.Image | None) -> Image.Image | None:
    return image


def colours(image: Image.Image | None, transposition: Image.Transpose | None = None) -> PictureColours:
    return PictureColours(partial(_same, image), transposition, exact=True)


def test_grey_pixels_have_one_digest_in_all_modes() -> None:
    grey = Image.fromarray(np.random.default_rng(1).integers(0, 2, (40, 61), dtype=np.uint8) * 255)
    modes = [grey.convert(mode) for mode in ("1", "L", "RGB", "RGBA", "LA", "P", "CMYK")]
    assert len({colours(image).digest() for image in modes}) == 1


def test_coloured_pixels_have_one_digest_and_other_pixels_another() -> None:
    image = photo("coffee.png", (90, 60)).quantize(32).convert("RGB")
    changed = image.copy()
    changed.putpixel((3, 5), (1, 2, 3))

    assert colours(image).digest() == colours(image.convert("RGBA")).digest()
    assert colours(image).digest() != colours(changed).digest()
    assert colours(image).digest() != colours(image.convert("L")).digest()


def test_pixels_are_read_upright() -> None:
    image = photo("coffee.png", (90, 60))
    turned = image.transpose(Image.Transpose.ROTATE_90)

    assert colours(turned, Image.Transpose.ROTATE_270).digest() == colours(image).digest()
    assert colours(turned, Image.Transpose.ROTATE_270).chroma() == colours(image).chroma()


def test_one_row_more_is_another_picture() -> None:
    assert len({colours(Image.new("L", size, 9)).digest() for size in ((60, 40), (40, 60), (60, 41))}) == 3


@pytest.mark.parametrize("size", [(8, 8), (130, 71), (1, 500), (500, 1), (1000, STRIP_PIXELS // 1000 + 77)])
def test_chroma_is_that_of_the_whole_picture(size: tuple[int, int]) -> None:
    image = photo("coffee.png", (97, 64)).resize(size, Image.Resampling.NEAREST)
    expected = np.asarray(image.convert("YCbCr").resize((8, 8), Image.Resampling.BOX))[..., 1:].astype(int)
    found = np.frombuffer(colours(image).chroma(), np.uint8).reshape(8, 8, 2).astype(int)

    # Means of means of parts that do not divide the picture evenly.
    assert np.abs(found - expected).max() <= 12
    assert np.abs(found - expected).mean() <= 2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"])
def test_all_modes_have_colours(mode: str) -> None:
    image = Image.new("LA" if mode == "PA" else mode, (50, 30)).convert(mode)
    assert len(colours(image).digest()) == 16
    assert len(colours(image).chroma()) == 128


def test_sixteen_bits_are_grey() -> None:
    image = Image.fromarray(np.full((30, 40), 40_000, np.uint16))
    assert set(colours(image).chroma()) == {128}
    assert colours(image).digest() == colours(luminance(image)).digest()


def test_a_picture_without_colours_has_none() -> None:
    assert colours(None).digest() == colours(None).chroma() == b""
    assert PictureColours(partial(_same, photo("coffee.png")), None, exact=False).digest() == b""
