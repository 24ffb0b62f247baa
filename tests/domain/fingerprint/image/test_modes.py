"""Every mode of Pillow becomes luminance by the documented rule."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint import fingerprint_image
from streams.domain.fingerprint.image.luminance import luminance
from tests.support.hash_distance import phash_distances
from tests.support.media import encode, photo

GREY = photo("coffee.png", (150, 100)).convert("L")


def levels(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return np.asarray(image).astype(np.int16)


def lab(image: Image.Image) -> Image.Image:
    return Image.merge("LAB", [image.convert("L"), *[Image.new("L", image.size, 128)] * 2])


@pytest.mark.parametrize("mode", ["L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"])
def test_every_mode_of_a_grey_picture_has_its_luminance(mode: str) -> None:
    source = GREY.convert("RGB") if mode in ("CMYK", "YCbCr", "HSV", "RGBX", "RGBa") else GREY
    source = source.convert("RGBA") if mode == "RGBa" else source
    source = source.convert("LA") if mode == "La" else source
    image = luminance(source.convert(mode))
    assert image.mode == "L"
    assert np.abs(levels(image) - levels(GREY)).max() <= 2


def test_lab_has_the_luminance_that_a_screen_shows() -> None:
    seen = levels(luminance(lab(GREY)))
    assert np.corrcoef(seen.ravel(), levels(GREY).ravel())[0, 1] > 0.99


def test_black_and_white_is_black_and_white() -> None:
    image = luminance(GREY.convert("1"))
    assert set(np.unique(levels(image))) == {0, 255}


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B"])
def test_sixteen_bits_keep_their_upper_eight(mode: str) -> None:
    wide = levels(GREY).astype(np.uint16) * 257
    raw = wide.astype(">u2" if mode == "I;16B" else "<u2").tobytes()
    image = Image.frombytes(mode, GREY.size, raw)
    assert np.array_equal(levels(luminance(image)), levels(GREY))


@pytest.mark.parametrize("full", [1.0, 255.0, 65535.0])
def test_floats_are_seen_in_the_smallest_range_that_holds_them(full: float) -> None:
    values = (levels(GREY) / 255 * full).astype(np.float32)
    values[0, 0] = full
    seen = levels(luminance(Image.fromarray(values)))
    assert np.abs(seen - levels(GREY))[1:].max() <= 1


def test_integers_are_seen_in_the_smallest_range_that_holds_them() -> None:
    for full in (255, 65535):
        values = levels(GREY).astype(np.int32) * (full // 255)
        values[0, 0] = full
        assert np.abs(levels(luminance(Image.fromarray(values))) - levels(GREY))[1:].max() <= 1


def test_other_ranges_are_stretched() -> None:
    values = levels(GREY).astype(np.float32) * 1000 - 7000
    seen = levels(luminance(Image.fromarray(values)))
    assert (seen.min(), seen.max()) == (0, 255)
    assert np.corrcoef(seen.ravel(), levels(GREY).ravel())[0, 1] > 0.999


def test_nan_and_infinity_are_black() -> None:
    values = levels(GREY).astype(np.float32)
    values[0, :4] = [np.nan, np.inf, -np.inf, 255]
    assert levels(luminance(Image.fromarray(values)))[0, :4].tolist() == [0, 0, 0, 255]


def test_a_picture_taller_than_one_strip_has_no_seams() -> None:
    values = np.linspace(0, 65535, 2_500_000, dtype=np.uint16).reshape(2500, 1000)
    seen = levels(luminance(Image.fromarray(values)))
    assert seen[:, 0].tolist() == sorted(seen[:, 0].tolist())
    assert (seen[0, 0], seen[-1, -1]) == (0, 255)


def half_transparent(mode: str) -> Image.Image:
    image = photo("coffee.png", (200, 200)).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 200, 100))
    return image.convert(mode)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_areas_are_white_whatever_colour_they_hide(form: str, mode: str) -> None:
    if form in ("WEBP", "AVIF") and mode == "LA":
        mode = "RGBA"
    options = {"lossless": True} if form == "WEBP" else {}
    hidden = half_transparent(mode)
    white = Image.new("RGBA", hidden.size, "white")
    white.alpha_composite(hidden.convert("RGBA"))
    seen = fingerprint_image(encode(hidden, form, **options))
    small, large = phash_distances(seen, fingerprint_image(encode(white.convert("RGB"), "PNG")))
    assert small <= 2
    assert large <= 6


def test_a_palette_with_a_transparent_colour_shows_white_there() -> None:
    image = Image.new("P", (64, 64), 0)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.paste(1, (0, 0, 64, 32))
    data = encode(image, "PNG", transparency=0)
    opaque = Image.new("RGB", (64, 64), "white")
    opaque.paste((200, 0, 0), (0, 0, 64, 32))
    assert phash_distances(fingerprint_image(data), fingerprint_image(encode(opaque, "PNG"))) == (0, 0)


@pytest.mark.parametrize("colour", [(255, 0, 0), 90])
def test_a_picture_with_one_colour_declared_transparent_shows_white_there(colour: tuple[int, ...] | int) -> None:
    mode = "L" if isinstance(colour, int) else "RGB"
    image = Image.new(mode, (64, 64), colour)
    image.paste(0, (0, 0, 64, 32))
    opaque = Image.new("L", (64, 64), 255)
    opaque.paste(0, (0, 0, 64, 32))
    seen = fingerprint_image(encode(image, "PNG", transparency=colour))
    assert seen.hashes == fingerprint_image(encode(opaque, "PNG")).hashes
