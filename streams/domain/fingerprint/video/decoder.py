"""Packets to small, upright grey pictures with their times; which packets, is not decided here."""

from __future__ import annotations

from collections.abc import Callable
from math import atan2, degrees
from typing import Any, NamedTuple

import av.video.frame
import numpy as np
from av.error import FFmpegError
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from streams.domain.fingerprint.image.borders import Pixels
from streams.domain.fingerprint.video.container import OpenContainer, VideoPacket, ffmpeg_errors_as_bad_input
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.errors import BadInput, Reason

SAMPLE_SIDE = 160
"""Frames are averaged down to this many pixels a side, 2.5 for each of the 64 that the larger hash needs."""

MOST_JUMP_MS = 3_600_000
"""A frame that would come so long after the one before has a wrong time."""


class FrameSample(NamedTuple):
    """A frame as it is hashed: when it is shown, in ms from the first frame, and its small, upright picture in grey.

    `joined` says that nothing between the sample before and this one was left out that could be unlike both: they are
    neighbours on a dense grid, or neighbouring keyframes.
    """

    at_ms: int
    grey: Pixels
    joined: bool


class Timeline:
    """When frames are shown, in ms from the first; where a container lies about that, by counting them.

    Attributes:
        last_ms: when the frame seen last is shown.
    """

    def __init__(self, video: OpenContainer) -> None:
        self.last_ms: float | None = None
        self._ms_per_tick = float(video.time_base * 1000)
        self._frame_ms = float(1000 / video.frame_rate)
        self._first: int | None = None

    def begin(self, ticks: int | None) -> None:
        """Count from there; else it is from the first frame seen."""
        self._first = ticks

    def told_ms(self, ticks: int | None) -> float | None:
        """What a time of the container is; None where it has none."""
        if ticks is None:
            return None
        if self._first is None:
            self._first = ticks
        return (ticks - self._first) * self._ms_per_tick

    def at_ms(self, frame: av.video.frame.VideoFrame) -> int:
        """When the next frame is shown: later than the one before, and no absurd time later."""
        told_ms = self.told_ms(frame.pts)
        least_ms = 0.0 if self.last_ms is None else self.last_ms + 1
        counted_ms = 0.0 if self.last_ms is None else self.last_ms + self._frame_ms
        self.last_ms = told_ms if told_ms is not None and 0 <= told_ms - least_ms < MOST_JUMP_MS else counted_ms
        return round(self.last_ms)

    @property
    def end_ms(self) -> int:
        """When the last frame seen is over."""
        return 0 if self.last_ms is None else round(self.last_ms + self._frame_ms)


class FrameDecoder:
    """The decoder of a video: one thread, and no more work for a frame than a small picture of it needs.

    Attributes:
        frames: how many frames it gave.
        size: width and height of an upright frame, once one was shrunk.
        rotation_degrees: by which players turn the frames, clockwise; likewise.
    """

    def __init__(self, video: OpenContainer, limits: VideoLimits, used_s: Callable[[], float]) -> None:
        self.frames = 0
        self.rotation_degrees = 0
        self.size = (0, 0)
        self._video = video
        self._limits = limits
        self._used_s = used_s
        self._reformatter = VideoReformatter()
        self._turn: tuple[bool, bool, bool] | None = None
        self._context = video.stream.codec_context
        with ffmpeg_errors_as_bad_input(video.file):
            self._context.thread_type = "SLICE"
            self._context.thread_count = 1
            # Without the loop filter, blocks have edges that no hash of 64 × 64 pixels sees; but what is predicted from
            # such a frame is off by more, and so on until the next keyframe, so it is left out of few. Frames that no
            # other is made of are up to three of four, and the rest is dense enough.
            self._context.options = {
                "max_pixels": str(limits.max_pixels), "skip_loop_filter": "bidir", "skip_frame": "noref"
            }  # fmt: skip
            self._context.open(strict=False)

    def decode(self, packet: VideoPacket | None) -> list[av.video.frame.VideoFrame]:
        """The frames that a packet completes, or all that are left (None); of a broken packet, none.

        Raises:
            BadInput: decode_timeout, too_long or out_of_memory.
        """
        self._video.file.check()
        if self._used_s() > self._limits.max_decode_s:
            raise BadInput(Reason.DECODE_TIMEOUT, f"decoding takes more than {self._limits.max_decode_s:g} s of CPU")
        with ffmpeg_errors_as_bad_input(self._video.file):
            try:
                found = self._context.decode(packet)
            except FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise
                return []
        self.frames += len(found)
        if self.frames > self._limits.max_decoded_frames:
            raise BadInput(Reason.TOO_LONG, f"more than {self._limits.max_decoded_frames:,} frames had to be decoded")
        return [frame for frame in found if not frame.is_corrupt]

    def restart(self) -> None:
        """Forget what was decoded, before a packet from elsewhere."""
        self._context.flush_buffers()

    def shrink(self, frame: av.video.frame.VideoFrame) -> Pixels:
        """The small, upright picture of a frame, rows by columns."""
        if self._turn is None:
            self._turn = self._upright(frame)
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
        plane, (transposed, left_right, top_bottom) = small.planes[0], self._turn
        pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: small.height, : small.width]
        if transposed:
            pixels = pixels.T
        return pixels[:: -1 if top_bottom else 1, :: -1 if left_right else 1].copy()

    def _upright(self, frame: av.video.frame.VideoFrame) -> tuple[bool, bool, bool]:
        """Whether to mirror a frame at its diagonal, then left to right, then top to bottom."""
        width, height = frame.width, frame.height
        a, b, c, d = _matrix(frame)
        kept, rotated = a, b
        transposed = abs(a) < abs(b)
        if transposed:
            width, height = height, width
            a, d = c, b
        self.size = (width, height)
        self.rotation_degrees = round(degrees(atan2(rotated, kept)) / 90) * 90 % 360
        return transposed, a < 0, d < 0


def _matrix(frame: av.video.frame.VideoFrame) -> tuple[int, int, int, int]:
    """Of x' = a·x + c·y and y' = b·x + d·y, by which players turn a frame; y goes down."""
    side_data: Any = frame.side_data
    if Type.DISPLAYMATRIX not in side_data:
        return 1, 0, 0, 1
    values = np.frombuffer(bytes(side_data[Type.DISPLAYMATRIX]), np.int32)
    if len(values) < 5 or not values[[0, 1, 3, 4]].any():
        return 1, 0, 0, 1
    return int(values[0]), int(values[1]), int(values[3]), int(values[4])
