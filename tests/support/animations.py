"""Animations and TIFFs for tests: written byte by byte where an encoder would not write what a test needs."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.support.films import Film, Size
from tests.support.media import encode

SIZE: Size = (240, 136)
FPS = 10
Levels = NDArray[np.uint8]


def shots(number: int, duration_s: float, *, begin_s: float = 0.0, size: Size = SIZE) -> list[Image.Image]:
    """Frames of a film, FPS of them a second."""
    film = Film(number, 60.0)
    return [film.picture(begin_s + at / FPS, size) for at in range(round(duration_s * FPS))]


def animated(pictures: Sequence[Image.Image], form: str = "GIF", **options: Any) -> bytes:
    """The pictures as an animation, FPS of them a second."""
    options = {"duration": 1000 // FPS, "loop": 0} | options
    return encode(pictures[0], form, save_all=True, append_images=pictures[1:], **options)


def pages(pictures: Sequence[Image.Image], **options: Any) -> bytes:
    """The pictures as the pages of a TIFF."""
    return encode(pictures[0], "TIFF", save_all=True, append_images=pictures[1:], **options)


class Part(NamedTuple):
    """What one frame draws over the frames before it.

    Attributes:
        pixels: rows × columns × RGBA, for a PNG; rows × columns of indices, for a GIF.
        left, top: where it is drawn.
        disposal: of the format.
        blended: whether a PNG is drawn over the canvas, and does not replace it.
        delay: of the format: ms for a PNG, hundredths of a second for a GIF.
    """

    pixels: Levels
    left: int = 0
    top: int = 0
    disposal: int = 0
    blended: bool = False
    delay: int = 50


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def apng(parts: Sequence[Part], size: Size, default: Levels | None = None) -> bytes:
    """An animated PNG in RGBA. `default` is a picture that is not part of the animation."""
    header = struct.pack(">IIBBBBB", *size, 8, 6, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", header), png_chunk(b"acTL", struct.pack(">II", len(parts), 0))]
    if default is not None:
        chunks.append(png_chunk(b"IDAT", _deflated(default)))
    sequence = 0
    for number, part in enumerate(parts):
        height, width = part.pixels.shape[:2]
        control = (sequence, width, height, part.left, part.top, part.delay, 1000, part.disposal, part.blended)
        chunks.append(png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", *control)))
        sequence += 1
        if number == 0 and default is None:
            chunks.append(png_chunk(b"IDAT", _deflated(part.pixels)))
        else:
            chunks.append(png_chunk(b"fdAT", struct.pack(">I", sequence) + _deflated(part.pixels)))
            sequence += 1
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND", b"")


def _deflated(pixels: Levels) -> bytes:
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))


COLOURS = 128
TRANSPARENT = 5
"""The index that a GIF does not draw."""


def gif(parts: Sequence[Part], palette: Levels, size: Size, *, first: Part | None = None, repeats: int = 0) -> bytes:
    """An animated GIF of COLOURS colours, without compression. `first` goes before `repeats` times the parts."""
    head = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80 | 6, TRANSPARENT, 0) + palette.tobytes()
    body = b"".join(_gif_part(part) for part in parts)
    if first is not None:
        body = _gif_part(first) + body * repeats
    return head + body + b";"


def _gif_part(part: Part) -> bytes:
    height, width = part.pixels.shape
    control = b"!\xf9\x04" + struct.pack("<BHBB", part.disposal << 2 | 1, part.delay, TRANSPARENT, 0)
    codes = bytearray()
    for number, index in enumerate(part.pixels.ravel().tolist()):
        if number % 100 == 0:  # before codes of 8 bits run out
            codes.append(COLOURS)
        codes.append(index)
    codes.append(COLOURS + 1)
    blocks = b"".join(
        bytes((len(codes[at : at + 255]),)) + bytes(codes[at : at + 255]) for at in range(0, len(codes), 255)
    )
    return control + b"," + struct.pack("<HHHHB", part.left, part.top, width, height, 0) + b"\7" + blocks + b"\0"


def bare_tiff(count: int, size: Size = (64, 64), *, subfile_types: Sequence[int] = (), entries: int = 0) -> bytes:
    """A TIFF with many directories that share one grey picture. `entries` adds so many private tags to each."""
    width, height = size
    pixels = np.random.default_rng(0).integers(0, 256, width * height, dtype=np.uint8).tobytes()
    data = bytearray(b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels)
    for number in range(count):
        kind = subfile_types[number] if number < len(subfile_types) else 0
        tags = [
            (254, 4, kind), (256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8),
            (277, 3, 1), (278, 4, height), (279, 4, len(pixels)), *((60_000 + tag, 4, 0) for tag in range(entries)),
        ]  # fmt: skip
        following = len(data) + 2 + 12 * len(tags) + 4 if number < count - 1 else 0
        data += struct.pack("<H", len(tags))
        data += b"".join(struct.pack("<HHII", tag, form, 1, value) for tag, form, value in tags)
        data += struct.pack("<I", following)
    return bytes(data)


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))
