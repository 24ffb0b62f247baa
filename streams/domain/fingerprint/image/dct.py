"""The DCT of several boxes of a picture at once: cutting the boxes out and transforming them are one matrix product.

The cosines of a box are integrated over the pixels that the box covers. So a box of a 64 × 64 picture is not resized
first, and boxes that share an interval share its work. The matrices hold whole numbers and no sum exceeds 2^53: the
products are exact, whatever the order of summing, and equal on all machines. The kernel is free of the GIL, and of BLAS
and its threads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled
from streams.domain.hashes.views import Box

SIDE = 64
FREQUENCIES = 16
SCALE = 1 << 13
"""Factor that makes the cosines whole numbers. The first product's sums, of 255 · 2 · 64 · 2^13, are below 2^29 and fit
into 32 bits; the second product's sums are below 2^50."""

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


class _Matrices(NamedTuple):
    """The matrices of boxes; each interval once, as they share the processor's cache.

    Attributes:
        rows: one for each distinct vertical interval.
        columns: one for each distinct horizontal interval, transposed.
        row_of: the number of each box's vertical interval.
        column_of: the number of its horizontal interval.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.float64]
    row_of: NDArray[np.int64]
    column_of: NDArray[np.int64]


@lru_cache(maxsize=64)
def _matrices(boxes: tuple[Box, ...]) -> _Matrices:
    across, down = [(box[0], box[2]) for box in boxes], [(box[1], box[3]) for box in boxes]
    horizontal, vertical = sorted(set(across)), sorted(set(down))
    return _Matrices(
        np.stack([_cosines(interval) for interval in vertical]).astype(np.int32),
        np.stack([np.ascontiguousarray(_cosines(interval).T) for interval in horizontal]),
        np.array([vertical.index(interval) for interval in down]),
        np.array([horizontal.index(interval) for interval in across]),
    )


def box_frequencies(pixels: NDArray[np.uint8], boxes: tuple[Box, ...]) -> NDArray[np.float64]:
    """The lowest FREQUENCIES × FREQUENCIES of each box.

    Args:
        pixels: luminance, SIDE by SIDE.
        boxes: left, top, right, bottom as shares of the picture; at least one.

    Returns:
        boxes × FREQUENCIES × FREQUENCIES in the scale of phash.py, multiples of STEP; vertical frequency first.
    """
    blocks = np.empty((len(boxes), FREQUENCIES, FREQUENCIES))
    _transform(pixels, *_matrices(boxes), blocks)
    return blocks


@compiled()
def _transform(pixels: Any, rows: Any, columns: Any, row_of: Any, column_of: Any, blocks: Any) -> None:
    lines = pixels.astype(np.int32)
    sums, halfway = np.empty(SIDE, np.int32), np.empty((FREQUENCIES, SIDE))
    for interval in range(len(rows)):
        for vertical in range(FREQUENCIES):
            sums[:] = 0
            _add_products(lines, rows[interval, vertical], sums)
            for x in range(SIDE):
                halfway[vertical, x] = sums[x]
        for box in range(len(row_of)):
            if row_of[box] == interval:
                for vertical in range(FREQUENCIES):
                    block = blocks[box, vertical]
                    block[:] = 0
                    _add_products(columns[column_of[box]], halfway[vertical], block)
                    for horizontal in range(FREQUENCIES):
                        block[horizontal] = np.rint(block[horizontal] / (STEP * SCALE * SCALE)) * STEP


@compiled()
def _add_products(lines: Any, factors: Any, sums: Any) -> None:
    """Add lines, multiplied by their factors. Eight lines at a time, so that sums are seldom loaded and stored."""
    for at in range(0, SIDE, 8):
        a, b, c, d = factors[at], factors[at + 1], factors[at + 2], factors[at + 3]
        e, f, g, h = factors[at + 4], factors[at + 5], factors[at + 6], factors[at + 7]
        for x in range(len(sums)):
            sums[x] = (
                sums[x]
                + (a * lines[at, x] + b * lines[at + 1, x])
                + (c * lines[at + 2, x] + d * lines[at + 3, x])
                + (e * lines[at + 4, x] + f * lines[at + 5, x])
                + (g * lines[at + 6, x] + h * lines[at + 7, x])
            )
