"""Loads picture files to be drawn."""

from __future__ import annotations

import warnings
from io import BytesIO

from PIL import Image, ImageOps

from streams.domain.fingerprint.image.luminance import SIXTEEN_BIT_MODES, luminance
from streams.errors import MediasieveError
from streams.services.media_files import PictureFile
from streams.services.text import printable

DECODER_ERRORS = (OSError, SyntaxError, ValueError, MemoryError, Image.DecompressionBombError)
"""What Pillow raises for files that it cannot decode."""


class DrawingError(MediasieveError):
    """A picture was fingerprinted and cannot be shown."""


def load_picture(picture: PictureFile, box: tuple[int, int]) -> Image.Image:
    """The first picture of the file: upright, on white, in RGB, no larger than needed to fill `box` (pixels)."""
    width, height = box
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(picture.data), formats=[picture.facts.format]) as image:
                image.draft("RGB", (width, height))
                return as_shown(image, box)
    except DECODER_ERRORS as error:
        raise DrawingError(printable(f"{picture.name}: cannot be shown ({error})")) from error


def as_shown(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    """The picture upright, on white, in RGB, no larger than needed to fill `box`. Scales `image` itself down."""
    image.thumbnail((2 * box[0], 2 * box[1]), reducing_gap=2)
    upright = ImageOps.exif_transpose(image)
    if upright.mode in (*SIXTEEN_BIT_MODES, "I", "F"):
        upright = luminance(upright)
    if upright.has_transparency_data:
        transparent = upright.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", transparent.size, (255, 255, 255)), transparent).convert("RGB")
    return upright.convert("RGB")
