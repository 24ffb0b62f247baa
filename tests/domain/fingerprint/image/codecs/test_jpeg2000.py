"""JPEG 2000: what would take all memory is refused by its headers."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from streams.domain.fingerprint.image.codecs.jpeg2000 import MAX_MARKERS, jpeg2000_structure
from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image
from streams.errors import BadInput, Reason
from tests.support.hash_distance import phash_distances
from tests.support.media import encode, noise, photo

BARE = encode(noise((500, 400)), "JPEG2000", no_jp2=True)
BOXED = encode(noise((500, 400)), "JPEG2000")
SIZE_AT, CODING_AT = BARE.index(b"\xff\x51"), BARE.index(b"\xff\x52")
MIB = 1 << 20


def changed(data: bytes, at: int, form: str, *values: Any) -> bytes:
    new = struct.pack(form, *values)
    return data[:at] + new + data[at + len(new) :]


def refused(data: bytes, limits: ImageLimits | None = None) -> BadInput:
    with pytest.raises(BadInput) as error:
        fingerprint_image(data, limits or ImageLimits())
    return error.value


def needed_bytes(data: bytes) -> int:
    structure = jpeg2000_structure(data)
    return structure.largest[0] * structure.largest[1] * structure.pixel_bytes + structure.extra_bytes


@pytest.mark.parametrize("data", [BARE, BOXED], ids=["bare", "boxed"])
def test_an_ordinary_file_needs_40_bytes_a_pixel(data: bytes) -> None:
    structure = jpeg2000_structure(data)
    assert (structure.largest, structure.frames, structure.complete) == ((500, 400), 1, True)
    assert structure.pixel_bytes <= 41
    assert structure.extra_bytes < MIB


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_every_mode_is_decoded(mode: str) -> None:
    image = photo("astronaut.png", (300, 200))
    facts = fingerprint_image(encode(image.convert(mode), "JPEG2000"))
    small, large = phash_distances(facts, fingerprint_image(encode(image, "PNG")))
    assert small <= 2
    assert large <= 8


def test_a_picture_with_an_offset_is_decoded() -> None:
    data = encode(
        noise((500, 400)), "JPEG2000", no_jp2=True, offset=(100, 50), tile_size=(256, 256), tile_offset=(10, 5)
    )
    assert jpeg2000_structure(data).largest == (500, 400)
    assert fingerprint_image(data).width == 500


@pytest.mark.parametrize("data", [BARE, BOXED], ids=["bare", "boxed"])
def test_a_file_that_was_cut_off_is_truncated(data: bytes) -> None:
    for share in (0.999, 0.9, 0.5, 0.1, 0.01):
        assert refused(data[: int(len(data) * share)]).reason is Reason.TRUNCATED_MEDIA


def test_more_pixels_than_the_limit_are_refused_by_the_header_of_the_codestream() -> None:
    data = changed(BOXED, BOXED.index(b"\xff\x51") + 6, ">II", 60_000, 60_000)  # the boxes still say 500 × 400
    assert refused(data).reason is Reason.TOO_MANY_PIXELS


def test_countless_tiles_are_refused_undecoded() -> None:
    data = changed(BARE, SIZE_AT + 6 + 16, ">II", 2, 2)
    assert needed_bytes(data) > 500 * MIB
    assert refused(data, ImageLimits(max_decode_bytes=256 * MIB)).reason is Reason.TOO_MANY_PIXELS


def test_tiny_code_blocks_and_precincts_count() -> None:
    small_blocks = encode(noise((500, 400)), "JPEG2000", codeblock_size=(4, 4))
    assert jpeg2000_structure(small_blocks).pixel_bytes > 100
    assert fingerprint_image(small_blocks).width == 500
    levels = BARE[CODING_AT + 9]
    body = bytes((BARE[CODING_AT + 4] | 1,)) + BARE[CODING_AT + 5 : CODING_AT + 14] + bytes(levels + 1)
    end = CODING_AT + 2 + int.from_bytes(BARE[CODING_AT + 2 : CODING_AT + 4])
    tiny = BARE[: CODING_AT + 2] + struct.pack(">H", 2 + len(body)) + body + BARE[end:]
    assert needed_bytes(tiny) > 700 * MIB
    assert refused(tiny, ImageLimits(max_decode_bytes=512 * MIB)).reason is Reason.TOO_MANY_PIXELS


def test_layers_times_precincts_count() -> None:
    data = encode(noise((500, 400)), "JPEG2000", no_jp2=True, precinct_size=(16, 16), codeblock_size=(8, 8))
    many_layers = changed(data, data.index(b"\xff\x52") + 6, ">H", 65_535)
    assert needed_bytes(many_layers) > needed_bytes(data) + 1_000 * MIB
    assert refused(many_layers).reason is Reason.TOO_MANY_PIXELS


def test_a_coding_style_of_a_tile_counts() -> None:
    """Tiles may have styles of their own, and OpenJPEG takes them."""
    tile = BARE.index(b"\xff\x90")
    end = CODING_AT + 2 + int.from_bytes(BARE[CODING_AT + 2 : CODING_AT + 4])
    style = bytearray(BARE[CODING_AT:end])
    style[10:12] = b"\0\0"  # code blocks of 4 × 4
    (size,) = struct.unpack_from(">I", BARE, tile + 6)
    data = changed(BARE, tile + 6, ">I", size + len(style))
    data = data[: tile + 12] + bytes(style) + data[tile + 12 :]
    assert jpeg2000_structure(data).pixel_bytes > 100


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (changed(BARE, SIZE_AT + 6, ">I", 0), Reason.CORRUPT_MEDIA),
        (changed(BARE, SIZE_AT + 22, ">I", 0), Reason.CORRUPT_MEDIA),
        (changed(BARE, SIZE_AT + 38, ">H", 5), Reason.UNSUPPORTED_FORMAT),
        (changed(BARE, SIZE_AT + 38, ">H", 0), Reason.UNSUPPORTED_FORMAT),
        (changed(BARE, CODING_AT + 9, ">B", 200), Reason.CORRUPT_MEDIA),
        (changed(BARE, CODING_AT, ">H", 0), Reason.CORRUPT_MEDIA),
        (changed(BARE, BARE.index(b"\xff\x90") + 6, ">I", 12), Reason.CORRUPT_MEDIA),
        (BOXED[:12], Reason.TRUNCATED_MEDIA),
        (BOXED.replace(b"\xff\x4f\xff\x51", b"\xff\x4f\xff\x52"), Reason.CORRUPT_MEDIA),
    ],
    ids=["width", "tile", "components", "no components", "levels", "marker", "tile part", "no picture", "codestream"],
)
def test_wrong_headers_have_a_reason(data: bytes, reason: Reason) -> None:
    assert refused(data).reason is reason


def test_countless_markers_are_refused_undecoded() -> None:
    data = BARE[:CODING_AT] + b"\xff\x64\0\2" * (MAX_MARKERS + 1) + BARE[CODING_AT:]
    with pytest.raises(BadInput, match="more than 65,536 JPEG 2000 markers"):
        jpeg2000_structure(data)


def test_countless_boxes_are_refused_undecoded() -> None:
    boxes = struct.pack(">I4s", 8, b"free") * 100_000
    with pytest.raises(BadInput, match="more than 65,536 boxes"):
        jpeg2000_structure(BOXED[:12] + struct.pack(">I4s", 8 + len(boxes), b"jp2h") + boxes + BOXED[12:])
