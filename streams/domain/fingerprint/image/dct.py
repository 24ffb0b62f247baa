"""The DCT of several boxes of a picture at once: cutting the boxes out and transforming them are one matrix product.

The cosines of a box are integrated over the pixels that the box covers. So a box of a 64 × 64 picture is not resized
first, and boxes that share an interval share its work. The matrices hold whole numbers and no sum exceeds 2^53: the
products are exact, whatever the order of summing, and equal on all machines.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.views import Box

SIDE = 64
FREQUENCIES = 16
SCALE = 1 << 13
"""Factor that makes the cosines whole numbers. Sums of 255 · 2 · 64 · 2^13 are below 2^29; the second product's sums
are below 2^50."""

STEP = 16.0
"""Frequencies are rounded to multiples of this, which is half the error that 8-bit pixels cause. So a frequency that is
zero in theory is zero here."""

Interval = tuple[float, float]


@lru_cache(maxsize=512)
def _cosines(interval: Interval) -> NDArray[np.float64]:
    """FREQUENCIES × SIDE: 2 cos over an interval, scaled to a sum over 64 samples, in units of 1 / SCALE."""
    start, end = interval[0] * SIDE, interval[1] * SIDE
    edges = np.clip(np.arange(SIDE + 1), start, end) - start
    length = end - start
    order = np.arange(1, FREQUENCIES)[:, None]
    integrals = np.sin(np.pi * order * edges / length) * (length / (np.pi * order))
    rows = np.vstack([np.diff(edges)[None], np.diff(integrals, axis=1)]) * (2 * 64 / length)
    return np.rint(rows * SCALE)


@lru_cache(maxsize=16)
def _matrices(
    boxes: tuple[Box, ...],
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
    """Matrices of the distinct vertical intervals; per box, the number of its interval and its horizontal matrix."""
    vertical = [(box[1], box[3]) for box in boxes]
    distinct = sorted(set(vertical))
    return (
        np.stack([_cosines(interval) for interval in distinct]),
        np.array([distinct.index(interval) for interval in vertical]),
        np.stack([np.ascontiguousarray(_cosines((box[0], box[2])).T) for box in boxes]),
    )


def box_frequencies(pixels: NDArray[np.uint8], boxes: tuple[Box, ...]) -> NDArray[np.float64]:
    """The lowest FREQUENCIES × FREQUENCIES of each box.

    Args:
        pixels: luminance, SIDE by SIDE.
        boxes: left, top, right, bottom as shares of the picture; at least one.

    Returns:
        boxes × FREQUENCIES × FREQUENCIES in the scale of phash.py, multiples of STEP; vertical frequency first.
    """
    rows, row_of, columns = _matrices(boxes)
    # Many small products: numpy would spread a large one over threads that wait for one another.
    products: NDArray[np.float64] = (rows @ pixels.astype(np.float64))[row_of] @ columns
    return np.rint(products / (STEP * SCALE * SCALE)) * STEP
