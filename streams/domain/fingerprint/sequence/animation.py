"""The frames of an animated GIF, PNG, WebP or AVIF as browsers show them: composed, with their times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from streams.domain.fingerprint.formats import ImageFormat
from streams.domain.fingerprint.image.codecs.parts import FileStructure
from streams.domain.fingerprint.sequence.ffmpeg_frames import FFMPEG_FORMATS, ffmpeg_frames
from streams.domain.fingerprint.sequence.frames import MAX_TOTAL_PIXELS, DecodedFrame, SequenceFrame
from streams.domain.fingerprint.sequence.pillow_frames import pillow_frames
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.sampler import SAMPLE_GAP_MS
from streams.errors import BadInput, Reason

MAX_FRAMES: Final = 20_000

FASTEST_MS: Final = 10
DEFAULT_FRAME_MS: Final = 100
"""Browsers show a frame of FASTEST_MS or less for this long."""

MAX_FRAME_MS: Final = 60_000
"""A frame that is shown for longer counts for this long. Its author meant: stop here."""

ALL_SAMPLED_FRAMES: Final = 64
"""Of an animation with up to this many frames, all are sampled: it is short, and it is shown again and again. A longer
one is sampled as a video is."""


def animation_frames(
    data: bytes, image_format: ImageFormat, structure: FileStructure, limits: VideoLimits, check: Callable[[], None]
) -> Iterator[SequenceFrame]:
    """The frames of an animation in order.

    Broken frames are left out. So is the default picture of a PNG, if it is not part of the animation.

    Args:
        data: the file.
        image_format: of the file.
        structure: of the file.
        limits: of a video.
        check: called before each frame; raises to give up.

    Raises:
        BadInput: too_long (too many frames, or too many pixels in all of them), too_many_pixels (in one),
            out_of_memory; truncated_media or corrupt_media if no frame can be decoded.
    """
    count = structure.frames or 1
    at_ms, slot, pixels = 0.0, -1.0, 0
    for number, frame in enumerate(_decoded(data, image_format, structure, limits), start=1):
        check()
        canvas = frame.size[0] * frame.size[1]
        pixels += canvas
        _check_length(max(number, count), max(pixels, count * canvas))
        grey = None
        if count <= ALL_SAMPLED_FRAMES or at_ms // SAMPLE_GAP_MS != slot:
            slot = at_ms // SAMPLE_GAP_MS
            grey = frame.small_grey()
        shown_ms = frame_ms(frame.duration_ms)
        yield SequenceFrame(at_ms, shown_ms, frame.size, grey, frame.colours)
        at_ms += shown_ms


def _decoded(
    data: bytes, image_format: ImageFormat, structure: FileStructure, limits: VideoLimits
) -> Iterator[DecodedFrame]:
    """Pillow decodes what FFmpeg does not know or refuses, such as a GIF without a size."""
    _check_length(structure.frames or 1, 0)
    if image_format in FFMPEG_FORMATS:
        frames = ffmpeg_frames(data, image_format, limits)
        try:
            yield from chain((next(frames),), frames)
            return
        except StopIteration:
            pass
        except BadInput as error:
            if error.reason not in (Reason.CORRUPT_MEDIA, Reason.TRUNCATED_MEDIA, Reason.NO_VIDEO):
                raise
    yield from pillow_frames(data, image_format, structure, limits)


def frame_ms(duration_ms: float | None) -> float:
    """For how many ms a frame is shown, given what the file says."""
    if duration_ms is None or not duration_ms > FASTEST_MS:
        return DEFAULT_FRAME_MS
    return min(duration_ms, MAX_FRAME_MS)


def _check_length(frames: int, pixels: int) -> None:
    if frames > MAX_FRAMES:
        raise BadInput(Reason.TOO_LONG, f"{frames:,} frames exceed the limit of {MAX_FRAMES:,} in an animation")
    if pixels > MAX_TOTAL_PIXELS:
        raise BadInput(
            Reason.TOO_LONG, f"its {frames:,} frames exceed the limit of {MAX_TOTAL_PIXELS:,} pixels in an animation"
        )
