"""The composed frames of an animated GIF or PNG, by FFmpeg.

FFmpeg composes frames as the formats say. Pillow does not: after a frame whose previous contents are to be restored, it
restores other contents, it keeps the disposal of a frame for the next ones of a GIF, and it blends half-transparent
pixels of a PNG wrongly (Pillow 13.0).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import inf
from typing import Final

import av.video.frame
from av.error import FFmpegError
from PIL import Image

from streams.domain.fingerprint.formats import ImageFormat
from streams.domain.fingerprint.image.inner.borders import Pixels
from streams.domain.fingerprint.sequence.frames import DecodedFrame, small_colours, small_grey
from streams.domain.fingerprint.video.container import ffmpeg_errors_as_bad_input, open_container, packets
from streams.domain.fingerprint.video.ffmpeg_input import FFmpegInput
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.source import BytesVideoSource

FFMPEG_FORMATS: Final[frozenset[ImageFormat]] = frozenset(("gif", "png"))


def ffmpeg_frames(data: bytes, image_format: ImageFormat, limits: VideoLimits) -> Iterator[DecodedFrame]:
    """The frames in order; broken ones are left out. Their pictures may be taken until the next frame is.

    Raises:
        BadInput: no_video, too_many_pixels, out_of_memory, truncated_media or corrupt_media.
    """
    limits = replace(limits, max_duration_s=inf)  # it counts after absurd durations of frames are cut off
    file = FFmpegInput(BytesVideoSource(data), limits, _never)
    with open_container(file, image_format, limits) as video:
        context = video.stream.codec_context
        with ffmpeg_errors_as_bad_input(file):
            context.thread_count = 1
            context.options = {"max_pixels": str(limits.max_pixels)}
            context.open(strict=False)
        for packet in packets(video):
            with ffmpeg_errors_as_bad_input(file):
                try:
                    frames = context.decode(packet)
                except FFmpegError as error:
                    if isinstance(error, MemoryError):
                        raise
                    continue
            for frame in frames:
                duration_ms = float(frame.duration * video.time_base * 1000) if frame.duration else None
                yield DecodedFrame((frame.width, frame.height), duration_ms, partial(_small_grey, file, frame),
                                   partial(_small_colours, file, frame))  # fmt: skip


def _small_grey(file: FFmpegInput, frame: av.video.frame.VideoFrame) -> Pixels:
    return small_grey(_picture(file, frame))


def _small_colours(file: FFmpegInput, frame: av.video.frame.VideoFrame, side: int) -> Image.Image:
    return small_colours(_picture(file, frame), None, side)


def _picture(file: FFmpegInput, frame: av.video.frame.VideoFrame) -> Image.Image:
    has_alpha = frame.format.has_palette or any(part.is_alpha for part in frame.format.components)
    with ffmpeg_errors_as_bad_input(file):
        pixels = frame.to_ndarray(format="rgba" if has_alpha else "rgb24")
    return Image.fromarray(pixels)


def _never() -> bool:
    return False
