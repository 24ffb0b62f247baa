"""The colours of a decoded picture: a few means of its chroma, and a digest of its pixels. Computed when asked for.

Few pictures need them, so they cost nothing elsewhere. Pillow keeps the decoded picture in memory until then. A JPEG is
decoded for its luminance alone, so its chroma comes from a second decode at an eighth of the size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from PIL import Image

from streams.domain.evidence.evidence import CHROMA_SIDE, PIXELS_BYTES
from streams.domain.fingerprint.image.luminance import coloured_strips, has_transparency

SMALL_SIDE: Final = 8 * CHROMA_SIDE
"""Strips are reduced to about so many pixels a side before their chroma is averaged."""


@dataclass(frozen=True, slots=True)
class PictureColours:
    """The colours of one picture.

    Attributes:
        load: gives the decoded picture, as its file has it; None where its colours cannot be had.
        transposition: what turns the picture upright.
        exact: the picture is decoded in full.
    """

    load: Callable[[], Image.Image | None]
    transposition: Image.Transpose | None
    exact: bool

    def chroma(self) -> bytes:
        """Means of Cb and Cr, a byte each, of CHROMA_SIDE × CHROMA_SIDE parts, row by row."""
        image = self.load()
        if image is None:
            return b""
        small = _upright(_reduced(image), self.transposition).convert("RGB").convert("YCbCr")
        # Columns and rows are repeated where the picture has fewer than parts.
        small = small.resize((CHROMA_SIDE, CHROMA_SIDE), Image.Resampling.BOX)
        return np.asarray(small)[..., 1:].tobytes()

    def digest(self) -> bytes:
        """The first PIXELS_BYTES of a SHA-256 over width, height and pixels. Grey is equal in all modes.

        Of a transparent picture, the pixels on white count, and the alpha. So the colours of pixels that are fully
        transparent do not count, and white art differs from other white art.
        """
        image = self.load() if self.exact else None
        if image is None:
            return b""
        image = _upright(image, self.transposition)
        digest = sha256(struct.pack(">2I", *image.size))
        transparent = has_transparency(image)
        for strip, alpha in coloured_strips(image):
            pixels = strip.tobytes()
            if strip.mode == "RGB":
                red = strip.getchannel("R").tobytes()
                if red == strip.getchannel("G").tobytes() == strip.getchannel("B").tobytes():
                    pixels = red
            parts = (pixels, alpha.tobytes()) if transparent and alpha else (pixels,)
            for part in parts:
                digest.update(struct.pack(">Q", len(part)))
                digest.update(part)
        return digest.digest()[:PIXELS_BYTES]


def _upright(image: Image.Image, transposition: Image.Transpose | None) -> Image.Image:
    return image if transposition is None else image.transpose(transposition)


def _reduced(image: Image.Image) -> Image.Image:
    """The picture on white, at about SMALL_SIDE pixels a side."""
    if image.mode == "YCbCr":
        return image
    factors = max(1, image.width // SMALL_SIDE), max(1, image.height // SMALL_SIDE)
    size = -(-image.width // factors[0]), -(-image.height // factors[1])
    small, top = Image.new("RGB", size), 0
    for strip, _ in coloured_strips(image, multiple=factors[1]):
        part = strip.reduce(factors)
        small.paste(part, (0, top))
        top += part.height
    return small
