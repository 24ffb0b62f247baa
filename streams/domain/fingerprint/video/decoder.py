"""Packets to small, upright grey pictures with their times. Which packets are decoded is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from math import atan2, degrees
from typing import Any, NamedTuple

import av.video.frame
import numpy as np
from av.error import FFmpegError
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from PIL import Image

from streams.domain.fingerprint.image.inner.borders import Pixels
from streams.domain.fingerprint.thumbnails.scaling import fitted
from streams.domain.fingerprint.video.container import OpenContainer, VideoPacket, ffmpeg_errors_as_bad_input
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.errors import BadInput, Reason

SAMPLE_SIDE = 160
"""Frames are averaged down to this many pixels a side: 2.5 for each of the 64 that the larger hash needs."""

MAX_JUMP_MS = 3_600_000
"""A frame whose time is this much later than that of the frame before has a wrong time."""


class FrameSample(NamedTuple):
    """A sampled frame.

    Attributes:
        at_ms: when it is shown, from the first frame on.
        grey: its small, upright picture.
        joined: nothing that could differ from both was skipped between the sample before and this one: they are
            neighbours on a dense grid, or neighbouring keyframes.
    """

    at_ms: int
    grey: Pixels
    joined: bool


class FrameClock:
    """When frames are shown, in ms from the first frame; counted where the container gives wrong times.

    Attributes:
        last_ms: when the latest frame is shown.
    """

    def __init__(self, video: OpenContainer) -> None:
        self.last_ms: float | None = None
        self._ms_per_tick = float(video.time_base * 1000)
        self._frame_ms = float(1000 / video.frame_rate)
        self._first_ticks: int | None = None

    def start_at(self, ticks: int | None) -> None:
        """Set the container's time of the first frame; None takes the time of the next frame."""
        self._first_ticks = ticks

    def elapsed_ms(self, ticks: int | None) -> float | None:
        """A time of the container in ms from the first frame; None if the container has no time."""
        if ticks is None:
            return None
        if self._first_ticks is None:
            self._first_ticks = ticks
        return (ticks - self._first_ticks) * self._ms_per_tick

    def at_ms(self, frame: av.video.frame.VideoFrame) -> int:
        """When the next frame is shown: after the frame before it, and not absurdly later."""
        container_ms = self.elapsed_ms(frame.pts)
        earliest_ms = 0.0 if self.last_ms is None else self.last_ms + 1
        counted_ms = 0.0 if self.last_ms is None else self.last_ms + self._frame_ms
        if container_ms is not None and 0 <= container_ms - earliest_ms < MAX_JUMP_MS:
            self.last_ms = container_ms
        else:
            self.last_ms = counted_ms
        return round(self.last_ms)

    @property
    def end_ms(self) -> int:
        """When the latest frame ends."""
        return 0 if self.last_ms is None else round(self.last_ms + self._frame_ms)


