"""Any bytes give facts, or BadInput with a fitting reason, quickly, and nothing else."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from streams.domain.fingerprint.image import file_structure
from streams.domain.fingerprint.image.codecs.jpeg import MAX_JPEG_SCANS
from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason
from tests.support.media import animation, encode, jpeg, noise, photo

# Pillow warns of odd files. Whether a process turns warnings into errors must not matter here.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SMALL = photo(size=(48, 36))
VALID = {
    "jpeg": encode(SMALL, "JPEG"),
    "progressive": encode(SMALL, "JPEG", progressive=True),
    "exif": encode(SMALL, "JPEG", exif=Image.Exif().tobytes() + b"\0" * 12),
    "png": encode(SMALL, "PNG"),
    "apng": animation("PNG", 3, (24, 20)),
    "gif": animation("GIF", 3, (24, 20)),
    "webp": encode(SMALL, "WEBP"),
    "webp animation": animation("WEBP", 3, (24, 20)),
    "avif": encode(SMALL, "AVIF"),
    "heif": encode(SMALL, "HEIF"),
    "heif grid": encode(SMALL, "HEIF", tile_size=32),
    "jpeg2000": encode(SMALL, "JPEG2000"),
    "jpeg2000 tiles": encode(SMALL, "JPEG2000", no_jp2=True, tile_size=(16, 16), codeblock_size=(16, 16)),
    "tiff": encode(SMALL, "TIFF"),
    "tiff lzw": encode(SMALL, "TIFF", compression="tiff_lzw"),
    "bmp": encode(SMALL, "BMP"),
}

CUT = ("jpeg", "progressive", "exif")
"""What is decoded as far as it goes: codecs/test_jpeg.py."""


def facts_or_reason(data: bytes, limits: ImageLimits | None = None) -> MediaFacts | Reason:
    try:
        return fingerprint_image(data, limits or ImageLimits(max_pixels=4_000_000))
    except BadInput as refused:
        assert refused.detail
        return refused.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.NOT_MEDIA),
        (b"\0", Reason.NOT_MEDIA),
        (b"Dear all, this text is named photo.jpg", Reason.NOT_MEDIA),
        (b"<!doctype html><html><body>404</body></html>", Reason.NOT_MEDIA),
        (b'{"error": "not found"}', Reason.NOT_MEDIA),
        (b"%PDF-1.7\n", Reason.UNSUPPORTED_FORMAT),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", Reason.UNSUPPORTED_FORMAT),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.UNSUPPORTED_FORMAT),
        (b'<?xml version="1.0"?>\n<svg/>', Reason.UNSUPPORTED_FORMAT),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Reason.TRUNCATED_MEDIA),
        (b"\0\0\0\x0cjP  \r\n\x87\n", Reason.TRUNCATED_MEDIA),
        (b"\xff\x4f\xff\x51", Reason.TRUNCATED_MEDIA),
        (b"\0\0\0\x0cJXL \r\n\x87\n", Reason.UNSUPPORTED_FORMAT),
        (b"P6\n1 1\n255\nabc", Reason.UNSUPPORTED_FORMAT),
        (encode(SMALL, "ICO"), Reason.UNSUPPORTED_FORMAT),
        (encode(SMALL, "TIFF", big_tiff=True), Reason.UNSUPPORTED_FORMAT),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", Reason.UNSUPPORTED_KIND),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01", Reason.UNSUPPORTED_KIND),
        (b"RIFF\0\0\0\0AVI LIST", Reason.UNSUPPORTED_KIND),
    ],
)
def test_files_that_are_not_decoded_are_refused_by_their_format(data: bytes, reason: Reason) -> None:
    assert facts_or_reason(data) is reason


@pytest.mark.parametrize("name", [name for name in VALID if name not in ("gif", "apng", "webp animation", *CUT)])
def test_a_file_cut_short_is_truncated(name: str) -> None:
    for share in (0.35, 0.6, 0.85):
        data = VALID[name]
        found = facts_or_reason(data[: int(len(data) * share)])
        assert found in (Reason.TRUNCATED_MEDIA, Reason.CORRUPT_MEDIA)
        if name in ("heif", "heif grid", "jpeg2000", "jpeg2000 tiles", "png", "tiff", "bmp"):
            assert found is Reason.TRUNCATED_MEDIA, share


def test_an_animation_cut_after_its_first_frame_is_that_frame() -> None:
    data = VALID["gif"]
    found = facts_or_reason(data[: len(data) * 2 // 3])
    assert isinstance(found, MediaFacts)
    assert found.frames < 3


def test_damaged_pixels_are_corrupt() -> None:
    data = bytearray(VALID["png"])
    start = data.index(b"IDAT") + 20
    data[start : start + 40] = bytes(40)
    assert facts_or_reason(bytes(data)) is Reason.CORRUPT_MEDIA


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", VALID)
@given(data=st.data())
def test_mutated_bytes_give_facts_or_a_reason(name: str, data: st.DataObject) -> None:
    changed = bytearray(VALID[name])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.sampled_from(["byte", "cut", "insert", "repeat", "header"])):
            case "byte":
                changed[at] = data.draw(st.integers(0, 255))
            case "cut":
                del changed[at : at + data.draw(st.integers(1, 64))]
            case "insert":
                changed[at:at] = data.draw(st.binary(min_size=1, max_size=32))
            case "repeat":
                changed[at:at] = changed[at : at + 200]
            case _:
                changed[min(at, 40) % len(changed)] = data.draw(st.sampled_from([0, 1, 127, 128, 255]))
        if not changed:
            changed = bytearray(b"\0")
    facts_or_reason(bytes(changed))


@settings(max_examples=100)
@given(head=st.sampled_from([data[:40] for data in VALID.values()]), tail=st.binary(max_size=300))
def test_a_valid_beginning_followed_by_anything_gives_facts_or_a_reason(head: bytes, tail: bytes) -> None:
    facts_or_reason(head + tail)


def test_hostile_files_collected_from_decoders_give_facts_or_a_reason(
    shared_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = shared_data / "hostile"
    outcomes = dict(
        line.split("\t")[:2] for line in (folder / "pillow13_outcomes.tsv").read_text().splitlines() if line
    )
    found = {path: facts_or_reason((folder / path).read_bytes(), ImageLimits()) for path in outcomes}
    decoded = {path for path, outcome in found.items() if isinstance(outcome, MediaFacts)}
    assert len(decoded) > 60
    for path, outcome in found.items():
        if outcomes[path] == "OK":
            assert path in decoded or outcome is Reason.UNSUPPORTED_FORMAT, path
        elif outcomes[path] == "DecompressionBombError":
            assert outcome in (Reason.TOO_MANY_PIXELS, Reason.UNSUPPORTED_FORMAT), path
    capfd.readouterr()  # libtiff writes to stderr by itself


def test_a_process_that_turns_warnings_into_errors_gets_a_reason() -> None:
    import warnings

    data = VALID["apng"].replace(struct.pack(">II", 3, 0), struct.pack(">II", 0, 0), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert facts_or_reason(data) is Reason.CORRUPT_MEDIA


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *middle: bytes) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(middle) + png_chunk(b"IEND", b"")


def bomb_jpeg(width: int, height: int) -> bytes:
    data = bytearray(VALID["jpeg"])
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        png(50_000, 50_000, png_chunk(b"IDAT", zlib.compress(bytes(1000)))),
        bomb_jpeg(65_500, 65_500),
        VALID["gif"][:6] + struct.pack("<HH", 65_535, 65_535) + VALID["gif"][10:],
        VALID["bmp"][:18] + struct.pack("<ii", 60_000, -60_000) + VALID["bmp"][26:],
        b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\x3f\0\xff\x3f\0" + bytes(20),
    ],
    ids=["png", "jpeg", "gif", "bmp", "webp"],
)
def test_a_bomb_is_refused_by_its_header(data: bytes) -> None:
    assert facts_or_reason(data) in (Reason.TOO_MANY_PIXELS, Reason.TRUNCATED_MEDIA, Reason.CORRUPT_MEDIA)
    if not data.startswith(b"RIFF"):
        assert facts_or_reason(data) is Reason.TOO_MANY_PIXELS


def test_zero_width_is_corrupt() -> None:
    assert facts_or_reason(png(0, 10, png_chunk(b"IDAT", zlib.compress(b"")))) is Reason.CORRUPT_MEDIA


def test_out_of_memory_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from streams.domain.fingerprint.image import decode

    def exhausted(image: Image.Image) -> Image.Image:
        raise MemoryError

    monkeypatch.setattr(decode, "on_ground", exhausted)
    assert facts_or_reason(VALID["png"]) is Reason.OUT_OF_MEMORY


def progressive_with_scans(count: int) -> bytes:
    data = VALID["progressive"]
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def test_a_jpeg_with_too_many_scans_is_refused_undecoded() -> None:
    assert facts_or_reason(progressive_with_scans(MAX_JPEG_SCANS + 1)) is Reason.CORRUPT_MEDIA


@pytest.mark.parametrize(
    ("data", "many"),
    [
        (b"\xff\xd8" + b"\xff\xfe\0\2" * 1_000_000 + VALID["jpeg"][2:], "JPEG segments"),
        (b"\xff\xd8" + VALID["jpeg"][2:20] + b"\0" * 1_000_000 + VALID["jpeg"][20:], "junk"),
        (b"\xff\xd8" + b"\xff" * 1_000_000 + VALID["jpeg"][2:], "junk"),
        (b"\xff\xd8" + b"\xff\xe1\0\x08Exif\0\0" * 100 + VALID["jpeg"][2:], "EXIF"),
        (png(1, 1, *[png_chunk(b"abCd", b"")] * 100_000), "PNG chunks"),
        (VALID["gif"][:13] + b"\x21\xfe" + b"\1a" * 100_000 + b"\0" + VALID["gif"][13:], "GIF blocks"),
        (b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000) + bytes(720_000), "entries in a TIFF"),
        (b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 273, 4, 50_000_000, 8) + bytes(64), "values in a TIFF"),
    ],
    ids=["segments", "junk", "padding", "exif", "chunks", "comments", "entries", "strips"],
)
def test_files_of_countless_tiny_parts_are_refused_undecoded(data: bytes, many: str) -> None:
    with pytest.raises(BadInput, match=many) as refused:
        fingerprint_image(data)
    assert refused.value.reason is Reason.CORRUPT_MEDIA


def test_counting_the_frames_of_an_endless_animation_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_structure, "MAX_GIF_BLOCKS", 5_000)
    one = encode(noise((2, 2)), "GIF")
    picture = one[one.index(b",") : -1]
    frames = fingerprint_image(one[:-1] + picture * 50_000 + one[-1:]).frames
    assert 1_000 < frames <= 5_000


def test_a_tiff_whose_pages_form_a_circle_has_one_page() -> None:
    data = bytearray(VALID["tiff"])
    (first,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * entries, first)
    found = facts_or_reason(bytes(data))
    assert isinstance(found, MediaFacts)
    assert found.frames == 1


def test_the_declared_number_of_frames_is_ignored() -> None:
    data = VALID["apng"]
    lie = data.replace(png_chunk(b"acTL", struct.pack(">II", 3, 0)), png_chunk(b"acTL", struct.pack(">II", 9_999, 0)))
    assert lie != data
    assert fingerprint_image(lie).frames == 3


def test_data_after_the_end_of_a_jpeg_is_ignored() -> None:
    """Phones append videos and depth maps."""
    plain = fingerprint_image(jpeg(progressive=True))
    appended = fingerprint_image(jpeg(progressive=True) + b"\xff\xda\0\2" * 10_000)
    assert appended.hashes == plain.hashes
