"""From a decoded picture to thumbnails in WebP: upright, in colour, never larger than the picture, without metadata."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from streams.domain.fingerprint.image.luminance import WHITE, coloured_strips
from streams.domain.fingerprint.thumbnails.sizes import SIZES
from streams.domain.fingerprint.thumbnails.webp import Scaler, Size


def thumbnail_files(
    image: Image.Image, transposition: Image.Transpose | None = None, ground: int = WHITE
) -> dict[str, bytes]:
    """The thumbnails of a loaded picture, by file name. A small picture has the same bytes in several sizes.

    Args:
        image: in any mode.
        transposition: what turns it upright.
        ground: what shows through where it is transparent, 0 to 255.
    """
    picture = reduced(image, max(SIZES), ground)
    if transposition is not None:
        picture = picture.transpose(transposition)
    scaler, made = Scaler(picture), dict[Size, bytes]()
    files: dict[str, bytes] = {}
    for side in sorted(SIZES, reverse=True):
        size = fitted(picture.size, side)
        if size not in made:
            made[size] = scaler.encode(size)
        files[f"{side}.webp"] = made[size]
    return files


def strip_file(frames: Sequence[Image.Image]) -> bytes:
    """Frames of one size, side by side."""
    width, height = frames[0].size
    strip = Image.new("RGB", (width * len(frames), height))
    for number, frame in enumerate(frames):
        strip.paste(frame.convert("RGB"), (width * number, 0))
    return Scaler(strip).encode(strip.size)


def fitted(size: Size, side: int) -> Size:
    """A size with the same shape whose longer side has at most `side` pixels, and the shorter at least one."""
    longest = max(size)
    if longest <= side:
        return size
    width, height = (max(1, (length * side + longest // 2) // longest) for length in size)
    return width, height


def resized(picture: Image.Image, size: Size) -> Image.Image:
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BOX)


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
