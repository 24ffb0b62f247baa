"""Frequencies of parts of a picture, all parts at once: the DCT of boxes and the cutting of the boxes in one product.

The cosines of a box are integrated over the pixels it covers, so that a part of a picture of 64 × 64 needs no
resize of its own, and boxes that share an interval share its work. The matrices hold whole numbers, and no sum
exceeds 2^53: the products are exact, whatever order a machine sums in, and equal on all of them.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.views import Box

SIDE = 64
FREQUENCIES = 16
SCALE = 1 << 13
"""Of the whole-numbered cosines: sums of 255 · 2 · 64 · 2^13 are below 2^29, those
of their products with as much again below 2^50."""

STEP = 16.0
"""Frequencies are rounded to multiples of this: half of what the rounding of pixels to 8 bits brings along, so that
what is zero in theory is zero."""

Interval = tuple[float, float]


@lru_cache(maxsize=512)
def _rows(interval: Interval) -> NDArray[np.float64]:
    """FREQUENCIES × SIDE: 2 cos over an interval, in the sum over 64 samples' scale, in units of 1 / SCALE."""
    start, end = interval[0] * SIDE, interval[1] * SIDE
    edges = np.clip(np.arange(SIDE + 1), start, end) - start
    length = end - start
    order = np.arange(1, FREQUENCIES)[:, None]
    integrals = np.sin(np.pi * order * edges / length) * (length / (np.pi * order))
    rows = np.vstack([np.diff(edges)[None], np.diff(integrals, axis=1)]) * (2 * 64 / length)
    return np.rint(rows * SCALE)


@lru_cache(maxsize=16)
def _plan(
    boxes: tuple[Box, ...],
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
    """Matrices of the distinct intervals down, which of them each box has, and each box's matrix across."""
    down = [(box[1], box[3]) for box in boxes]
    distinct = sorted(set(down))
    return (
        np.stack([_rows(each) for each in distinct]),
        np.array([distinct.index(each) for each in down]),
        np.stack([np.ascontiguousarray(_rows((box[0], box[2])).T) for box in boxes]),
    )


def box_frequencies(pixels: NDArray[np.uint8], boxes: tuple[Box, ...]) -> NDArray[np.float64]:
    """The lowest FREQUENCIES × FREQUENCIES of each box.

    Args:
        pixels: luminance, SIDE by SIDE.
        boxes: left, top, right, bottom as shares of the picture; at least one.

    Returns:
        boxes × FREQUENCIES × FREQUENCIES in the scale of phash.py, multiples of STEP; vertical frequency first.
    """
    rows, row_of, columns = _plan(boxes)
    # Many small products: one large one would be spread over threads that wait for one another.
    found: NDArray[np.float64] = (rows @ pixels.astype(np.float64))[row_of] @ columns
    return np.rint(found / (STEP * SCALE * SCALE)) * STEP
