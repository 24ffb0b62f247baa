"""Which way a video is read, and the samples that come of it; FFmpeg is handled in the files beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

import av.video.frame

from streams.domain.fingerprint.video_decoding import MOST_JUMP_MS, Decoder, Sample, VideoPacket
from streams.domain.fingerprint.video_input import Opened
from streams.domain.fingerprint.video_limits import VideoLimits

GAP_MS: Final = 125
"""Between samples where every frame is decoded."""

Path = Literal["index", "keyframes", "everything"]


class Timeline:
    """When frames are shown, in ms from the first; where a container lies about that, by counting them."""

    def __init__(self, video: Opened) -> None:
        self._ms_per_tick = float(video.time_base * 1000)
        self._frame_ms = float(1000 / video.frame_rate)
        self._first: int | None = None
        self.last_ms: float | None = None

    def at_ms(self, frame: av.video.frame.VideoFrame) -> int:
        if frame.pts is not None and self._first is None:
            self._first = frame.pts
        if self.last_ms is None:
            self.last_ms = 0.0
            return 0
        counted_ms = self.last_ms + self._frame_ms
        told_ms = (
            counted_ms if frame.pts is None or self._first is None else (frame.pts - self._first) * self._ms_per_tick
        )
        self.last_ms = told_ms if self.last_ms < told_ms < self.last_ms + MOST_JUMP_MS else counted_ms
        return round(self.last_ms)

    @property
    def end_ms(self) -> int:
        """When the last frame seen is over."""
        return 0 if self.last_ms is None else round(self.last_ms + self._frame_ms)


class Reading:
    """One way through a video.

    Attributes:
        path: how it is read, as records say it.
    """

    def __init__(
        self, video: Opened, limits: VideoLimits, used_s: Callable[[], float], *, whole: bool, digest: Any | None
    ) -> None:
        self.video = video
        self.path: Path = "everything"
        self.decoder = Decoder(video, limits, used_s, skip="noref")
        self.timeline = Timeline(video)
        self._digest = digest

    @property
    def duration_ms(self) -> int:
        """As far as frames were seen; where not all were, as the container says."""
        if self.path == "everything" or self.video.duration_s is None:
            return self.timeline.end_ms
        return round(self.video.duration_s * 1000)

    @property
    def digest(self) -> str | None:
        return None if self._digest is None else self._digest.hexdigest()

    def samples(self) -> Iterator[Sample]:
        return self._everything()

    def _everything(self) -> Iterator[Sample]:
        slot = -1
        for packet in self.video.container.demux(self.video.stream):
            self._note(packet)
            for frame in self.decoder.decode(packet if packet.size else None):
                at_ms = self.timeline.at_ms(frame)
                if at_ms // GAP_MS != slot:
                    slot = at_ms // GAP_MS
                    yield Sample(at_ms, self.decoder.shrink(frame), joined=True)

    def _note(self, packet: VideoPacket) -> None:
        """Have the content id cover a packet."""
        if self._digest is not None and packet.size:
            at = packet.pts if packet.pts is not None else packet.dts
            self._digest.update(f"{at}:{packet.size}:".encode())
            self._digest.update(packet)
