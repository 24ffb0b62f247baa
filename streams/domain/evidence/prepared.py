"""Evidence as arrays for the compiled code: its thumbnails at seven sizes, and their normalised levels.

Nothing is decoded, reduced or normalised before it is needed; what was made stays for the next comparison. Sizes are
numbers in SIDES: a thumbnail and its halves, and the same at three quarters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.alignment.normalise import NOISE, halve, normalise, shrink_to_three_quarters
from streams.domain.evidence.thumbnail import SIDE, THUMBNAIL_BYTES, decode_into
from streams.domain.hamming.jit import compiled

SIDES: Final = (SIDE, SIDE // 2, SIDE // 4, SIDE // 8, SIDE * 3 // 4, SIDE * 3 // 8, SIDE * 3 // 16)
"""Pixels a side, by size. A size plus one is half as large."""

WHOLE_SIZE, HALF_SIZE, SMALLER_SIZE = 0, 1, 4

_STARTS: Final = tuple(sum(side * side for side in SIDES[:size]) for size in range(len(SIDES) + 1))
"""Where the pixels of a size begin."""

_NOISE: Final = (*NOISE, *NOISE[:3])


class PreparedEvidence(NamedTuple):
    """Evidence as arrays.

    Attributes:
        facts: width and height of the picture.
        shown: by thumbnail: the view, and the box it shows.
        packed: by thumbnail, its bytes.
        pixels, levels: by thumbnail, all sizes one after the other; levels as pairs (alignment/sampling.py).
        ready: by thumbnail, whether the pixels of a size are there, then whether its level is.
    """

    facts: NDArray[np.int64]
    shown: NDArray[np.int64]
    packed: NDArray[np.uint8]
    pixels: NDArray[np.uint8]
    levels: NDArray[np.int32]
    ready: NDArray[np.bool_]

    def borrow(self) -> PreparedEvidence:
        """The same for one comparison, which alone knows what it makes until the GIL is held again.

        Two threads may make the same level at a time: both write the same numbers.
        """
        return PreparedEvidence(*self[:-1], self.ready.copy())

    def keep(self, borrowed: PreparedEvidence) -> None:
        """Keep what a comparison made."""
        np.logical_or(self.ready, borrowed.ready, out=self.ready)


def prepare(width: int, height: int, shown: Sequence[tuple[int, ...]], packed: bytes) -> PreparedEvidence:
    """Evidence of which nothing is decoded yet.

    Args:
        width, height: of the picture.
        shown: by thumbnail: the view, and the box it shows.
        packed: the bytes of all thumbnails.
    """
    count = len(shown)
    return PreparedEvidence(
        np.array((width, height), np.int64),
        np.array(shown, np.int64),
        np.frombuffer(packed, np.uint8).reshape(count, THUMBNAIL_BYTES),
        np.empty((count, _STARTS[-1]), np.uint8),
        np.empty((count, _STARTS[-1]), np.int32),
        np.zeros((count, 2 * len(SIDES)), np.bool_),
    )


@compiled()
def pixels(evidence: Any, thumbnail: int, size: int) -> Any:
    """A thumbnail at a size, as uint8 of side × side pixels."""
    if not evidence.ready[thumbnail, WHOLE_SIZE]:
        decode_into(evidence.packed[thumbnail], _stored(evidence.pixels, thumbnail, WHOLE_SIZE))
        evidence.ready[thumbnail, WHOLE_SIZE] = True
    first = SMALLER_SIZE if size >= SMALLER_SIZE else HALF_SIZE
    for at in range(first, size + 1):
        if not evidence.ready[thumbnail, at]:
            smaller = _stored(evidence.pixels, thumbnail, at)
            if at == SMALLER_SIZE:
                shrink_to_three_quarters(_stored(evidence.pixels, thumbnail, WHOLE_SIZE), smaller)
            else:
                halve(_stored(evidence.pixels, thumbnail, at - 1), smaller)
            evidence.ready[thumbnail, at] = True
    return _stored(evidence.pixels, thumbnail, size)


@compiled()
def level(evidence: Any, thumbnail: int, size: int) -> Any:
    """A thumbnail at a size, normalised, as pairs, int32 of side × side."""
    pairs = _stored(evidence.levels, thumbnail, size)
    if not evidence.ready[thumbnail, len(SIDES) + size]:
        normalise(pixels(evidence, thumbnail, size), _NOISE[size], pairs)
        evidence.ready[thumbnail, len(SIDES) + size] = True
    return pairs


@compiled()
def _stored(stored: Any, thumbnail: int, size: int) -> Any:
    side = SIDES[size]
    return stored[thumbnail, _STARTS[size] : _STARTS[size] + side * side].reshape(side, side)
