"""HEIF: sizes are checked before libheif allocates memory, and what is missing or strange is refused."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from streams.domain.fingerprint.image.codecs import heif
from streams.domain.fingerprint.image.codecs.heif import heif_structure
from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason
from tests.support.hash_distance import phash_distances
from tests.support.media import encode, noise, photo

GRID = encode(noise((500, 400)), "HEIF", tile_size=128)
SINGLE = encode(noise((500, 400)), "HEIF")


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def refused(data: bytes, limits: ImageLimits | None = None) -> BadInput:
    with pytest.raises(BadInput) as error:
        fingerprint_image(data, limits or ImageLimits())
    return error.value


def alike(one: MediaFacts, other: MediaFacts) -> bool:
    small, large = phash_distances(one, other)
    return small <= 4 and large <= 16


def test_the_structure_has_the_largest_picture() -> None:
    assert heif_structure(SINGLE).largest == (500, 400)
    assert heif_structure(GRID).largest == (500, 400)
    assert heif_structure(GRID).frames == 1


def test_ten_bits_and_transparency_are_decoded() -> None:
    image = photo("astronaut.png", (300, 200))
    expected = fingerprint_image(encode(image, "PNG"))
    assert alike(fingerprint_image(encode(image.convert("RGBA"), "HEIF")), expected)
    ten_bits = BytesIO()
    pixels = bytes(byte for value in image.tobytes() for byte in (value, value))
    pillow_heif.encode("RGB;16", image.size, pixels, ten_bits)
    assert alike(fingerprint_image(ten_bits.getvalue()), expected)


def test_transparent_parts_are_white() -> None:
    image = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (20, 30, 80, 70))
    white = Image.new("RGB", (200, 100), "white")
    white.paste("black", (20, 30, 80, 70))
    facts = fingerprint_image(encode(image, "HEIF", quality=-1, chroma=444))
    assert alike(facts, fingerprint_image(encode(white, "PNG")))


def test_of_several_pictures_the_primary_one_is_hashed() -> None:
    file = pillow_heif.from_pillow(noise((300, 200), 1))
    file.add_from_pillow(noise((300, 200), 2))
    out = BytesIO()
    file.save(out, primary_index=1)
    facts = fingerprint_image(out.getvalue())
    assert facts.frames == 1
    assert alike(facts, fingerprint_image(encode(noise((300, 200), 2), "PNG")))


def patched(data: bytes, size: tuple[int, int], claimed: tuple[int, int], name: bytes) -> bytes:
    before = struct.pack(">HH" if name == b"grid" else ">II", *size)
    at = data.index(before, 0 if name == b"grid" else data.index(name))
    return data[:at] + struct.pack(">HH" if name == b"grid" else ">II", *claimed) + data[at + len(before) :]


@pytest.mark.parametrize("name", [b"ispe", b"grid"])
def test_a_bomb_is_refused_by_its_header(name: bytes) -> None:
    bomb = patched(GRID, (500, 400), (60_000, 60_000), name)
    assert heif_structure(bomb).largest == (60_000, 60_000)
    error = refused(bomb)
    assert error.reason is Reason.TOO_MANY_PIXELS
    assert "60000×60000" in error.detail


def test_a_size_that_is_not_that_of_the_pixels_is_corrupt() -> None:
    assert refused(patched(SINGLE, (500, 400), (250, 200), b"ispe")).reason is Reason.CORRUPT_MEDIA


@pytest.mark.parametrize("data", [GRID, SINGLE], ids=["grid", "single"])
def test_a_file_that_was_cut_off_is_truncated(data: bytes) -> None:
    for share in (0.99, 0.9, 0.5, 0.2):
        assert refused(data[: int(len(data) * share)]).reason is Reason.TRUNCATED_MEDIA


def test_what_follows_the_last_box_does_not_matter() -> None:
    assert fingerprint_image(SINGLE + box(b"sefd", bytes(100))).width == 500


@pytest.mark.parametrize("item", [b"unci", b"iovl", b"mski", b"j2k1"])
def test_items_that_no_camera_writes_are_refused(item: bytes) -> None:
    data = SINGLE.replace(b"hvc1", item)
    assert data != SINGLE
    assert refused(data).reason is Reason.UNSUPPORTED_FORMAT


def meta_with(*extra: bytes) -> bytes:
    """The single picture, its `meta` box followed by more boxes inside it."""
    at = SINGLE.index(b"meta") - 4
    (size,) = struct.unpack_from(">I", SINGLE, at)
    more = b"".join(extra)
    return SINGLE[:at] + struct.pack(">I", size + len(more)) + SINGLE[at + 4 : at + size] + more + SINGLE[at + size :]


@pytest.mark.parametrize("name", [b"iloc", b"iinf", b"iprp"])
def test_two_boxes_of_a_kind_are_refused(name: bytes) -> None:
    error = refused(meta_with(box(name, bytes(8))))
    assert (error.reason, "two boxes" in error.detail) == (Reason.CORRUPT_MEDIA, True)


def test_countless_boxes_are_refused_undecoded() -> None:
    data = SINGLE[: SINGLE.index(b"meta") - 4] + box(b"free", b"") * 100_000
    with pytest.raises(BadInput, match="more than 65,536 boxes"):
        heif_structure(data)


def test_a_box_smaller_than_its_header_is_refused() -> None:
    assert refused(SINGLE[:28] + struct.pack(">I4s", 3, b"meta") + SINGLE[36:]).reason is Reason.CORRUPT_MEDIA


def test_without_the_extra_a_file_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(heif, "import_module", missing)
    heif._plugin.cache_clear()
    try:
        error = refused(SINGLE)
    finally:
        heif._plugin.cache_clear()
    assert error.reason is Reason.UNSUPPORTED_FORMAT
    assert "pip install 'mediasieve[heif]'" in error.detail


def test_avif_in_a_file_of_the_general_brand_is_decoded() -> None:
    data = encode(photo(size=(120, 80)), "AVIF")
    renamed = data[:8] + b"mif1" + data[12:]
    assert b"avif" in renamed[12:32]
    assert (fingerprint_image(renamed).format, fingerprint_image(renamed).width) == ("avif", 120)
