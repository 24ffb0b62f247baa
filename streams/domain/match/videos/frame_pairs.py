"""Pairs of frames of two videos that look the same, as columns. `own` is the submission, `known` the known video."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.match.videos.alignment.time_mapping import Int64Array

MAX_PAIRS_PER_MOMENT: Final = 32
"""A moment is paired with at most this many frames of one known video: enough even where the same comes again and
again."""


class MomentHashes(NamedTuple):
    """While each moment of a video is shown, in ms, and its first hash256 with orientation and flags."""

    from_ms: Int64Array
    to_ms: Int64Array
    hash256: NDArray[np.uint64]
    orientation: NDArray[np.uint8]


class FramePairs(NamedTuple):
    """The moments, views, and orientations (with flags) of both frames, and the distances of their hashes."""

    own_moment: Int64Array
    known_moment: Int64Array
    own_view: Int64Array
    own_orientation: Int64Array
    known_view: Int64Array
    known_orientation: Int64Array
    hash64_distance_bits: Int64Array
    hash256_distance_bits: Int64Array

    def nearest(self) -> FramePairs:
        """The nearest pairs of each own moment, by hash256, then by hash64, then by all other columns."""
        order = np.lexsort(
            (
                *(self.known_orientation, self.known_view, self.own_orientation, self.own_view),
                *(self.known_moment, self.hash64_distance_bits, self.hash256_distance_bits, self.own_moment),
            )
        )
        own = self.own_moment[order]
        place = np.arange(len(own)) - np.searchsorted(own, own, "left")
        return self.select(order[place < MAX_PAIRS_PER_MOMENT])

    def append(self, others: FramePairs) -> FramePairs:
        return FramePairs(*(np.concatenate(columns) for columns in zip(self, others, strict=True)))

    def select(self, rows: NDArray[np.bool_] | Int64Array) -> FramePairs:
        return FramePairs(*(column[rows] for column in self))
