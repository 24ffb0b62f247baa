"""The preview of a picture: a JPEG in the largest size of thumbnails, which costs half of what WebP does.

All that is decoded gets one; WebP is made of it for the few pictures that somebody looks at.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

from av.video.reformatter import ColorRange
from PIL import Image, JpegImagePlugin

from streams.domain.fingerprint.image.luminance import WHITE
from streams.domain.fingerprint.thumbnails.scaling import MIN_SCALED_SIDE, Size, fitted, reduced, resized, scaled_frame
from streams.domain.fingerprint.thumbnails.sizes import MAX_FILE_BYTES, SIZES
from streams.domain.fingerprint.thumbnails.webp import encode_webp

QUALITY: Final = 90
"""What is lost by it cannot be seen in the WebP that is made of it."""


def preview_file(image: Image.Image, transposition: Image.Transpose | None = None, ground: int = WHITE) -> bytes:
    """The preview of a loaded picture: upright, in colour, never larger than the picture, without metadata.

    Args:
        image: in any mode.
        transposition: what turns it upright.
        ground: what shows through where it is transparent, 0 to 255.
    """
    picture = reduced(image, max(SIZES), ground)
    if transposition is not None:
        picture = picture.transpose(transposition)
    file = BytesIO()
    _pixels_alone(picture, fitted(picture.size, max(SIZES))).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def thumbnail_of(preview: bytes, side: int) -> bytes:
    """A thumbnail in WebP whose longer side has at most `side` pixels.

    Raises:
        Exception: whatever Pillow raises of a file that is no preview, or ValueError if it is larger than one.
    """
    with BytesIO(preview) as file:
        picture = JpegImagePlugin.JpegImageFile(file)
        if max(picture.size) > max(SIZES):
            raise ValueError(f"no preview has {picture.width}×{picture.height} pixels")
        size = fitted(picture.size, side)
        picture.draft("YCbCr", size)
        picture.load()
    return encode_webp(picture, size)


def is_jpeg(data: bytes) -> bool:
    """Whether bytes may be what `preview_file` makes."""
    return len(data) <= MAX_FILE_BYTES and data.startswith(b"\xff\xd8\xff\xe0") and data.endswith(b"\xff\xd9")


def _pixels_alone(picture: Image.Image, size: Size) -> Image.Image:
    """A new picture in a size: Pillow writes the comment of a picture that was opened, and of all made of it."""
    if min(size) < MIN_SCALED_SIDE:
        small = resized(picture, size)
        return Image.frombytes(small.mode, small.size, small.tobytes())
    frame = scaled_frame(picture, size, "yuv444p", ColorRange.JPEG)
    bands = [Image.frombuffer("L", size, bytes(plane), "raw", "L", plane.line_size, 1) for plane in frame.planes]
    return Image.merge("YCbCr", bands)
