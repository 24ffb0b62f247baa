"""The format of a file, by its first bytes. This is the only place that knows magic bytes; nothing else is parsed here.

Only formats in `IMAGE_FORMATS` and `VIDEO_FORMATS` reach a decoder, and each format reaches exactly one.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, cast

from streams.errors import BadInput, Reason

ImageFormat = Literal["jpeg", "png", "gif", "webp", "avif", "heif", "jpeg2000", "tiff", "bmp"]

IMAGE_FORMATS: tuple[tuple[ImageFormat, bytes], ...] = (
    ("jpeg", rb"\xff\xd8\xff"),
    ("png", rb"\x89PNG\r\n\x1a\n"),
    ("gif", rb"GIF8[79]a"),
    ("webp", rb"RIFF.{4}WEBP"),
    ("avif", rb".{4}ftyp(?:avi[fs]|(?:mif1|msf1).{4}(?:.{4}){0,8}?avi[fs])"),
    ("heif", rb".{4}ftyp(?:hei[cmsx]|hev[cmsx]|mif1|msf1)"),
    ("jpeg2000", rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n"),
    ("tiff", rb"II\*\0|MM\0\*"),
    ("bmp", rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
)
"""The images that are decoded: name in records, first bytes. Left out on purpose: decoders that start programs (EPS),
are written in Python (PPM, run-length BMP) or have a long record of faults (FLI, SGI, PSD …)."""

SEQUENCE_FORMATS: frozenset[ImageFormat] = frozenset(("gif", "png", "webp", "avif", "tiff"))
"""The images that may have several pictures: frames of an animation, or pages."""

UNSUPPORTED_IMAGES: tuple[tuple[str, bytes], ...] = (
    ("BigTIFF", rb"II\+\0|MM\0\+"),
    ("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
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

CONVERSIONS = {"JPEG XL": "; `djxl` of libjxl does"}
"""Where a converter is not obvious. JPEG XL is left out because nothing bounds the memory of its decoder: files of 127
bytes are known that take gigabytes (libjxl #3792, #3793)."""

HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis"))
"""Brands of HEIF files whose media type is image/heic. The others are image/heif."""


class VideoFormat(NamedTuple):
    """A container of video: its name in records, FFmpeg's demuxer for it, its media type, its first bytes."""

    name: str
    demuxer: str
    media_type: str
    magic: bytes


VIDEO_FORMATS = (
    VideoFormat("mp4", "mov", "video/mp4", rb".{4}ftyp(?!qt  |avi[fs]|hei|hev[cx]|mif[12]|msf1|miaf|crx |jp2 |jxl )"),
    VideoFormat("mov", "mov", "video/quicktime", rb".{4}(?:ftypqt  |moov|mdat|free|wide|skip|pnot)"),
    VideoFormat("webm", "matroska", "video/webm", rb"\x1aE\xdf\xa3.{0,40}webm"),
    VideoFormat("matroska", "matroska", "video/x-matroska", rb"\x1aE\xdf\xa3"),
    VideoFormat("avi", "avi", "video/x-msvideo", rb"RIFF.{4}AVI "),
    VideoFormat("flv", "flv", "video/x-flv", rb"FLV\x01"),
    VideoFormat("ogg", "ogg", "video/ogg", rb"OggS"),
    VideoFormat("asf", "asf", "video/x-ms-asf", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    VideoFormat("mpeg_ps", "mpeg", "video/mpeg", rb"\0\0\x01\xba"),
    VideoFormat("mpeg_video", "mpegvideo", "video/mpeg", rb"\0\0\x01\xb3"),
    VideoFormat("mpeg_ts", "mpegts", "video/mp2t", rb"G.{187}G.{187}G|.{4}G.{191}G.{191}G"),
)
"""The videos that are decoded. Left out on purpose: playlists and other formats that refer to other files (HLS, concat,
DASH …), and formats of games and of raw frames."""

HEAD_BYTES = 1024
"""The first bytes of a file that the functions below look at."""


def _any_of(formats: tuple[tuple[str, bytes], ...]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(b"(%b)" % magic for _, magic in formats), re.DOTALL)


_VIDEO_MAGIC = tuple((each.name, each.magic) for each in VIDEO_FORMATS)
_IMAGES, _UNSUPPORTED, _VIDEOS = _any_of(IMAGE_FORMATS), _any_of(UNSUPPORTED_IMAGES), _any_of(_VIDEO_MAGIC)
DEMUXERS = {each.name: each.demuxer for each in VIDEO_FORMATS} | {"gif": "gif", "png": "apng"}
"""FFmpeg's demuxers of videos and animations, by the name of the format."""
_VIDEO_MEDIA_TYPES = {each.name: each.media_type for each in VIDEO_FORMATS}


def _format_name(pattern: re.Pattern[bytes], formats: tuple[tuple[str, bytes], ...], head: bytes) -> str | None:
    found = pattern.match(head)
    return formats[found.lastindex - 1][0] if found and found.lastindex else None


def video_format_of(head: bytes) -> str | None:
    """The name of the video container that begins with these bytes (`mp4`, `matroska` …); None for anything else.

    Containers that often hold sound alone are named as well. An animated picture has the format of an image: whether it
    is one, its first bytes do not tell (see `sequence.fingerprint.has_several_pictures`).

    Args:
        head: the first HEAD_BYTES of a file, or all of a shorter one.
    """
    head = head[:HEAD_BYTES]
    if _IMAGES.match(head) or _UNSUPPORTED.match(head):
        return None
    return _format_name(_VIDEOS, _VIDEO_MAGIC, head)


def image_format_of(data: bytes) -> ImageFormat:
    """The format of an image that can be decoded.

    Raises:
        BadInput: not_media, unsupported_format (an image or document of another format) or
            unsupported_kind (a video).
    """
    head = data[:HEAD_BYTES]
    if found := _format_name(_IMAGES, IMAGE_FORMATS, head):
        return cast(ImageFormat, found)
    if found := _format_name(_UNSUPPORTED, UNSUPPORTED_IMAGES, head):
        supported = ", ".join(name for name, _ in IMAGE_FORMATS)
        raise BadInput(
            Reason.UNSUPPORTED_FORMAT,
            f"{found} is not decoded; convert it to one of: {supported}{CONVERSIONS.get(found, '')}",
        )
    if found := _format_name(_VIDEOS, _VIDEO_MAGIC, head):
        raise BadInput(Reason.UNSUPPORTED_KIND, f"{found} is a video or audio container, not an image")
    raise BadInput(Reason.NOT_MEDIA, f"{len(data)} bytes in no known media format; they begin with {head[:8].hex(' ')}")


def media_type_of(head: bytes) -> str | None:
    """The media type of the image or video that begins with these bytes (`image/jpeg`, `video/mp4` …), else None.

    Args:
        head: the first HEAD_BYTES of a file, or all of a shorter one.
    """
    head = head[:HEAD_BYTES]
    if image := _format_name(_IMAGES, IMAGE_FORMATS, head):
        return _image_media_type(cast(ImageFormat, image), head)
    video = video_format_of(head)
    return _VIDEO_MEDIA_TYPES[video] if video else None


def _image_media_type(image: ImageFormat, head: bytes) -> str:
    match image:
        case "heif":
            return "image/heic" if head[8:12] in HEIC_BRANDS else "image/heif"
        case "jpeg2000":
            return "image/j2c" if head[0] == 0xFF else "image/jp2"
        case _:
            return f"image/{image}"
