"""The preview of a picture: a JPEG in the largest size of thumbnails, which costs a third of what WebP does at most.

Every decoded medium gets one; the few that somebody looks at get WebP from their preview.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

import numpy as np
from av.video.reformatter import ColorRange
from PIL import Image, JpegImagePlugin

from streams.domain.fingerprint.image.codecs import turbojpeg
from streams.domain.fingerprint.image.codecs.turbojpeg import JpegPlanes
from streams.domain.fingerprint.image.luminance import WHITE
from streams.domain.fingerprint.thumbnails.scaling import (
    MIN_SCALED_SIDE,
    fitted,
    planes_of,
    reduced,
    resized,
    scaled_frame,
)
from streams.domain.fingerprint.thumbnails.sizes import MAX_FILE_BYTES, SIZES
from streams.domain.fingerprint.thumbnails.webp import encode_webp

QUALITY: Final = 90
"""What is lost by it cannot be seen in the WebP that is made of it."""


def preview_file(
    image: Image.Image | JpegPlanes, transposition: Image.Transpose | None = None, ground: int = WHITE
) -> bytes:
    """The preview of a loaded picture: upright, in colour, never larger than the picture, without metadata.

    Args:
        image: in any mode.
        transposition: what turns it upright.
        ground: what shows through where it is transparent, 0 to 255.
    """
    picture = image if isinstance(image, JpegPlanes) else reduced(image, max(SIZES), ground)
    size = fitted(image.size, max(SIZES))
    if min(size) < MIN_SCALED_SIDE:
        small = _turned(resized(_merged(picture), size), transposition)
        return _encode(Image.frombytes(small.mode, small.size, small.tobytes()))
    halved = turbojpeg.is_installed()
    planes = planes_of(scaled_frame(picture, size, "yuv420p" if halved else "yuv444p", ColorRange.JPEG))
    if transposition is not None:
        planes = [np.asarray(_turned(Image.fromarray(plane), transposition)) for plane in planes]
    if halved:
        height, width = planes[0].shape
        return turbojpeg.encode_planes((width, height), planes, QUALITY)
    return _encode(Image.merge("YCbCr", [Image.fromarray(plane) for plane in planes]))


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


def _encode(picture: Image.Image) -> bytes:
    """A new picture by Pillow, which would write the comment of one that was opened, and of all that is made of it."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _turned(picture: Image.Image, transposition: Image.Transpose | None) -> Image.Image:
    return picture if transposition is None else picture.transpose(transposition)


def _merged(picture: Image.Image | JpegPlanes) -> Image.Image:
    if not isinstance(picture, JpegPlanes):
        return picture
    height, width = picture.planes[0].shape
    bands = (Image.fromarray(plane).resize((width, height)) for plane in picture.planes)
    return Image.merge("YCbCr", list(bands)).crop((0, 0, *picture.size))
