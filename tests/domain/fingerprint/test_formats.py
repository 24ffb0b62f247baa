"""Formats by their first bytes; images that are refused are in image/test_hostile.py."""

from __future__ import annotations

import pytest

from streams.domain.fingerprint.formats import (
    HEAD_BYTES,
    VIDEO_FORMATS,
    image_format_of,
    media_type_of,
    video_format_of,
)
from streams.errors import BadInput, Reason
from tests.support.films import film
from tests.support.media import encode, photo


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x18ftypmp42", "mp4"),
        (b"\0\0\0\x18ftypisom", "mp4"),
        (b"\0\0\0\x18ftypqt  ", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
        (b"\0\0\0\x18ftypavif", None),
        (b"\0\0\0\x18ftypheic", None),
        (b"\0\0\0\x18ftypmif1", None),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x88matroska", "matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
        (b"RIFF\0\0\0\0WEBPVP8 ", None),
        (b"FLV\x01\x05", "flv"),
        (b"OggS\0\x02", "ogg"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
        (b"\0\0\x01\xba\x44", "mpeg_ps"),
        (b"\0\0\x01\xb3\x14", "mpeg_video"),
        ((b"G" + b"\xff" * 187) * 3, "mpeg_ts"),
        ((b"\0\0\0\0G" + b"\xff" * 187) * 3, "mpeg_ts"),
        (b"GIF89a" + b"G" * 1000, None),
        (b"\xff\xd8\xff\xe0", None),
        (b"#EXTM3U\n#EXT-X-VERSION:3", None),
        (b"ffconcat version 1.0\nfile a.mp4", None),
        (b"", None),
    ],
)
def test_the_first_bytes_name_the_format_of_a_video(head: bytes, name: str | None) -> None:
    assert video_format_of(head) == name
    if name is not None:
        with pytest.raises(BadInput) as refused:
            image_format_of(head)
        assert refused.value.reason is Reason.UNSUPPORTED_KIND


def test_files_that_ffmpeg_wrote_have_the_format_of_their_container() -> None:
    for suffix, codec, name in ((".ts", "h264", "mpeg_ts"), (".mpg", "mpeg2", "mpeg_ps"), (".mov", "h264", "mov")):
        path = film(3, 1.0, size=(240, 136), suffix=suffix, codec=codec)
        assert video_format_of(path.read_bytes()[:HEAD_BYTES]) == name


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP"])
def test_the_media_type_of_an_image_is_that_of_its_format(form: str) -> None:
    data = encode(photo(size=(16, 12)), form)
    assert media_type_of(data) == f"image/{image_format_of(data)}" == f"image/{form.lower()}"


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypmif1", "image/heif"),
        (b"\0\0\0\x18ftyphevc", "image/heif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "image/avif"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
        (b"\xff\x4f\xff\x51", "image/j2c"),
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"\x1aE\xdf\xa3\xa3B\x86\x81\x01", "video/x-matroska"),
        (b"%PDF-1.7", None),
        (b"BMW", None),
        (b"", None),
    ],
)
def test_the_first_bytes_have_a_media_type_or_none(head: bytes, media_type: str | None) -> None:
    assert media_type_of(head) == media_type


def test_every_video_format_has_a_name_of_its_own() -> None:
    assert len({each.name for each in VIDEO_FORMATS}) == len(VIDEO_FORMATS)
