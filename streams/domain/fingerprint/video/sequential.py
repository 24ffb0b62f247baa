"""Which packets are decoded of a video without an index, decided while the whole file is read.

The sampling instants are those of a video with an index (plan.py). But what lies ahead is unknown: packets are kept
until the next keyframe shows that no instant falls between.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log2
from typing import Final

from streams.domain.fingerprint.video.container import VideoPacket
from streams.domain.fingerprint.video.plan import BURST_MS, KEYFRAME_COST, KEYFRAME_SHARE, MAX_KEYFRAMES, STEP_MS

MAX_KEPT_PACKETS: Final = 1000
MAX_KEPT_BYTES: Final = 16 << 20
"""Of packets between two keyframes. If there are more, only the keyframe is decoded."""

GUESSED_GROUP_S: Final = 4.0
UNKNOWN_DURATION_S: Final = 7200.0

DecodeStep = tuple[list[VideoPacket], bool, bool]
"""Packets to decode now; whether they are joined to the packets before, with no keyframe between; whether they end a
stretch, so that the decoder is flushed after them."""


class SequentialSelector:
    """Takes the packets of a video in order and selects those to decode.

    Args:
        duration_s: None if the container does not say.
        frame_rate: frames per second.
        max_frames: frames that may be decoded in all, a keyframe counting as KEYFRAME_COST.
    """

    def __init__(self, duration_s: float | None, frame_rate: float, max_frames: float) -> None:
        duration_ms = (duration_s or UNKNOWN_DURATION_S) * 1000
        keyframes = min(MAX_KEYFRAMES, KEYFRAME_SHARE * max_frames / KEYFRAME_COST)
        bursts = (1 - KEYFRAME_SHARE) * max_frames / (frame_rate * (GUESSED_GROUP_S / 2 + BURST_MS / 1000))
        self._keyframe_distance_ms = duration_ms / max(1.0, keyframes)
        self._step_ms = STEP_MS * 2 ** max(0, ceil(log2(duration_ms / STEP_MS / max(1.0, bursts))))
        self._frames_left = max_frames
        self._kept: list[VideoPacket] = []
        self._kept_bytes = 0
        self._group_began_ms = 0.0
        self._now_ms = 0.0
        self._last_chosen_ms: float | None = None
        self._burst_until_ms: float | None = None
        self._joined = False

    def select(self, packet: VideoPacket, at_ms: float | None) -> Iterator[DecodeStep]:
        """What to decode now that this packet has come.

        Args:
            packet: the next of the video.
            at_ms: its time from the first packet; None if the container does not say.
        """
        if at_ms is not None:
            self._now_ms = at_ms
        now_ms = self._now_ms
        instant_ms = now_ms // self._step_ms * self._step_ms
        if self._burst_until_ms is not None:
            self._burst_until_ms = max(self._burst_until_ms, instant_ms + BURST_MS)
            if now_ms <= self._burst_until_ms and self._frames_left > 0:
                self._frames_left -= KEYFRAME_COST if packet.is_keyframe else 1
                yield [packet], True, False
                return
            yield from self.end_group()
        if packet.is_keyframe or self._last_chosen_ms is None:
            yield from self.end_group()
            self._kept, self._kept_bytes, self._group_began_ms = [packet], packet.size, now_ms
        elif self._kept:
            self._keep(packet)
        if self._kept and instant_ms >= self._group_began_ms and self._frames_left > len(self._kept) + KEYFRAME_COST:
            self._burst_until_ms = instant_ms + BURST_MS
            yield from self._select_kept(self._kept, last=False)

    def end_group(self) -> Iterator[DecodeStep]:
        """What to decode now that the group of pictures is complete."""
        if self._burst_until_ms is not None:
            self._burst_until_ms = None
            yield [], True, True
        elif self._kept:
            last_ms = self._last_chosen_ms
            is_far_enough = last_ms is None or self._group_began_ms - last_ms >= self._keyframe_distance_ms
            if is_far_enough and self._frames_left >= KEYFRAME_COST:
                yield from self._select_kept(self._kept[:1], last=True)
            else:
                self._kept, self._joined = [], False

    def _keep(self, packet: VideoPacket) -> None:
        """Keep a packet until it is known whether an instant falls into its group."""
        self._kept_bytes += packet.size
        if len(self._kept) < MAX_KEPT_PACKETS and self._kept_bytes <= MAX_KEPT_BYTES:
            self._kept.append(packet)
        else:
            del self._kept[1:]
            self._kept_bytes = MAX_KEPT_BYTES  # so that the rest of this group is not kept

    def _select_kept(self, packets: list[VideoPacket], *, last: bool) -> Iterator[DecodeStep]:
        """Decode the packets kept of this group, and drop the others."""
        self._frames_left -= KEYFRAME_COST + len(packets) - 1
        self._last_chosen_ms = self._group_began_ms
        self._kept = []
        joined, self._joined = self._joined, True
        yield packets, joined, last
