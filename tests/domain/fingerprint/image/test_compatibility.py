"""The hashes are those of imagehash, the slow twin."""

from __future__ import annotations

from io import BytesIO

import imagehash
import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint import fingerprint_image
from streams.domain.fingerprint.image.phash import phash_hex
from tests.support.hash_distance import bits_apart
from tests.support.media import PHOTOS, encode, jpeg, photo

SIZES = ((640, 480), (480, 640), (1920, 1080), (200, 150))


def apart_from_imagehash(data: bytes) -> tuple[int, int]:
    facts = fingerprint_image(data)
    with Image.open(BytesIO(data)) as image:
        small, large = imagehash.phash(image), imagehash.phash(image, hash_size=16)
    return bits_apart(facts.hashes["phash64:1"], str(small)), bits_apart(facts.hashes["phash256:1"], str(large))


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_photos_are_within_the_documented_bits_of_imagehash(name: str, form: str) -> None:
    for size in SIZES if form == "JPEG" else SIZES[:2]:
        small, large = apart_from_imagehash(encode(photo(name, size), form))
        assert small <= 4, size
        assert large <= 8, size


def test_over_all_photos_one_bit_differs_on_average() -> None:
    apart = [apart_from_imagehash(jpeg(name, size)) for name in PHOTOS for size in SIZES[:3]]
    assert np.mean([small for small, _ in apart]) < 0.6
    assert np.mean([large for _, large in apart]) < 1.5


def test_twelve_megapixels_from_an_eighth_of_the_decode_are_still_compatible() -> None:
    small, large = apart_from_imagehash(jpeg("rocket.jpg", (4160, 4096)))
    assert small <= 2
    assert large <= 6


def gradient(horizontal: bool) -> Image.Image:
    ramp = Image.linear_gradient("L").resize((300, 300))
    return ramp.transpose(Image.Transpose.ROTATE_90) if horizontal else ramp


@pytest.mark.parametrize(
    "image",
    [Image.new("L", (300, 200), level) for level in (0, 1, 100, 255)] + [gradient(False), gradient(True)],
    ids=["black", "nearly black", "grey", "white", "vertical ramp", "horizontal ramp"],
)
def test_flat_and_one_dimensional_pictures_have_the_hashes_of_exact_arithmetic(image: Image.Image) -> None:
    """imagehash leaves rounding noise in coefficients that are zero. Rounded, it gives our bits."""
    facts = fingerprint_image(encode(image, "PNG"))
    small = np.asarray(image.resize((32, 32), Image.Resampling.LANCZOS))
    positions = 2 * np.arange(32) + 1
    rows = [[2 * np.cos(np.pi * k * n / 64) for n in positions] for k in range(8)]
    exact = np.round(np.array(rows) @ small @ np.array(rows).T, 5).ravel()
    bits = "".join("1" if value > np.median(exact) else "0" for value in exact)
    assert bits_apart(facts.hashes["phash64:1"], f"{int(bits, 2):016x}") <= 2


@pytest.mark.parametrize("level", [0, 100, 255])
def test_a_uniform_picture_has_at_most_the_mean_above_the_median(level: int) -> None:
    facts = fingerprint_image(encode(Image.new("RGB", (300, 200), (level,) * 3), "PNG"))
    assert facts.hashes["phash64:1"] == ("8" if level else "0") + "0" * 15
    assert facts.quality == 0


@pytest.mark.parametrize("hash_size", [8, 16])
def test_the_transform_is_that_of_imagehash_bit_by_bit(hash_size: int) -> None:
    side = 4 * hash_size
    for seed in range(50):
        pixels = np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
        assert phash_hex(pixels) == str(imagehash.phash(Image.fromarray(pixels), hash_size=hash_size))


def test_imagehash_reads_our_hex() -> None:
    facts = fingerprint_image(jpeg())
    for name, digits in (("phash64:1", 16), ("phash256:1", 64)):
        assert len(facts.hashes[name]) == digits
        assert str(imagehash.hex_to_hash(facts.hashes[name])) == facts.hashes[name]


def test_half_of_the_bits_of_a_photo_are_set() -> None:
    facts = fingerprint_image(jpeg())
    assert int(facts.hashes["phash64:1"], 16).bit_count() == 32
    assert int(facts.hashes["phash256:1"], 16).bit_count() == 128
