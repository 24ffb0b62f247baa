"""Frames of two videos that look the same: which of the pairs are held against each other, and which tell something.

What they vote for is alignment.py, what it comes to judging.py. The slow twin stands in
tests/reference/videos.py.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.intrinsics import bit_count
from streams.domain.hamming.jit import compiled
from streams.domain.match.videos.lines import Numbers

NEAREST: Final = 32
"""So many frames of one known video are paired with a moment: of one that shows the same again and again, enough."""

SURE_BITS: Final = 32
"""Frames that are no farther apart by the 256 bits show the same; beyond, a caption that both have may be all of it."""

NEARER_BITS: Final = 8
ELSEWHERE_MS: Final = 3_000
"""A pair beyond SURE_BITS tells something only if it is nearer, by so many bits, than both of its moments are to any
that are farther than this from the other one and do not look the same as it: else it is not what is shown just there
that makes them alike."""

_NEVER: Final = 1 << 40
"""More than any distance."""


class Looks(NamedTuple):
    """While each moment of a video is shown, in ms, and how: its first hash, with turn and flags."""

    from_ms: Numbers
    to_ms: Numbers
    confirm: NDArray[np.uint64]
    orientation: NDArray[np.uint8]


class FramePairs(NamedTuple):
    """Frames of two videos that look the same: their moments, views and turns with flags, and distances."""

    own: Numbers
    known: Numbers
    own_view: Numbers
    own_orientation: Numbers
    view: Numbers
    orientation: Numbers
    near_bits: Numbers
    confirm_bits: Numbers

    def nearest(self) -> FramePairs:
        """Of each own moment the NEAREST nearest pairs, by 256 bits, then by 64, then by all else that they have."""
        order = np.lexsort(
            (
                *(self.orientation, self.view, self.own_orientation, self.own_view),
                *(self.known, self.near_bits, self.confirm_bits, self.own),
            )
        )
        own = self.own[order]
        place = np.arange(len(own)) - np.searchsorted(own, own, "left")
        return self.of(order[place < NEAREST])

    def telling(self, own: Looks, known: Looks) -> FramePairs:
        """Those that tell when in the one video is when in the other; see ELSEWHERE_MS."""
        sure = self.confirm_bits <= SURE_BITS
        if sure.all():
            return self
        least = np.minimum(
            _least_elsewhere(self.own, self.confirm_bits, known, self.known),
            _least_elsewhere(self.known, self.confirm_bits, own, self.own),
        )
        return self.of(sure | (self.confirm_bits + NEARER_BITS <= least))

    def and_also(self, others: FramePairs) -> FramePairs:
        return FramePairs(*(np.concatenate(columns) for columns in zip(self, others, strict=True)))

    def of(self, chosen: NDArray[np.bool_] | Numbers) -> FramePairs:
        return FramePairs(*(column[chosen] for column in self))


def _least_elsewhere(moment: Numbers, bits: Numbers, others: Looks, other: Numbers) -> Numbers:
    """Of each pair, how near its moment comes to one of the other video that is not like the one of this pair."""
    order = np.argsort(moment, kind="stable")
    least = np.empty(len(moment), np.int64)
    least[order] = _least_of_others(moment[order], bits[order], other[order], *others)
    return least


@compiled()
def _least_of_others(
    moment: Any, bits: Any, other: Any, from_ms: Any, to_ms: Any, confirm: Any, orientation: Any
) -> Any:
    """Pairs of one moment stand together; the times and hashes are those of the other video's moments."""
    least = np.full(len(moment), _NEVER, np.int64)
    begin = 0
    for end in range(1, len(moment) + 1):
        if end < len(moment) and moment[end] == moment[begin]:
            continue
        for at in range(begin, end):
            for rival in range(begin, end):
                this, that = other[at], other[rival]
                if (
                    bits[rival] >= least[at]
                    or max(from_ms[that] - to_ms[this], from_ms[this] - to_ms[that]) <= ELSEWHERE_MS
                ):
                    continue
                apart_bits = 0
                for word in range(4):
                    apart_bits += bit_count(confirm[this, word] ^ confirm[that, word])
                if apart_bits > SURE_BITS or orientation[this] != orientation[that]:
                    least[at] = bits[rival]
        begin = end
    return least
