"""Which packets are decoded of a video that has to be read from its beginning to its end, told while they pass by.

The same instants are sought as with an index (plan.py), but what lies ahead is not known: packets are kept until
the next keyframe shows that nothing between was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log2
from typing import Final

from streams.domain.fingerprint.video.container import VideoPacket
from streams.domain.fingerprint.video.plan import BURST_MS, KEYFRAME_COST, KEYFRAME_SHARE, MOST_KEYFRAMES, STEP_MS

MOST_KEPT: Final = 1000
MOST_KEPT_BYTES: Final = 16 << 20
"""Of packets between two keyframes; where there are more, only the keyframe is decoded."""

GUESSED_GROUP_S: Final = 4.0
UNKNOWN_DURATION_S: Final = 7200.0

Step = tuple[list[VideoPacket], bool, bool]
"""Packets to decode now; whether no keyframe is between them and those before; whether they are the last of a stretch,
so that the decoder is emptied behind them."""


class GroupsPassing:
    """Takes packets in order and gives those to decode.

    Args:
        duration_s: as far as it is known.
        frame_rate: frames a second.
        frames: so many may be decoded in all, a keyframe counting as KEYFRAME_COST.
    """

    def __init__(self, duration_s: float | None, frame_rate: float, frames: float) -> None:
        duration_ms = (duration_s or UNKNOWN_DURATION_S) * 1000
        keyframes = min(MOST_KEYFRAMES, KEYFRAME_SHARE * frames / KEYFRAME_COST)
        bursts = (1 - KEYFRAME_SHARE) * frames / (frame_rate * (GUESSED_GROUP_S / 2 + BURST_MS / 1000))
        self._least_apart_ms = duration_ms / max(1.0, keyframes)
        self._step_ms = STEP_MS * 2 ** max(0, ceil(log2(duration_ms / STEP_MS / max(1.0, bursts))))
        self._left = frames
        self._kept: list[VideoPacket] = []
        self._kept_bytes = 0
        self._began_ms = 0.0
        self._now_ms = 0.0
        self._chosen_ms: float | None = None
        self._until_ms: float | None = None
        self._joined = False

    def take(self, packet: VideoPacket, at_ms: float | None) -> Iterator[Step]:
        if at_ms is not None:
            self._now_ms = at_ms
        now_ms = self._now_ms
        instant_ms = now_ms // self._step_ms * self._step_ms
        if self._until_ms is not None:
            self._until_ms = max(self._until_ms, instant_ms + BURST_MS)
            if now_ms <= self._until_ms and self._left > 0:
                self._left -= KEYFRAME_COST if packet.is_keyframe else 1
                yield [packet], True, False
                return
            yield from self.end()
        if packet.is_keyframe or self._chosen_ms is None:
            yield from self.end()
            self._kept, self._kept_bytes, self._began_ms = [packet], packet.size, now_ms
        elif self._kept:
            self._keep(packet)
        if self._kept and instant_ms >= self._began_ms and self._left > len(self._kept) + KEYFRAME_COST:
            self._until_ms = instant_ms + BURST_MS
            yield from self._decode(self._kept, last=False)

    def end(self) -> Iterator[Step]:
        """No more of this group of pictures comes."""
        if self._until_ms is not None:
            self._until_ms = None
            yield [], True, True
        elif self._kept:
            far = self._chosen_ms is None or self._began_ms - self._chosen_ms >= self._least_apart_ms
            if far and self._left >= KEYFRAME_COST:
                yield from self._decode(self._kept[:1], last=True)
            else:
                self._kept, self._joined = [], False

    def _keep(self, packet: VideoPacket) -> None:
        """Until it is known whether this group holds an instant."""
        self._kept_bytes += packet.size
        if len(self._kept) < MOST_KEPT and self._kept_bytes <= MOST_KEPT_BYTES:
            self._kept.append(packet)
        else:
            del self._kept[1:]
            self._kept_bytes = MOST_KEPT_BYTES  # and so for the rest of the group

    def _decode(self, packets: list[VideoPacket], *, last: bool) -> Iterator[Step]:
        self._left -= KEYFRAME_COST + len(packets) - 1
        self._chosen_ms = self._began_ms
        self._kept = []
        joined, self._joined = self._joined, True
        yield packets, joined, last
