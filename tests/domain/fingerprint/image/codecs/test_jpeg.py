"""A JPEG that was cut off is decoded as far as it goes, or refused; nothing that is missing is made up."""

from __future__ import annotations

import re
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFile

from streams.domain.evidence.evidence import unpack_evidence
from streams.domain.fingerprint.image.codecs import jpeg as jpeg_codec
from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason
from tests.support.hash_distance import phash_distances
from tests.support.media import encode, jpeg, noise, oriented, photo

END = b"\xff\xd9"
SEQUENTIAL: list[dict[str, Any]] = [
    {},
    {"subsampling": 0},
    {"optimize": True},
    {"restart_marker_blocks": 7},
    {"quality": 30},
]


def cut(data: bytes, share: float) -> bytes:
    """The first bytes, up to this share of the pixels' data."""
    pixels = data.rindex(b"\xff\xda")
    return data[: pixels + int((len(data) - pixels) * share)]


def refused(data: bytes) -> BadInput:
    with pytest.raises(BadInput) as error:
        fingerprint_image(data)
    return error.value


@pytest.mark.parametrize("options", [*SEQUENTIAL, {"progressive": True}])
@pytest.mark.parametrize("size", [(640, 427), (1300, 1100), (53, 31)])
def test_a_jpeg_without_its_end_marker_shows_all_rows(options: dict[str, Any], size: tuple[int, int]) -> None:
    data = jpeg("astronaut.png", size, **options)
    whole, without_end = fingerprint_image(data), fingerprint_image(data[:-2])
    assert not whole.truncated
    assert without_end.truncated
    assert (without_end.width, without_end.height) == size
    assert without_end.hashes == whole.hashes
    one, other = (unpack_evidence(b64decode(facts.evidence)) for facts in (without_end, whole))
    assert one is not None
    assert other is not None
    assert one.thumbnails == other.thumbnails  # equal pixels of small pictures are kept of whole files only


@pytest.mark.parametrize("options", SEQUENTIAL)
@pytest.mark.parametrize("tail", [b"", END, bytes(5_000)], ids=["nothing", "end marker", "zeros"])
def test_a_jpeg_cut_off_after_half_of_its_rows_is_the_rows_that_it_has(options: dict[str, Any], tail: bytes) -> None:
    size = (800, 600)
    options = {"quality": 85, **options}
    data = encode(noise(size), "JPEG", **options)
    facts = fingerprint_image(cut(data, 0.8) + tail)
    assert facts.truncated
    assert (facts.width, facts.height) == (800, facts.height)
    assert 300 <= facts.height < 600
    honest = fingerprint_image(encode(noise(size).crop((0, 0, 800, facts.height)), "JPEG", **options))
    small, large = phash_distances(facts, honest)
    assert small <= 2
    assert large <= 6


@pytest.mark.parametrize("options", SEQUENTIAL)
@pytest.mark.parametrize("tail", [b"", END, bytes(5_000)], ids=["nothing", "end marker", "zeros"])
def test_a_jpeg_cut_off_earlier_is_refused(options: dict[str, Any], tail: bytes) -> None:
    data = encode(noise((800, 600)), "JPEG", **options)
    for share in (0.0, 0.1, 0.3):
        assert refused(cut(data, share) + tail).reason is Reason.TRUNCATED_MEDIA


def test_half_of_the_rows_is_enough() -> None:
    data = encode(noise((64, 512)), "JPEG", restart_marker_rows=1)  # a marker after every 8 or 16 rows
    ends = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", data)]
    rows = 512 // (len(ends) + 1)
    after_half = ends[256 // rows - 1]
    assert fingerprint_image(data[:after_half]).height == 256
    assert "49 %" in refused(data[: ends[252 // rows - 1] + 2]).detail or rows == 16


def test_a_black_bottom_is_not_taken_for_missing_rows() -> None:
    image = photo("astronaut.png", (640, 480))
    image.paste((0, 0, 0), (0, 200, 640, 480))
    data = encode(image, "JPEG")
    assert not fingerprint_image(data).truncated
    assert fingerprint_image(data[:-2]).height == 480
    assert fingerprint_image(encode(Image.new("L", (640, 480)), "JPEG")).height == 480


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_modes_are_cut_as_well(mode: str) -> None:
    data = encode(photo("astronaut.png", (640, 480)).convert(mode), "JPEG")
    assert fingerprint_image(data[:-2]).height == 480
    facts = fingerprint_image(cut(data, 0.8))
    assert facts.truncated
    assert 300 < facts.height < 440


def test_a_cut_jpeg_is_turned_upright() -> None:
    data = oriented(photo("astronaut.png", (480, 640)), 6, "JPEG")
    facts = fingerprint_image(cut(data, 0.8))
    assert facts.truncated
    assert facts.height == 640
    assert 240 <= facts.width < 480


def scans_of(data: bytes) -> list[int]:
    """Where the scans of a progressive JPEG begin; its headers have no such bytes."""
    return [found.start() for found in re.finditer(rb"\xff\xda", data)]


def test_a_progressive_jpeg_cut_off_after_its_first_details_shows_all_rows() -> None:
    data = jpeg("astronaut.png", (640, 427), progressive=True)
    whole = fingerprint_image(data)
    starts = scans_of(data)
    for end in (*range(starts[2], len(data), 997), *starts[2:], *(start + 5 for start in starts[2:])):
        facts = fingerprint_image(data[:end])
        assert facts.truncated
        assert facts.height == 427
        small, large = phash_distances(facts, whole)
        assert small <= 2
        assert large <= 8


def test_a_progressive_jpeg_cut_off_before_is_refused() -> None:
    data = jpeg("astronaut.png", (640, 427), progressive=True)
    first, second = scans_of(data)[:2]
    for end in (first + 3, first + 500, second, second + 100):
        assert refused(data[:end]).reason is Reason.TRUNCATED_MEDIA
    assert refused(data[: first + 500] + END).reason is Reason.TRUNCATED_MEDIA


def test_a_cut_jpeg_is_decoded_alike_on_any_thread_and_leaves_pillow_as_it_was() -> None:
    data = cut(jpeg("astronaut.png", (640, 427)), 0.8)
    expected = fingerprint_image(data)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(fingerprint_image, [data] * 24)) == [expected] * 24
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_a_jpeg_of_several_scans_takes_the_memory_of_a_progressive_one() -> None:
    """Cameras write single scans. libjpeg keeps all of any other, and reads as many scans as there are."""
    data = jpeg(size=(100, 80), progressive=True).replace(b"\xff\xc2", b"\xff\xc1", 1)  # claims to be sequential
    structure = jpeg_codec.jpeg_structure(data)
    assert structure.row_by_row  # its first scan has all components
    components = data.index(b"\xff\xda") + 4
    several = data[:components] + b"\1" + data[components + 1 :]
    assert not jpeg_codec.jpeg_structure(several).row_by_row
    with pytest.raises(BadInput, match="to decode"):
        fingerprint_image(several, ImageLimits(max_decode_bytes=8000 * 7))


def test_broken_files_of_the_reports(shared_data: Path) -> None:
    folder = shared_data / "reports" / "21_damaged"
    whole = fingerprint_image((folder / "whole.jpg").read_bytes())
    without_end = fingerprint_image((folder / "no-end-marker.jpg").read_bytes())
    assert isinstance(without_end, MediaFacts)
    assert without_end.truncated
    assert without_end.hashes == whole.hashes
    for name in ("third-a.jpg", "third-b.jpg", "progressive-cut.jpg"):
        assert refused((folder / name).read_bytes()).reason is Reason.TRUNCATED_MEDIA
