"""The frames of an animated GIF, WebP, PNG or AVIF as browsers show them: composed, with their times.

Pillow applies what a format says about parts of frames, blending and disposal. Frames are read in order, since each is
drawn over the frames before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Final

from PIL import Image

from streams.domain.fingerprint.formats import ImageFormat
from streams.domain.fingerprint.image.decode import (
    PLUGINS,
    TRANSPOSITIONS,
    decoder_errors_as_bad_input,
    exif_orientation,
)
from streams.domain.fingerprint.image.file_structure import FileStructure
from streams.domain.fingerprint.image.fingerprint import ImageLimits
from streams.domain.fingerprint.sequence.frames import (
    MAX_TOTAL_PIXELS,
    SequenceFrame,
    as_pixels,
    check_size,
    small_grey,
)
from streams.domain.fingerprint.video.sampler import SAMPLE_GAP_MS
from streams.errors import BadInput, Reason

MAX_FRAMES: Final = 20_000

BYTES_PER_PIXEL: Final = 24
"""Peak memory of decoding an animation: the canvas now and before, what is restored, the frame and its grey picture."""

FASTEST_MS: Final = 10
DEFAULT_FRAME_MS: Final = 100
"""Browsers show a frame of FASTEST_MS or less for this long, and so does FFmpeg when it makes a video of a GIF."""

MAX_FRAME_MS: Final = 60_000
"""A frame that is shown for longer counts for this long. Its author meant: stop here."""

ALL_SAMPLED_FRAMES: Final = 64
"""Of an animation with up to this many frames, all are sampled: it is short, and it is shown again and again. A longer
one is sampled as a video is."""

SIDEWAYS: Final = (
    Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270
)  # fmt: skip


def animation_frames(
    data: bytes, image_format: ImageFormat, structure: FileStructure, limits: ImageLimits, check: Callable[[], None]
) -> Iterator[SequenceFrame]:
    """The frames of an animation in order. They end before the first that is broken, as in browsers.

    The default picture of a PNG is left out if it is not part of the animation.

    Args:
        data: the file.
        image_format: of the file.
        structure: of the file.
        limits: of one frame.
        check: called before each frame; raises to give up.

    Raises:
        BadInput: too_long (too many frames, or too many pixels in all of them), too_many_pixels (in one),
            out_of_memory; truncated_media or corrupt_media if the first frame cannot be decoded.
    """
    with decoder_errors_as_bad_input(image_format, structure), BytesIO(data) as source:
        image = PLUGINS[image_format](source)
        first = int(bool(getattr(image, "default_image", False)))
        count = structure.frames or int(getattr(image, "n_frames", 1))
        _check_length(count, count * image.width * image.height)
        transposition: Image.Transpose | None = None
        at_ms, slot, pixels = 0.0, -1.0, 0
        for number in range(first, first + count):
            check()
            try:
                image.seek(number)
                check_size(image.size, BYTES_PER_PIXEL, limits)  # a frame of a GIF may enlarge the canvas
                pixels += image.width * image.height
                _check_length(count, pixels)
                image.load()
            except (BadInput, MemoryError, Image.DecompressionBombError):
                raise
            except Exception:
                if number == first:
                    raise
                return
            if number == first:
                transposition = TRANSPOSITIONS.get(exif_orientation(image))
            shown_ms, grey = frame_ms(image.info.get("duration")), None
            if count <= ALL_SAMPLED_FRAMES or at_ms // SAMPLE_GAP_MS != slot:
                slot = at_ms // SAMPLE_GAP_MS
                small = small_grey(image)
                grey = as_pixels(small if transposition is None else small.transpose(transposition))
            size = image.size[::-1] if transposition in SIDEWAYS else image.size
            yield SequenceFrame(at_ms, shown_ms, size, grey)
            at_ms += shown_ms


def frame_ms(duration: object) -> float:
    """For how many ms a frame is shown.

    Args:
        duration: what the file says, as Pillow gives it: a number of ms, or nothing.
    """
    if not isinstance(duration, int | float) or not duration > FASTEST_MS:
        return DEFAULT_FRAME_MS
    return min(float(duration), MAX_FRAME_MS)


def _check_length(frames: int, pixels: int) -> None:
    if frames > MAX_FRAMES:
        raise BadInput(Reason.TOO_LONG, f"{frames:,} frames exceed the limit of {MAX_FRAMES:,} in an animation")
    if pixels > MAX_TOTAL_PIXELS:
        raise BadInput(
            Reason.TOO_LONG, f"its {frames:,} frames exceed the limit of {MAX_TOTAL_PIXELS:,} pixels in an animation"
        )
