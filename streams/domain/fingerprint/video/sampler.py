"""Which way a video is read, and the samples that come of it.

Everything is decoded of what is short and small. Of the rest keyframes are, and stretches between them (plan.py):
with an index by seeking to them, so that little else is read; without one by reading all and decoding some
(sequential.py). How much, is told by bytes and pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final, Literal

import av.video.frame

from streams.domain.fingerprint.video.container import OpenContainer, VideoPacket, packets, seek_keyframe
from streams.domain.fingerprint.video.decoder import FrameDecoder, FrameSample, Timeline
from streams.domain.fingerprint.video.index import read_index
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.plan import Budget, Index, Pace, choose, extents, seek_targets
from streams.domain.fingerprint.video.sequential import GroupsPassing

GAP_MS: Final = 125
"""Between samples where every frame is decoded."""

SHORT_S: Final = 60.0
"""What is no longer may be read whole."""

SMALL_BYTES: Final = 1 << 19
"""Nor is there anything to save of what has no more."""

READ_SHARE: Final = 0.36
"""Of the bytes of a longer video that has an index, so much is planned to be read."""

MOST_READ_SHARE: Final = 0.38
"""Where the plan was an estimate, it is cut short at this."""

WHOLE_PIXELS: Final = 2_500_000_000
"""Of all frames of a video together; with no more, all of them are decoded."""

CHOSEN_PIXELS: Final = 2_400_000_000
"""Of the frames that are decoded of a larger one, keyframes counting as video_plan has it."""

Path = Literal["index", "keyframes", "everything"]


class FrameSampler:
    """One way through a video.

    Args:
        whole: all bytes are at hand and cost nothing.
        digest: a hash that is to cover every packet that is decoded, or None.

    Attributes:
        path: how it is read, as records say it; known once it is.
    """

    def __init__(
        self,
        video: OpenContainer,
        form: str,
        limits: VideoLimits,
        used_s: Callable[[], float],
        *,
        whole: bool,
        digest: Any,
    ) -> None:
        self.video = video
        self.path: Path = "everything"
        self.decoder = FrameDecoder(video, limits, used_s)
        self.timeline = Timeline(video)
        self._form = form
        self._limits = limits
        self._whole = whole
        self._digest = digest
        self._slot = -1

    @property
    def duration_ms(self) -> int:
        """As far as frames were seen; where not all were, as the container says."""
        if self.path == "everything" or self.video.duration_s is None:
            return self.timeline.end_ms
        return round(self.video.duration_s * 1000)

    @property
    def digest(self) -> str | None:
        return None if self._digest is None else str(self._digest.hexdigest())

    def samples(self) -> Iterator[FrameSample]:
        """The sampled frames, in the order in which they are shown."""
        video = self.video
        pixels = max(1, video.stream.codec_context.width * video.stream.codec_context.height)
        size_bytes = video.file.source.size_bytes or 0
        short = self._whole or (video.duration_s or 0) <= SHORT_S or 0 < size_bytes <= SMALL_BYTES
        frames = max(video.stream.frames, (video.duration_s or 0) * float(video.frame_rate))
        if short and 0 < frames * pixels <= WHOLE_PIXELS:
            return self._everything()
        index = read_index(video, self._form, self._limits)
        if index is None:
            self.path = "keyframes"
            return self._passing(CHOSEN_PIXELS / pixels)
        self.path = "index"
        planned = READ_SHARE if index.exact else 2 * READ_SHARE - MOST_READ_SHARE
        read_bytes = float("inf") if short else planned * size_bytes - video.file.asked_bytes
        most_bytes = float("inf") if short or index.exact else MOST_READ_SHARE * size_bytes
        return self._chosen(index, Budget(read_bytes, CHOSEN_PIXELS / pixels), most_bytes)

    def _everything(self) -> Iterator[FrameSample]:
        return self._decoded(packets(self.video), joined=True)

    def _chosen(self, index: Index, budget: Budget, most_bytes: float) -> Iterator[FrameSample]:
        """Read the parts of an index that the budget allows."""
        parts, file = choose(index, budget), self.video.file
        sizes = [int(index.size[part.first : part.first + part.count].sum()) for part in parts]
        pace = Pace(sizes, file.asked_bytes, most_bytes)
        file.expect(extents(index, parts), exact=index.exact)
        self.timeline.begin(self.video.stream.start_time)
        targets = seek_targets(index, self.video.stream.start_time)
        for number, part in enumerate(parts):
            offset = int(index.offset[part.first])
            count = part.count if index.exact else pace.count(number, part.count, file.asked_bytes)
            if count == 0 or not seek_keyframe(self.video, int(targets[part.first]), offset):
                continue
            chosen = islice(packets(self.video), count)
            first = next(chosen, None)
            if first is None or (index.exact and first.pos != offset):
                continue  # the index lies, or the file is shorter than it says
            yield from self._decoded(chain((first,), chosen), joined=part.joined)

    def _decoded(self, chosen: Iterable[VideoPacket], *, joined: bool) -> Iterator[FrameSample]:
        """Of a stretch, of which the first sample is joined to the one before or not, and the others are."""
        self._slot = -1
        for packet in chain(chosen, (None,)):
            if packet is not None:
                self.note(packet)
            for sample in self.sampled(self.decoder.decode(packet), joined=joined):
                yield sample
                joined = True

    def _passing(self, frames: float) -> Iterator[FrameSample]:
        """Read all packets, decode some."""
        passing = GroupsPassing(self.video.duration_s, float(self.video.frame_rate), frames)
        for packet in packets(self.video):
            at_ms = self.timeline.told_ms(packet.pts if packet.pts is not None else packet.dts)
            for step in passing.take(packet, at_ms):
                yield from self._follow(step)
        for step in passing.end():
            yield from self._follow(step)

    def _follow(self, step: tuple[list[VideoPacket], bool, bool]) -> Iterator[FrameSample]:
        chosen, joined, last = step
        for packet in chosen:
            self.note(packet)
            for sample in self.sampled(self.decoder.decode(packet), joined=joined):
                yield sample
                joined = True
        if last:
            yield from self.sampled(self.decoder.decode(None), joined=joined)
            self.decoder.restart()
            self._slot = -1

    def sampled(self, frames: list[av.video.frame.VideoFrame], *, joined: bool) -> Iterator[FrameSample]:
        """Of frames as they come, one in each GAP_MS."""
        for frame in frames:
            at_ms = self.timeline.at_ms(frame)
            if at_ms // GAP_MS != self._slot:
                self._slot = at_ms // GAP_MS
                yield FrameSample(at_ms, self.decoder.shrink(frame), joined)

    def note(self, packet: VideoPacket) -> None:
        """Have the content id cover a packet."""
        if self._digest is not None:
            at = packet.pts if packet.pts is not None else packet.dts
            self._digest.update(f"{at}:{packet.size}:".encode())
            self._digest.update(packet)
