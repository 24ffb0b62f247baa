"""Detail that is finer than the thumbnail: how much of it a picture has, and where.

Hashes and thumbnails see averages. A picture can be made that averages to another one and shows something else to
whoever looks at it closely. So a byte a part keeps how much of the picture the averages leave out. A copy has its
detail where its original has it, more or less of it. Whole numbers throughout.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.parts import PARTS
from streams.domain.evidence.thumbnail import SIDE
from streams.domain.hamming.jit import compiled

DETAIL_BYTES: Final = PARTS * PARTS
UNITS_A_LEVEL: Final = 4
"""Detail is counted in quarters of a grey level, root mean square."""

MAX_PIXELS: Final = 1 << 17
MIN_ROWS: Final = 2
"""Of larger pictures every second, third … row is measured, but so many rows of every pixel of the thumbnail."""

CELLS: Final = SIDE // PARTS
"""Pixels of the thumbnail in a part, a side."""


def measure_detail(grey: NDArray[np.uint8]) -> bytes:
    """DETAIL_BYTES: of PARTS × PARTS parts, row by row, the deviation of pixels from the thumbnail's pixel they are in.

    Args:
        grey: the upright grey picture as decoded.
    """
    height, width = grey.shape
    found = np.empty(DETAIL_BYTES, np.uint8)
    edges = np.arange(SIDE + 1, dtype=np.int64)
    step = max(min(height * width // MAX_PIXELS, height // (SIDE * MIN_ROWS)), 1)
    _measure(np.ascontiguousarray(grey), edges * height // SIDE, edges * width // SIDE, step, found)
    return found.tobytes()


@compiled()
def _measure(grey: Any, tops: Any, lefts: Any, step: int, found: Any) -> None:
    squares = np.zeros(DETAIL_BYTES, np.int64)
    for row in range(SIDE):
        for column in range(SIDE):
            count, total, square = np.int64(0), np.int64(0), np.int64(0)
            for y in range(tops[row], tops[row + 1], step):
                for x in range(lefts[column], lefts[column + 1]):
                    value = np.int64(grey[y, x])
                    total += value
                    square += value * value
                count += lefts[column + 1] - lefts[column]
            if count:
                squares[row // CELLS * PARTS + column // CELLS] += (
                    UNITS_A_LEVEL * UNITS_A_LEVEL * (count * square - total * total) // (count * count)
                )
    for at in range(DETAIL_BYTES):
        found[at] = min(np.int64(np.sqrt(np.float64(squares[at] // (CELLS * CELLS)))), 255)
