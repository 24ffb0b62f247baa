"""The composed frames of an animated WebP or AVIF, by Pillow with libwebp and libavif. All frames are read in order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image

from streams.domain.fingerprint.formats import ImageFormat
from streams.domain.fingerprint.image.codecs.parts import FileStructure
from streams.domain.fingerprint.image.decode import (
    PLUGINS,
    TRANSPOSITIONS,
    decoder_errors_as_bad_input,
    exif_orientation,
)
from streams.domain.fingerprint.image.inner.borders import Pixels
from streams.domain.fingerprint.sequence.frames import DecodedFrame, small_colours, small_grey
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.errors import BadInput, Reason

SIDEWAYS: Final = (
    Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270
)  # fmt: skip


def pillow_frames(
    data: bytes, image_format: ImageFormat, structure: FileStructure, limits: VideoLimits
) -> Iterator[DecodedFrame]:
    """The upright frames in order, up to the first that is broken. Their pictures may be taken until the next frame is.

    Raises:
        BadInput: too_many_pixels, out_of_memory; truncated_media or corrupt_media if the first frame is broken.
    """
    with decoder_errors_as_bad_input(image_format, structure), BytesIO(data) as source:
        image = PLUGINS[image_format](source)
        first = int(bool(getattr(image, "default_image", False)))
        transposition: Image.Transpose | None = None
        for number in range(first, first + (structure.frames or int(getattr(image, "n_frames", 1)))):
            try:
                image.seek(number)
                _check_size(image.size, limits)  # a frame of a GIF may enlarge the canvas
                image.load()
            except (BadInput, MemoryError, Image.DecompressionBombError):
                raise
            except Exception:
                if number == first:
                    raise
                return
            if number == first:
                transposition = TRANSPOSITIONS.get(exif_orientation(image))
            size = image.size[::-1] if transposition in SIDEWAYS else image.size
            yield DecodedFrame(size, _duration_ms(image), partial(_upright_grey, image, transposition),
                               partial(small_colours, image, transposition))  # fmt: skip


def _duration_ms(image: Image.Image) -> float | None:
    duration_ms = image.info.get("duration")
    return float(duration_ms) if isinstance(duration_ms, int | float) else None


def _upright_grey(image: Image.Image, transposition: Image.Transpose | None) -> Pixels:
    pixels = small_grey(image)
    return pixels if transposition is None else np.asarray(Image.fromarray(pixels).transpose(transposition))


def _check_size(size: tuple[int, int], limits: VideoLimits) -> None:
    if size[0] * size[1] > limits.max_pixels:
        raise BadInput(
            Reason.TOO_MANY_PIXELS, f"{size[0]}×{size[1]} exceeds the limit of {limits.max_pixels:,} pixels in a frame"
        )
