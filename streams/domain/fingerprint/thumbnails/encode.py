"""From a decoded picture to thumbnails in WebP: upright, in colour, never larger than the picture, without metadata."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from PIL import Image

from streams.domain.fingerprint.image.luminance import WHITE, coloured_strips
from streams.domain.fingerprint.thumbnails.sizes import SIZES

QUALITY: Final = 70
METHOD: Final = 0
"""Libwebp's fastest: slower ones save a sixth of the bytes and take twice the time and more."""

MAX_FILE_BYTES: Final = 4 << 20

Size = tuple[int, int]


def thumbnail_files(
    image: Image.Image, transposition: Image.Transpose | None = None, ground: int = WHITE
) -> dict[str, bytes]:
    """The thumbnails of a loaded picture, by file name. A small picture has the same bytes in several sizes.

    Args:
        image: in any mode.
        transposition: what turns it upright.
        ground: what shows through where it is transparent, 0 to 255.
    """
    files: dict[str, bytes] = {}
    picture, data = reduced(image, max(SIZES), ground), b""
    if transposition is not None:
        picture = picture.transpose(transposition)
    for side in sorted(SIZES, reverse=True):
        size = fitted(picture.size, side)
        if size != picture.size or not data:
            picture = resized(picture, size)
            data = encode(picture)
        files[f"{side}.webp"] = data
    return files


def strip_file(frames: Sequence[Image.Image]) -> bytes:
    """Frames of one size, side by side."""
    width, height = frames[0].size
    strip = Image.new("RGB", (width * len(frames), height))
    for number, frame in enumerate(frames):
        strip.paste(frame.convert("RGB"), (width * number, 0))
    return encode(strip)


def fitted(size: Size, side: int) -> Size:
    """A size with the same shape whose longer side has at most `side` pixels, and the shorter at least one."""
    longest = max(size)
    if longest <= side:
        return size
    width, height = (max(1, (length * side + longest // 2) // longest) for length in size)
    return width, height


def resized(picture: Image.Image, size: Size) -> Image.Image:
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BOX)


def encode(picture: Image.Image) -> bytes:
    """A picture in mode RGB, L or YCbCr as WebP; nothing but its pixels is written."""
    file = BytesIO()
    pixels = picture if picture.mode == "RGB" else picture.convert("RGB")
    Image.frombytes("RGB", pixels.size, pixels.tobytes()).save(file, "WEBP", quality=QUALITY, method=METHOD)
    return file.getvalue()


def is_plain_webp(data: bytes) -> bool:
    """Whether bytes look like what `encode` makes: a WebP with one picture and nothing else."""
    return (
        20 < len(data) <= MAX_FILE_BYTES
        and data.startswith(b"RIFF")
        and data.startswith(b"WEBPVP8 ", 8)
        and int.from_bytes(data[4:8], "little") + 8 == len(data)
        and int.from_bytes(data[16:20], "little") + 20 in (len(data), len(data) - 1)
    )


def reduced(image: Image.Image, side: int, ground: int) -> Image.Image:
    """The picture on its ground, in mode YCbCr or RGB, reduced by a whole factor to no less than `side` pixels."""
    factor = max(1, max(image.size) // side)
    if image.mode == "YCbCr":
        return image.reduce(factor) if factor > 1 else image
    size = -(-image.width // factor), -(-image.height // factor)
    small, top = Image.new("RGB", size), 0
    for strip, _ in coloured_strips(image, multiple=factor, ground=ground):
        part = strip.reduce(factor) if factor > 1 else strip
        small.paste(part, (0, top))
        top += part.height
    return small
