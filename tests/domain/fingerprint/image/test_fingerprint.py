"""The facts of an image: content id, format, orientation, animation, quality."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image
from streams.errors import BadInput, Reason
from tests.support.hash_distance import phash_distances
from tests.support.media import PHOTOS, animation, encode, jpeg, noise, oriented, photo

FORMATS: list[tuple[str, str, dict[str, Any]]] = [
    ("JPEG", "jpeg", {"quality": 90}),
    ("JPEG", "jpeg", {"quality": 90, "progressive": True}),
    ("PNG", "png", {}),
    ("GIF", "gif", {}),
    ("WEBP", "webp", {"quality": 90}),
    ("WEBP", "webp", {"lossless": True}),
    ("AVIF", "avif", {"quality": 80}),
    ("HEIF", "heif", {"quality": 80}),
    ("HEIF", "heif", {"quality": 80, "tile_size": 256}),
    ("JPEG2000", "jpeg2000", {}),
    ("JPEG2000", "jpeg2000", {"no_jp2": True, "tile_size": (256, 256)}),
    ("JPEG2000", "jpeg2000", {"quality_mode": "rates", "quality_layers": [40, 20], "irreversible": True}),
    ("TIFF", "tiff", {}),
    ("TIFF", "tiff", {"compression": "tiff_lzw"}),
    ("TIFF", "tiff", {"compression": "jpeg", "quality": 90}),
    ("BMP", "bmp", {}),
]


def test_the_facts_of_a_photo() -> None:
    data = jpeg(size=(640, 480))
    facts = fingerprint_image(data)
    assert facts.content_id == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert (facts.kind, facts.format, facts.size_bytes) == ("image", "jpeg", len(data))
    assert (facts.width, facts.height, facts.frames) == (640, 480, 1)
    assert facts.quality > 0.5
    assert list(facts.hashes) == ["phash64:1", "phash256:1", "views:1"]


@pytest.mark.parametrize(("form", "name", "options"), FORMATS)
def test_every_format_shows_the_same_picture(form: str, name: str, options: dict[str, Any]) -> None:
    image = photo("coffee.png", (600, 400))
    facts = fingerprint_image(encode(image, form, **options))
    assert (facts.format, facts.width, facts.height, facts.frames) == (name, 600, 400, 1)
    small, large = phash_distances(facts, fingerprint_image(encode(image, "PNG")))
    assert small <= 4
    assert large <= 12


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (7, 5), (64, 64), (32, 32)])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_any_size_has_a_fingerprint(size: tuple[int, int], form: str) -> None:
    facts = fingerprint_image(encode(photo(size=size), form))
    assert (facts.width, facts.height) == size


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "HEIF"])
def test_the_eight_orientations_of_the_same_pixels_have_the_same_hashes(form: str) -> None:
    lossless: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "HEIF": {"quality": -1, "chroma": 444}}
    image = photo("astronaut.png", (331, 245))
    turned = [fingerprint_image(oriented(image, number, form, **lossless.get(form, {}))) for number in range(1, 9)]
    assert {(facts.width, facts.height) for facts in turned} == {(331, 245)}
    assert len({tuple(facts.hashes.values()) for facts in turned}) == 1


@pytest.mark.parametrize("size", [(331, 245), (1400, 1100)])
def test_the_eight_orientations_of_a_jpeg_are_the_same_but_for_the_encoder(size: tuple[int, int]) -> None:
    image = photo("astronaut.png", size)
    upright, *turned = (fingerprint_image(oriented(image, n, "JPEG", quality=95)) for n in range(1, 9))
    for facts in turned:
        assert (facts.width, facts.height) == size
        small, large = phash_distances(facts, upright)
        assert small <= 2
        assert large <= 6


def test_real_photos_in_all_orientations_have_one_hash(shared_data: Path) -> None:
    files = sorted((shared_data / "exif-orientation").glob("*.jpg"))
    facts = [fingerprint_image(file.read_bytes()) for file in files]
    assert len(facts) == 9
    assert {fact.hashes["phash64:1"] for fact in facts} == {facts[0].hashes["phash64:1"]}
    assert {(fact.width, fact.height) for fact in facts} == {(1800, 1200)}


@pytest.mark.parametrize("number", [0, 9, 65535])
def test_an_unknown_orientation_is_ignored(number: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = number
    image = photo(size=(300, 200))
    facts = fingerprint_image(encode(image, "PNG", exif=exif))
    assert facts.hashes == fingerprint_image(encode(image, "PNG")).hashes


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_an_animation_is_its_first_frame_and_counts_its_frames(form: str) -> None:
    moving = fingerprint_image(animation(form, frames=7))
    assert moving.frames == 7
    small, large = phash_distances(moving, fingerprint_image(encode(noise((120, 90), seed=0), "PNG")))
    assert small <= 4
    assert large <= 24  # of a smooth picture, through GIF's palette or lossy AVIF


def test_uniform_faint_and_rich_pictures_differ_in_quality() -> None:
    uniform = fingerprint_image(encode(Image.new("RGB", (400, 300), (120, 30, 200)), "PNG")).quality
    faint = fingerprint_image(encode(Image.linear_gradient("L").point(lambda level: level // 3), "PNG")).quality
    full = fingerprint_image(encode(photo("coffee.png"), "PNG")).quality
    assert uniform == 0
    assert faint < 0.01
    assert 0.5 < full <= 1


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_have_enough_quality_to_be_matched(name: str) -> None:
    assert fingerprint_image(encode(photo(name), "PNG")).quality > 0.15


def test_equal_bytes_give_equal_facts_on_any_thread() -> None:
    files = [jpeg(name, (500, 400)) for name in PHOTOS] + [animation("GIF"), animation("WEBP"), encode(noise(), "AVIF")]
    files += [encode(noise(), "HEIF", tile_size=128), encode(noise(), "JPEG2000")]
    expected = [fingerprint_image(file) for file in files]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(fingerprint_image, files * 6))
    assert found == expected * 6


def test_a_given_content_id_is_not_computed_again() -> None:
    assert fingerprint_image(jpeg(), content_id="sha256:known").content_id == "sha256:known"


def test_memory_is_limited_by_the_bytes_that_a_format_takes_per_pixel() -> None:
    limits = ImageLimits(max_decode_bytes=8000 * 10)
    image = photo(size=(100, 80))
    for data in (encode(image, "PNG"), encode(image, "JPEG"), encode(image, "JPEG", progressive=True)):
        assert fingerprint_image(data, limits).width == 100
    with pytest.raises(BadInput, match="to decode") as refused:
        fingerprint_image(encode(image, "WEBP"), limits)
    assert refused.value.reason is Reason.TOO_MANY_PIXELS
    with pytest.raises(BadInput, match="to decode"):
        fingerprint_image(encode(image, "JPEG", progressive=True), ImageLimits(max_decode_bytes=8000 * 7))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "JPEG2000", "TIFF", "BMP"])
def test_a_picture_of_exactly_the_limit_is_decoded(form: str) -> None:
    data = encode(photo(size=(100, 80)), form)
    assert fingerprint_image(data, ImageLimits(max_pixels=8000)).width == 100
    with pytest.raises(BadInput, match="100×80") as refused:
        fingerprint_image(data, ImageLimits(max_pixels=7999))
    assert refused.value.reason is Reason.TOO_MANY_PIXELS
