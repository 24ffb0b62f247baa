"""A picture in colour, for models: decoded within the limits of fingerprinting, upright, as large as it is needed."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image.decode import (
    TRANSPOSITIONS,
    check_size,
    decoder_errors_as_bad_input,
    exif_orientation,
    open_image,
)
from streams.domain.fingerprint.image.file_structure import file_structure
from streams.domain.fingerprint.image.fingerprint import DEFAULT_IMAGE_LIMITS


def decode_rgb(data: bytes, max_pixels: int, min_side: int) -> Image.Image:
    """The first picture of a file in mode RGB, upright, transparency on white.

    Args:
        data: the file.
        max_pixels: larger pictures are refused undecoded.
        min_side: a JPEG is scaled down while it is decoded, as long as both sides keep this many pixels.

    Raises:
        BadInput: as `fingerprint_image`.
    """
    image_format = image_format_of(data)
    structure = file_structure(data, image_format)
    with decoder_errors_as_bad_input(image_format, structure), BytesIO(data) as source:
        image = open_image(source, image_format, structure)
        check_size(image, image_format, structure, max_pixels, DEFAULT_IMAGE_LIMITS.max_decode_bytes)
        if image_format == "jpeg" and image.mode in ("RGB", "L", "YCbCr"):
            image.draft("RGB", (min_side, min_side))
        image.load()
        transposition = TRANSPOSITIONS.get(exif_orientation(image))
        if image.has_transparency_data:
            shown = image.convert("RGBA")
            white = Image.new("RGBA", shown.size, "white")
            picture = Image.alpha_composite(white, shown).convert("RGB")
        else:
            picture = image.convert("RGB")
        return picture.transpose(transposition) if transposition is not None else picture
