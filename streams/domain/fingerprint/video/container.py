"""The one place that hands a foreign video to FFmpeg: opening, seeking, packets, limits, and errors made ours."""

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
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.source_file import BUFFER_BYTES, FFmpegInput, is_cut_short
from streams.errors import BadInput, Reason

VideoPacket: TypeAlias = "av.packet.Packet[av.video.stream.VideoStream]"

CODECS: Final = frozenset(
    (
        "h264", "hevc", "av1", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3",
        "h263", "h263p", "h261", "flv1", "vp6", "vp6f", "vp6a", "wmv1", "wmv2", "wmv3", "vc1", "theora", "mjpeg",
        "mjpegb", "prores", "dnxhd", "dvvideo", "svq1", "svq3", "cinepak", "ffv1", "huffyuv", "ffvhuff", "utvideo",
        "qtrle", "rawvideo", "png", "rv30", "rv40", "indeo3", "indeo5",
    )
)  # fmt: skip
"""What is decoded, by FFmpeg's names of the codecs; what no camera, encoder or site has made is not among them."""


@dataclass(frozen=True, slots=True)
class OpenContainer:
    """A container that is open for reading, and the video in it that is looked at."""

    container: av.container.InputContainer
    stream: av.video.stream.VideoStream
    file: FFmpegInput
    codec: str
    time_base: Fraction
    frame_rate: Fraction
    duration_s: float | None


@contextmanager
def ffmpeg_errors_as_bad_input(file: FFmpegInput) -> Iterator[None]:
    """Whatever FFmpeg and PyAV raise on a foreign file is the file's fault; what the source raised comes out as it is.

    PyAV raises FFmpegError (which is an OSError, a ValueError, an EOFError … too), ValueError, TypeError, OverflowError
    and what no one has seen yet; so this is the one place that catches Exception.
    """
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        if file.failed is not None:
            raise file.failed from None
        if isinstance(error, MemoryError):
            raise BadInput(Reason.OUT_OF_MEMORY, "decoding the video needs more memory than there is") from error
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        reason = Reason.TRUNCATED_MEDIA if isinstance(error, EOFError) else Reason.CORRUPT_MEDIA
        raise BadInput(reason, f"the video cannot be read: {detail}") from error
    if file.failed is not None:
        raise file.failed


def seek_keyframe(video: OpenContainer, ticks: int, offset: int) -> bool:
    """Go to the keyframe that is decoded then, or to the nearest before; whether FFmpeg could.

    Args:
        ticks: in the container's units.
        offset: where in the file that is, so that what FFmpeg reads on its way there need not be fetched.
    """
    video.file.go_to(offset)
    try:
        video.container.seek(ticks, stream=video.stream)
    except (FFmpegError, OverflowError):
        video.file.check()
        return False
    return True


def packets(video: OpenContainer) -> Iterator[VideoPacket]:
    """The packets of the video from here on, as far as the file can be read; none are empty."""
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
def open_container(file: FFmpegInput, form: str, limits: VideoLimits) -> Iterator[OpenContainer]:
    """Open a container by one demuxer, without leave to open anything else.

    Raises:
        BadInput: no_video, unsupported_format (a codec), too_many_pixels, too_long, truncated_media or corrupt_media.
    """
    container = _open(file, form, limits)
    file.opening = False
    with container:
        with ffmpeg_errors_as_bad_input(file):
            found = _describe(container, file, limits)
        yield found


def _open(file: FFmpegInput, form: str, limits: VideoLimits) -> av.container.InputContainer:
    try:
        with ffmpeg_errors_as_bad_input(file):
            return av.open(
                file,
                mode="r",
                format=DEMUXERS[form],
                options=_options(form, file, limits),
                metadata_errors="replace",
                buffer_size=BUFFER_BYTES,
            )
    except BadInput as error:
        if error.reason is Reason.CORRUPT_MEDIA and DEMUXERS[form] == "mov" and file.seekable():
            with ffmpeg_errors_as_bad_input(file):
                cut_short = is_cut_short(file.source)
            if cut_short:
                raise BadInput(Reason.TRUNCATED_MEDIA, "the file ends before its index") from error
        raise


def _options(form: str, file: FFmpegInput, limits: VideoLimits) -> dict[str, str]:
    probe_bytes = 1 << 20 if form in ("mp4", "mov", "matroska", "webm", "avi") else 5 << 20
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
    if form in ("mp4", "mov"):
        options |= {"enable_drefs": "0", "use_absolute_path": "0"}
    return options


def _describe(container: av.container.InputContainer, file: FFmpegInput, limits: VideoLimits) -> OpenContainer:
    stream = _chosen(container)
    context = stream.codec_context
    if context is None or context.codec.canonical_name not in CODECS:
        name = context.codec.canonical_name if context else "a codec that is not known"
        raise BadInput(Reason.UNSUPPORTED_FORMAT, f"video in {name} is not decoded")
    if context.width * context.height > limits.max_pixels:
        raise BadInput(
            Reason.TOO_MANY_PIXELS, f"{context.width}×{context.height} are more than {limits.max_pixels:,} pixels"
        )
    for each in container.streams:
        each.discard = av.stream.Discard.default if each is stream else av.stream.Discard.all
    duration_s = _duration_s(container, stream)
    if duration_s is not None and duration_s > limits.max_duration_s:
        raise BadInput(Reason.TOO_LONG, f"{duration_s:,.0f} s are more than {limits.max_duration_s:,.0f} s")
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


def _chosen(container: av.container.InputContainer) -> av.video.stream.VideoStream:
    """The largest video that is no cover picture; the first of several."""
    pictures = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    videos = [each for each in container.streams.video if not each.disposition & pictures]
    if not videos:
        raise BadInput(Reason.NO_VIDEO, "the container holds no video")
    return max(videos, key=_pixels)


def _pixels(stream: av.video.stream.VideoStream) -> int:
    context = stream.codec_context
    return context.width * context.height if context else -1


def _duration_s(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> float | None:
    if stream.duration is not None and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    return None
