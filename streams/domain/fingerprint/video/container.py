"""The only place that hands a foreign video to FFmpeg: opens, limits, seeks, reads packets, translates errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

import av
import av.container
import av.packet
import av.stream
import av.video.stream
from av.error import FFmpegError

from streams.domain.fingerprint.formats import DEMUXERS
from streams.domain.fingerprint.video.ffmpeg_input import BUFFER_BYTES, FFmpegInput, is_cut_short
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.errors import BadInput, Reason

VideoPacket: TypeAlias = "av.packet.Packet[av.video.stream.VideoStream]"

CODECS: Final = frozenset(
    (
        "h264", "hevc", "av1", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3",
        "h263", "h263p", "h261", "flv1", "vp6", "vp6f", "vp6a", "wmv1", "wmv2", "wmv3", "vc1", "theora", "mjpeg",
        "mjpegb", "prores", "dnxhd", "dvvideo", "svq1", "svq3", "cinepak", "ffv1", "huffyuv", "ffvhuff", "utvideo",
        "qtrle", "rawvideo", "png", "rv30", "rv40", "indeo3", "indeo5", "gif", "apng",
    )
)  # fmt: skip
"""The codecs that are decoded, by FFmpeg's names. Codecs that no camera, encoder or site produces are left out."""


@dataclass(frozen=True, slots=True)
class OpenContainer:
    """A container that is open for reading, and the video stream in it that is fingerprinted."""

    container: av.container.InputContainer
    stream: av.video.stream.VideoStream
    file: FFmpegInput
    codec: str
    time_base: Fraction
    frame_rate: Fraction
    duration_s: float | None


@contextmanager
def ffmpeg_errors_as_bad_input(file: FFmpegInput) -> Iterator[None]:
    """Translates errors of FFmpeg and PyAV to BadInput: on a foreign file they are the file's fault.

    Errors of the source are raised unchanged. PyAV raises FFmpegError (which is also an OSError, a ValueError, an
    EOFError …), ValueError, TypeError, OverflowError and errors that nobody has seen yet. So this block catches
    Exception.
    """
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        if file.failed is not None:
            raise file.failed from None
        if isinstance(error, MemoryError):
            raise BadInput(
                Reason.OUT_OF_MEMORY, "decoding the video needs more memory than this process can get"
            ) from error
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        reason = Reason.TRUNCATED_MEDIA if isinstance(error, EOFError) else Reason.CORRUPT_MEDIA
        raise BadInput(reason, f"the video cannot be read: {detail}") from error
    if file.failed is not None:
        raise file.failed


def seek_keyframe(video: OpenContainer, ticks: int, offset: int) -> bool:
    """Seek to the last keyframe that is decoded at a time or before it; whether FFmpeg could.

    Args:
        ticks: the time, in the container's units.
        offset: the keyframe's place in the file. What FFmpeg reads on its way there is not fetched.
    """
    video.file.skip_to(offset)
    try:
        video.container.seek(ticks, stream=video.stream)
    except (FFmpegError, OverflowError):
        video.file.check()
        return False
    return True


def packets(video: OpenContainer) -> Iterator[VideoPacket]:
    """The packets of the video from here on, until the file cannot be read further. Empty packets are left out."""
    with ffmpeg_errors_as_bad_input(video.file):
        try:
            for packet in video.container.demux(video.stream):
                video.file.check()
                if packet.size:
                    yield packet
        except FFmpegError as error:
            if isinstance(error, MemoryError):
                raise


@contextmanager
def open_container(file: FFmpegInput, container_format: str, limits: VideoLimits) -> Iterator[OpenContainer]:
    """Open a container with the demuxer of its format, which may open nothing but this file.

    Raises:
        BadInput: no_video, unsupported_format (a codec), too_many_pixels, too_long, truncated_media or corrupt_media.
    """
    container = _open(file, container_format, limits)
    file.opening = False
    with container:
        with ffmpeg_errors_as_bad_input(file):
            video = _checked_video(container, file, limits)
        yield video


def _open(file: FFmpegInput, container_format: str, limits: VideoLimits) -> av.container.InputContainer:
    try:
        with ffmpeg_errors_as_bad_input(file):
            return av.open(
                file,
                mode="r",
                format=DEMUXERS[container_format],
                options=_options(container_format, file, limits),
                metadata_errors="replace",
                buffer_size=BUFFER_BYTES,
            )
    except BadInput as error:
        if error.reason is Reason.CORRUPT_MEDIA and DEMUXERS[container_format] == "mov" and file.seekable():
            with ffmpeg_errors_as_bad_input(file):
                cut_short = is_cut_short(file.source)
            if cut_short:
                raise BadInput(Reason.TRUNCATED_MEDIA, "the file ends before its index") from error
        raise


def _options(container_format: str, file: FFmpegInput, limits: VideoLimits) -> dict[str, str]:
    probe_bytes = 1 << 20 if container_format in ("mp4", "mov", "matroska", "webm", "avi") else 5 << 20
    if file.source.size_bytes is not None:
        probe_bytes = max(1 << 16, min(probe_bytes, file.source.size_bytes // 16))
    options = {
        "protocol_whitelist": "none",
        "probesize": str(probe_bytes),
        "analyzeduration": "2000000",
        "max_streams": str(limits.max_streams),
        "max_pixels": str(limits.max_pixels),
        "threads": "1",
    }
    if container_format == "png":
        options["default_fps"] = "10"  # of frames without a duration; browsers have the same
    if container_format in ("mp4", "mov"):
        options |= {"enable_drefs": "0", "use_absolute_path": "0"}
    return options


def _checked_video(container: av.container.InputContainer, file: FFmpegInput, limits: VideoLimits) -> OpenContainer:
    stream = _largest_video(container)
    context = stream.codec_context
    if context is None or context.codec.canonical_name not in CODECS:
        name = context.codec.canonical_name if context else "an unknown codec"
        raise BadInput(Reason.UNSUPPORTED_FORMAT, f"video in {name} is not decoded")
    if context.width * context.height > limits.max_pixels:
        raise BadInput(
            Reason.TOO_MANY_PIXELS,
            f"{context.width}×{context.height} exceeds the limit of {limits.max_pixels:,} pixels",
        )
    for other in container.streams:
        other.discard = av.stream.Discard.default if other is stream else av.stream.Discard.all
    duration_s = _duration_s(container, stream)
    if duration_s is not None and duration_s > limits.max_duration_s:
        raise BadInput(Reason.TOO_LONG, f"{duration_s:,.0f} s exceeds the limit of {limits.max_duration_s:,.0f} s")
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    return OpenContainer(
        container=container,
        stream=stream,
        file=file,
        codec=context.codec.canonical_name,
        time_base=stream.time_base or Fraction(1, 1000),
        frame_rate=rate if rate and 0 < rate <= 1000 else Fraction(25),
        duration_s=duration_s,
    )


def _largest_video(container: av.container.InputContainer) -> av.video.stream.VideoStream:
    """The video stream with the most pixels, cover pictures aside; the first of equals."""
    cover_pictures = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    videos = [stream for stream in container.streams.video if not stream.disposition & cover_pictures]
    if not videos:
        raise BadInput(Reason.NO_VIDEO, "the container holds no video")
    return max(videos, key=_pixel_count)


def _pixel_count(stream: av.video.stream.VideoStream) -> int:
    context = stream.codec_context
    return context.width * context.height if context else -1


def _duration_s(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> float | None:
    if stream.duration is not None and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    return None
