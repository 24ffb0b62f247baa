"""Which container bytes are, told by their first bytes alone; nothing is parsed further here.

Only the formats named in `IMAGE_FORMATS` ever reach a decoder, and each reaches one decoder only.
"""

from __future__ import annotations

import re
from typing import Literal, cast

from streams.errors import BadInput, Reason

ImageFormat = Literal["jpeg", "png", "gif", "webp", "avif", "tiff", "bmp"]

IMAGE_FORMATS: tuple[tuple[ImageFormat, bytes], ...] = (
    ("jpeg", rb"\xff\xd8\xff"),
    ("png", rb"\x89PNG\r\n\x1a\n"),
    ("gif", rb"GIF8[79]a"),
    ("webp", rb"RIFF.{4}WEBP"),
    ("avif", rb".{4}ftypavi[fs]"),
    ("tiff", rb"II\*\0|MM\0\*"),
    ("bmp", rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
)
"""What is decoded. Left out on purpose: decoders that start programs (EPS), are written in Python
(PPM, run-length BMP) or have a long record of faults (JPEG 2000, FLI, SGI, PSD …)."""

FOREIGN_IMAGES: tuple[tuple[str, bytes], ...] = (
    ("HEIF", rb".{4}ftyp(?:hei[cmsx]|hev[cx]|mif1|msf1)"),
    ("BigTIFF", rb"II\+\0|MM\0\+"),
    ("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
    ("JPEG 2000", rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n"),
    ("Photoshop", rb"8BPS"),
    ("icon", rb"\0\0[\1\2]\0[\1-\xff]\0|icns"),
    ("PDF", rb"%PDF-"),
    ("PostScript", rb"%!PS|\xc5\xd0\xd3\xc6"),
    ("SVG", rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE svg[^>]*>\s*)?<svg[\s/>]"),
    ("portable anymap", rb"P[1-7Ff]\s"),
    ("DirectDraw surface", rb"DDS "),
    ("OpenEXR", rb"v/1\x01"),
    ("Radiance", rb"#\?RADIANCE"),
    ("FITS", rb"SIMPLE  ="),
    ("SGI", rb"\x01\xda[\0\1][\1\2]"),
    ("Windows metafile", rb"\xd7\xcd\xc6\x9a"),
    ("QOI", rb"qoif"),
)

VIDEO_FORMATS: tuple[tuple[str, str, bytes], ...] = (
    ("mp4", "mov", rb".{4}ftyp(?!qt  |avi[fs]|hei|hev[cx]|mif[12]|msf1|miaf|crx |jp2 |jxl )"),
    ("mov", "mov", rb".{4}(?:ftypqt  |moov|mdat|free|wide|skip|pnot)"),
    ("webm", "matroska", rb"\x1aE\xdf\xa3.{0,40}webm"),
    ("matroska", "matroska", rb"\x1aE\xdf\xa3"),
    ("avi", "avi", rb"RIFF.{4}AVI "),
    ("flv", "flv", rb"FLV\x01"),
    ("ogg", "ogg", rb"OggS"),
    ("asf", "asf", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    ("mpeg_ps", "mpeg", rb"\0\0\x01\xba"),
    ("mpeg_video", "mpegvideo", rb"\0\0\x01\xb3"),
    ("mpeg_ts", "mpegts", rb"G.{187}G.{187}G|.{4}G.{191}G.{191}G"),
)
"""What is opened as a video: the name that stands in records, FFmpeg's demuxer, the first bytes. Left out on purpose:
playlists and whatever else refers to other files (HLS, concat, DASH …), and formats of games and of raw frames."""

HEAD_BYTES = 1024


def _one_of(table: tuple[tuple[str, bytes], ...]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(b"(%b)" % form for _, form in table), re.DOTALL)


_VIDEO_MAGIC = tuple((name, magic) for name, _, magic in VIDEO_FORMATS)
_IMAGES, _FOREIGN, _VIDEOS = _one_of(IMAGE_FORMATS), _one_of(FOREIGN_IMAGES), _one_of(_VIDEO_MAGIC)
DEMUXERS = {name: demuxer for name, demuxer, _ in VIDEO_FORMATS}


def _name(pattern: re.Pattern[bytes], table: tuple[tuple[str, bytes], ...], head: bytes) -> str | None:
    found = pattern.match(head)
    return table[found.lastindex - 1][0] if found and found.lastindex else None


def video_format_of(head: bytes) -> str | None:
    """The short name of the container that these bytes begin (`mp4`, `matroska` …), or None if they begin no video.

    A container that often has sound alone is named all the same; an animated picture is an image.

    Args:
        head: the first HEAD_BYTES of a file, or all of it where there are fewer.
    """
    head = head[:HEAD_BYTES]
    return None if _IMAGES.match(head) or _FOREIGN.match(head) else _name(_VIDEOS, _VIDEO_MAGIC, head)


def image_format_of(data: bytes) -> ImageFormat:
    """The format of an image that will be decoded.

    Raises:
        BadInput: not_media, unsupported_format (an image or document of another format) or
            unsupported_kind (a video).
    """
    head = data[:HEAD_BYTES]
    if found := _name(_IMAGES, IMAGE_FORMATS, head):
        return cast(ImageFormat, found)
    if found := _name(_FOREIGN, FOREIGN_IMAGES, head):
        supported = ", ".join(name for name, _ in IMAGE_FORMATS)
        raise BadInput(Reason.UNSUPPORTED_FORMAT, f"{found} is not decoded; supported are {supported}")
    if found := _name(_VIDEOS, _VIDEO_MAGIC, head):
        raise BadInput(Reason.UNSUPPORTED_KIND, f"{found} is a video or audio container, not an image")
    raise BadInput(Reason.NOT_MEDIA, f"{len(data)} bytes of no known media format, beginning {head[:8].hex(' ')}")
