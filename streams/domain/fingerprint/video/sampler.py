"""Samples the frames of a video: chooses how the video is read, and gives the frames that are hashed.

Of short, small videos every frame is decoded. Of others, keyframes and bursts of frames after them are decoded: with
an index by seeking, so that little else is read (plan.py); without an index by reading everything and decoding some
(sequential.py). How much is read and decoded depends on bytes and pixels alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any, Final, Literal

import av.video.frame

from streams.domain.fingerprint.thumbnails.frames import FrameKeeper
from streams.domain.fingerprint.video.container import OpenContainer, VideoPacket, packets, seek_keyframe
from streams.domain.fingerprint.video.decoder import FrameClock, FrameDecoder, FrameSample
from streams.domain.fingerprint.video.index import read_index
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.plan import (
    FrameIndex,
    PartShortener,
    ReadBudget,
    part_extents,
    plan_parts,
    seek_targets,
)
from streams.domain.fingerprint.video.sequential import DecodeStep, SequentialSelector

SAMPLE_GAP_MS: Final = 125
"""Between samples where every frame is decoded."""

SHORT_S: Final = 60.0
"""Videos up to this duration may be read completely."""

SMALL_BYTES: Final = 1 << 19
"""Videos up to this size may be read completely: reading less would save nothing."""

READ_SHARE: Final = 0.36
"""Planned share of the bytes of a longer video with an index."""

MAX_READ_SHARE: Final = 0.38
"""Reading stops at this share where the plan was an estimate."""

MAX_WHOLE_PIXELS: Final = 2_500_000_000
"""Pixels of all frames together. All frames of a video up to this size are decoded."""

MAX_CHOSEN_PIXELS: Final = 2_400_000_000
"""Pixels of the frames that are decoded of a larger video, a keyframe counting as plan.KEYFRAME_COST frames."""

ReadingPath = Literal["index", "keyframes", "everything"]


class FrameSampler:
    """Reads a video once and gives its sampled frames.

    Args:
        video: to read.
        container_format: its name in `formats.VIDEO_FORMATS`.
        limits: a video beyond them is refused.
        used_cpu_s: seconds of CPU time used so far.
        all_bytes_free: all bytes are available and cost nothing.
        digest: a hash to update with every packet that is decoded, or None.
        keeper: sees the sampled frames.

    Attributes:
        path: how the video is read, as records say it; known once `samples` was called.
    """

    def __init__(
        self,
        video: OpenContainer,
        container_format: str,
        limits: VideoLimits,
        used_cpu_s: Callable[[], float],
        *,
        all_bytes_free: bool,
        digest: Any,
        keeper: FrameKeeper | None = None,
    ) -> None:
        self.video = video
        self.path: ReadingPath = "everything"
        self.decoder = FrameDecoder(video, limits, used_cpu_s)
        self.clock = FrameClock(video)
        self._container_format = container_format
        self._limits = limits
        self._all_bytes_free = all_bytes_free
        self._digest = digest
        self._keeper = keeper
        self._slot = -1

    @property
    def duration_ms(self) -> int:
        """Until the end of the latest frame; as the container says if not every frame was decoded."""
        if self.path == "everything" or self.video.duration_s is None:
            return self.clock.end_ms
        return round(self.video.duration_s * 1000)

    @property
    def digest(self) -> str | None:
        """The hex digest of the decoded packets."""
        return None if self._digest is None else str(self._digest.hexdigest())

    def samples(self) -> Iterator[FrameSample]:
        """The sampled frames, in the order in which they are shown."""
        video = self.video
        pixels = max(1, video.stream.codec_context.width * video.stream.codec_context.height)
        size_bytes = video.file.source.size_bytes or 0
        may_read_all = self._all_bytes_free or (video.duration_s or 0) <= SHORT_S or 0 < size_bytes <= SMALL_BYTES
        frames = max(video.stream.frames, (video.duration_s or 0) * float(video.frame_rate))
        if may_read_all and 0 < frames * pixels <= MAX_WHOLE_PIXELS:
            return self._sample_stretch(packets(self.video), joined=True)
        index = read_index(video, self._container_format, self._limits)
        if index is None:
            self.path = "keyframes"
            return self._sample_sequentially(MAX_CHOSEN_PIXELS / pixels)
        self.path = "index"
        planned_share = READ_SHARE if index.exact else 2 * READ_SHARE - MAX_READ_SHARE
        read_bytes = float("inf") if may_read_all else planned_share * size_bytes - video.file.asked_bytes
        max_bytes = float("inf") if may_read_all or index.exact else MAX_READ_SHARE * size_bytes
        return self._sample_parts(index, ReadBudget(read_bytes, MAX_CHOSEN_PIXELS / pixels), max_bytes)

    def _sample_parts(self, index: FrameIndex, budget: ReadBudget, max_bytes: float) -> Iterator[FrameSample]:
        """Read the parts of an index that the budget allows."""
        parts, file = plan_parts(index, budget), self.video.file
        sizes = [int(index.size[part.first : part.first + part.count].sum()) for part in parts]
        shortener = PartShortener(sizes, file.asked_bytes, max_bytes)
        file.plan_reads(part_extents(index, parts), exact=index.exact)
        self.clock.start_at(self.video.stream.start_time)
        targets = seek_targets(index, self.video.stream.start_time)
        for number, part in enumerate(parts):
            offset = int(index.offset[part.first])
            count = part.count if index.exact else shortener.frame_count(number, part.count, file.asked_bytes)
            if count == 0 or not seek_keyframe(self.video, int(targets[part.first]), offset):
                continue
            stretch = islice(packets(self.video), count)
            first = next(stretch, None)
            if first is None or (index.exact and first.pos != offset):
                continue  # the index is wrong, or the file is shorter than it says
            yield from self._sample_stretch(chain((first,), stretch), joined=part.joined)

    def _sample_stretch(self, stretch: Iterable[VideoPacket], *, joined: bool) -> Iterator[FrameSample]:
        """The samples of consecutive packets.

        Args:
            stretch: the packets, from a keyframe on.
            joined: whether the first sample is joined to the sample before; the others are.
        """
        self._slot = -1
        for packet in chain(stretch, (None,)):
            if packet is not None:
                self._update_digest(packet)
            for sample in self._samples_of(self.decoder.decode(packet), joined=joined):
                yield sample
                joined = True

    def _sample_sequentially(self, max_frames: float) -> Iterator[FrameSample]:
        """Read all packets, decode some."""
        selector = SequentialSelector(self.video.duration_s, float(self.video.frame_rate), max_frames)
        for packet in packets(self.video):
            at_ms = self.clock.elapsed_ms(packet.pts if packet.pts is not None else packet.dts)
            for step in selector.select(packet, at_ms):
                yield from self._follow(step)
        for step in selector.end_group():
            yield from self._follow(step)

    def _follow(self, step: DecodeStep) -> Iterator[FrameSample]:
        chosen, joined, last = step
        for packet in chosen:
            self._update_digest(packet)
            for sample in self._samples_of(self.decoder.decode(packet), joined=joined):
                yield sample
                joined = True
        if last:
            yield from self._samples_of(self.decoder.decode(None), joined=joined)
            self.decoder.restart()
            self._slot = -1

    def _samples_of(self, frames: list[av.video.frame.VideoFrame], *, joined: bool) -> Iterator[FrameSample]:
        """The first frame in each SAMPLE_GAP_MS."""
        for frame in frames:
            at_ms = self.clock.at_ms(frame)
            if at_ms // SAMPLE_GAP_MS != self._slot:
                self._slot = at_ms // SAMPLE_GAP_MS
                grey = self.decoder.small_grey(frame)
                if self._keeper is not None:
                    self._keeper.see(at_ms, grey, partial(self.decoder.small_colours, frame))
                yield FrameSample(at_ms, grey, joined)

    def _update_digest(self, packet: VideoPacket) -> None:
        if self._digest is not None:
            at = packet.pts if packet.pts is not None else packet.dts
            self._digest.update(f"{at}:{packet.size}:".encode())
            self._digest.update(packet)
