"""Planes of a JPEG by libjpeg-turbo's library: Pillow's luma to the bit, and previews that look like Pillow's."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.image.codecs import turbojpeg
from streams.domain.fingerprint.image.codecs.turbojpeg import decode_planes, encode_planes
from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.thumbnails.preview import is_jpeg
from streams.domain.fingerprint.thumbnails.sizes import PREVIEW
from streams.domain.records import MediaFacts
from tests.support.media import encode, jpeg, oriented, photo

with_library = pytest.mark.skipif(not turbojpeg.is_installed(), reason=f"{turbojpeg.LIBRARY} is not installed")


def luma_of(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """As fingerprints have it without thumbnails."""
    with Image.open(BytesIO(data)) as image:
        image.draft("L", size)
        return np.asarray(image.convert("L"))


@with_library
@pytest.mark.parametrize("size", [(1920, 1080), (1921, 1083), (640, 480), (513, 1027), (17, 9), (1, 1), (3, 2000)])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
def test_luma_is_that_of_pillow_at_every_scale(
    size: tuple[int, int], subsampling: int, options: dict[str, Any]
) -> None:
    data = encode(photo("coffee.png", size), quality=85, subsampling=subsampling, **options)
    compared = 0
    for scale in (1, 2, 4, 8):
        planes = decode_planes(data, scale)
        assert planes is not None and planes.size == (-(-size[0] // scale), -(-size[1] // scale))
        expected = luma_of(data, (max(1, size[0] // scale), max(1, size[1] // scale)))
        if expected.shape == planes.luma.shape:  # Pillow scales no picture of few pixels
            assert np.array_equal(planes.luma, expected)
            compared += 1
    assert compared


@with_library
def test_damaged_files_have_the_luma_of_pillow_or_no_planes() -> None:
    data, chance, compared = jpeg(size=(320, 240)), random.Random(17), 0
    for _ in range(500):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(data))] = chance.randrange(256)
        planes = decode_planes(bytes(damaged), 1)
        if planes is not None:
            assert np.array_equal(planes.luma, luma_of(bytes(damaged), planes.size))
            compared += 1
    assert 100 < compared < 500


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        jpeg()[:5000],
        jpeg()[:5000] + b"\xff\xd9",
        encode(photo().convert("L")),
        encode(photo().convert("CMYK")),
        encode(photo(), keep_rgb=True),
        encode(photo(), "PNG"),
    ],
    ids=["empty", "bytes", "cut", "cut_with_an_end", "grey", "cmyk", "rgb", "png"],
)
def test_unusual_files_have_no_planes(data: bytes) -> None:
    assert decode_planes(data, 1) is None


@with_library
@pytest.mark.parametrize("size", [(600, 338), (601, 339), (9, 8)])
def test_what_is_encoded_is_what_was_decoded(size: tuple[int, int]) -> None:
    planes = decode_planes(jpeg("coffee.png", size, quality=95), 1)
    assert planes is not None
    file = encode_planes(size, planes.planes, 95)
    again = decode_planes(file, 1)
    assert is_jpeg(file) and again is not None and again.size == size
    for before, after in zip(planes.planes, again.planes, strict=True):
        assert np.abs(before.astype(int) - after).mean() < 2


def test_without_the_library_nothing_is_decoded_or_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turbojpeg, "LIBRARY", "libturbojpeg-of-nobody.so.0")
    turbojpeg._library.cache_clear()
    try:
        assert not turbojpeg.is_installed() and decode_planes(jpeg(), 1) is None
        with pytest.raises(OSError, match="of-nobody"):
            encode_planes((2, 2), [np.zeros((2, 2), np.uint8)] * 3, 90)
    finally:
        turbojpeg._library.cache_clear()


FILES: dict[str, Callable[[], bytes]] = {
    "420": lambda: jpeg("coffee.png", (1921, 1083)),
    "422": lambda: jpeg("coffee.png", (800, 600), subsampling=1),
    "444": lambda: jpeg("coffee.png", (800, 600), subsampling=0),
    "progressive": lambda: jpeg("coffee.png", (1600, 1200), progressive=True),
    "small": lambda: jpeg("coffee.png", (99, 77)),
    "wide": lambda: jpeg("coffee.png", (3600, 240)),
    "few_rows": lambda: jpeg("coffee.png", (4000, 3)),
    "grey": lambda: encode(photo("coffee.png").convert("L")),
    "cut": lambda: jpeg("coffee.png")[:-9000],
    "cut_with_an_end": lambda: jpeg("coffee.png")[:-9000] + b"\xff\xd9",
    "png": lambda: encode(photo("coffee.png", (1200, 800)), "PNG"),
    **{
        f"turned_{number}": partial(oriented, photo("coffee.png", (1000, 700)), number, "JPEG")
        for number in range(2, 9)
    },
}


def fingerprinted(data: bytes) -> tuple[MediaFacts, Image.Image]:
    """Facts, and the preview."""
    maker = ThumbnailMaker()
    facts = fingerprint_image(data, thumbnails=maker)
    return facts, Image.open(BytesIO(maker.make()[PREVIEW]))


@with_library
@pytest.mark.parametrize("name", FILES)
def test_facts_are_the_same_and_previews_look_the_same_without_the_library(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = FILES[name]()
    facts, preview = fingerprinted(data)
    monkeypatch.setattr(turbojpeg, "_library", lambda: None)
    other_facts, other_preview = fingerprinted(data)
    assert facts == other_facts == fingerprint_image(data)
    assert preview.size == other_preview.size and set(preview.info) == set(other_preview.info)
    levels = [np.asarray(each.convert("RGB"), np.float64) for each in (preview, other_preview)]
    assert np.sqrt(np.mean((levels[0] - levels[1]) ** 2)) < 4