class FrameDecoder:
    """The decoder of a video: one thread, and only as much work on a frame as its small picture needs.

    Attributes:
        decoded_frames: number of frames decoded so far.
        size: width and height of an upright frame, known after the first call of `small_grey`.
        rotation_degrees: by which players turn the frames clockwise, known at the same time.
    """

    def __init__(self, video: OpenContainer, limits: VideoLimits, used_cpu_s: Callable[[], float]) -> None:
        self.decoded_frames = 0
        self.rotation_degrees = 0
        self.size = (0, 0)
        self._video = video
        self._limits = limits
        self._used_cpu_s = used_cpu_s
        self._reformatter, self._colour_reformatter = VideoReformatter(), VideoReformatter()
        self._mirroring: tuple[bool, bool, bool] | None = None
        self._context = video.stream.codec_context
        with ffmpeg_errors_as_bad_input(video.file):
            self._context.thread_type = "SLICE"
            self._context.thread_count = 1
            # Without the loop filter, block edges remain, which a hash of 64 × 64 pixels does not see. But frames
            # predicted from such a frame are off by more, and the error grows until the next keyframe, so few frames
            # skip the filter. Frames that no other frame refers to, up to three of four, are not decoded: the rest is
            # dense enough.
            self._context.options = {
                "max_pixels": str(limits.max_pixels), "skip_loop_filter": "bidir", "skip_frame": "noref"
            }  # fmt: skip
            self._context.open(strict=False)

    def decode(self, packet: VideoPacket | None) -> list[av.video.frame.VideoFrame]:
        """The frames that a packet completes, none for a broken packet. None instead of a packet gives all frames left.

        Raises:
            BadInput: decode_timeout, too_long or out_of_memory.
        """
        self._video.file.check()
        if self._used_cpu_s() > self._limits.max_decode_s:
            limit_s = self._limits.max_decode_s
            raise BadInput(Reason.DECODE_TIMEOUT, f"decoding takes more than {limit_s:g} s of CPU time")
        with ffmpeg_errors_as_bad_input(self._video.file):
            try:
                frames = self._context.decode(packet)
            except FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise
                return []
        self.decoded_frames += len(frames)
        if self.decoded_frames > self._limits.max_decoded_frames:
            limit = self._limits.max_decoded_frames
            raise BadInput(Reason.TOO_LONG, f"more than {limit:,} frames would have to be decoded")
        return [frame for frame in frames if not frame.is_corrupt]

    def restart(self) -> None:
        """Reset the decoder before a packet from another place in the video."""
        self._context.flush_buffers()

    def small_grey(self, frame: av.video.frame.VideoFrame) -> Pixels:
        """The small, upright grey picture of a frame, rows by columns."""
        if self._mirroring is None:
            self._mirroring = self._mirroring_of(frame)
        with ffmpeg_errors_as_bad_input(self._video.file):
            small = self._reformatter.reformat(
                frame,
                width=min(SAMPLE_SIDE, frame.width),
                height=min(SAMPLE_SIDE, frame.height),
                format="gray",
                interpolation=Interpolation.AREA,
                dst_color_range=ColorRange.JPEG,
                threads=1,
            )
        plane, (transposed, left_right, top_bottom) = small.planes[0], self._mirroring
        pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: small.height, : small.width]
        if transposed:
            pixels = pixels.T
        return pixels[:: -1 if top_bottom else 1, :: -1 if left_right else 1].copy()

    def small_colours(self, frame: av.video.frame.VideoFrame, side: int) -> Image.Image:
        """The upright frame in mode RGB, at most `side` pixels on its longer side. Call `small_grey` once before."""
        assert self._mirroring is not None
        width, height = fitted((frame.width, frame.height), side)
        with ffmpeg_errors_as_bad_input(self._video.file):
            small = self._colour_reformatter.reformat(
                frame,
                width=width,
                height=height,
                format="rgb24",
                interpolation=Interpolation.AREA,
                threads=1,
            )
            pixels = small.to_ndarray()
        transposed, left_right, top_bottom = self._mirroring
        if transposed:
            pixels = pixels.transpose(1, 0, 2)
        return Image.fromarray(np.ascontiguousarray(pixels[:: -1 if top_bottom else 1, :: -1 if left_right else 1]))

    def _mirroring_of(self, frame: av.video.frame.VideoFrame) -> tuple[bool, bool, bool]:
        """Whether to mirror frames at the diagonal, then left to right, then top to bottom. Sets size and rotation."""
        width, height = frame.width, frame.height
        a, b, c, d = _display_matrix(frame)
        cosine, sine = a, b
        transposed = abs(a) < abs(b)
        if transposed:
            width, height = height, width
            a, d = c, b
        self.size = (width, height)
        self.rotation_degrees = round(degrees(atan2(sine, cosine)) / 90) * 90 % 360
        return transposed, a < 0, d < 0


def _display_matrix(frame: av.video.frame.VideoFrame) -> tuple[int, int, int, int]:
    """The a, b, c, d by which players turn a frame: x' = a·x + c·y and y' = b·x + d·y, with y pointing down."""
    side_data: Any = frame.side_data
    if Type.DISPLAYMATRIX not in side_data:
        return 1, 0, 0, 1
    values = np.frombuffer(bytes(side_data[Type.DISPLAYMATRIX]), np.int32)
    if len(values) < 5 or not values[[0, 1, 3, 4]].any():
        return 1, 0, 0, 1
    return int(values[0]), int(values[1]), int(values[3]), int(values[4])
