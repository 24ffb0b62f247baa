"""Decodes single frames of a video file in colour, for drawings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from av.video.frame import VideoFrame
from PIL import Image

from streams.domain.fingerprint.formats import SEQUENCE_FORMATS
from streams.domain.fingerprint.video.container import (
    OpenContainer,
    ffmpeg_errors_as_bad_input,
    open_container,
    packets,
    seek_keyframe,
)
from streams.domain.fingerprint.video.decoder import FrameDecoder
from streams.domain.fingerprint.video.ffmpeg_input import FFmpegInput
from streams.domain.fingerprint.video.limits import DEFAULT_VIDEO_LIMITS
from streams.drawing.sequence_frames import sequence_frames_at
from streams.errors import BadInput
from streams.services.media_files import VideoFile, open_parts

MAX_DECODED_FRAMES: Final = 600
"""Decoded at most to reach one frame; after that, the last decoded frame takes its place."""

ROTATIONS: Final = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
"""By degrees clockwise, as players turn the frames."""


def frames_at(video: VideoFile, times_s: Sequence[float], max_size: tuple[int, int]) -> list[Image.Image | None]:
    """Upright frames in RGB at these times; None for a frame that cannot be decoded.

    Args:
        video: a file that was read before.
        times_s: seconds from the first frame, in ascending order.
        max_size: width and height in pixels that a frame is scaled down to fit.
    """
    if video.facts.format in SEQUENCE_FORMATS:
        return sequence_frames_at(video, times_s, max_size)
    found: list[Image.Image | None] = []
    try:
        with open_parts(video.path) as parts:
            file = FFmpegInput(parts, DEFAULT_VIDEO_LIMITS, _never)
            with (
                open_container(file, video.facts.format, DEFAULT_VIDEO_LIMITS) as opened_video,
                ffmpeg_errors_as_bad_input(file),
            ):
                decoder = FrameDecoder(opened_video, DEFAULT_VIDEO_LIMITS, _no_time)
                for at_s in times_s:
                    frame = _frame_at(opened_video, decoder, at_s)
                    found.append(None if frame is None else _upright(frame, video.video.rotation_degrees, max_size))
    except BadInput:  # the file has changed since it was read, or its end cannot be reached by seeking
        pass
    return found + [None] * (len(times_s) - len(found))


def _frame_at(video: OpenContainer, decoder: FrameDecoder, at_s: float) -> VideoFrame | None:
    ticks = (video.stream.start_time or 0) + round(at_s / video.time_base)
    seek_keyframe(video, ticks, 0)
    decoder.restart()
    last = None
    for number, frame in enumerate(_decoded(video, decoder), start=1):
        last = frame
        if number == MAX_DECODED_FRAMES or (frame.pts is not None and frame.pts >= ticks):
            break
    return last


def _decoded(video: OpenContainer, decoder: FrameDecoder) -> Iterator[VideoFrame]:
    for packet in packets(video):
        yield from decoder.decode(packet)
    yield from decoder.decode(None)


def _upright(frame: VideoFrame, rotation_degrees: int, max_size: tuple[int, int]) -> Image.Image:
    sideways = rotation_degrees in (90, 270)
    width, height = reversed(max_size) if sideways else max_size
    scale = min(width / frame.width, height / frame.height, 1.0)
    small = frame.reformat(max(2, round(frame.width * scale)), max(2, round(frame.height * scale)), "rgb24")
    image = Image.fromarray(small.to_ndarray())
    return image.transpose(ROTATIONS[rotation_degrees]) if rotation_degrees in ROTATIONS else image


def _never() -> bool:
    return False


def _no_time() -> float:
    return 0.0
