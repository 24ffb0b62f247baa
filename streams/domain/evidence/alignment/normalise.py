"""A thumbnail at several sizes, normalised: light, contrast, gamma and vignettes go, texture stays.

A pixel becomes its difference from the mean of its 5 × 5 surroundings by their deviation. Outlines lose their weight
against texture, and texture is what tells a look-alike from a copy. All numbers are whole; the one square root is of a
whole number below 2**53, which IEEE 754 rounds the same way everywhere.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.sampling import pair_up
from streams.domain.hamming.jit import compiled

UNIT: Final = 64
"""The value of a pixel that is one deviation brighter than its surroundings."""

REACH: Final = 2
"""Surroundings reach so many pixels to each side."""

NOISE: Final = (2, 4, 6, 6)
"""Grey levels under which contrast is noise, from the largest size to the smallest."""


@compiled()
def halve(pixels: Any, half: Any) -> None:
    """Write the means of 2 × 2 pixels."""
    for y in range(half.shape[0]):
        for x in range(half.shape[1]):
            above = np.int32(pixels[2 * y, 2 * x]) + np.int32(pixels[2 * y, 2 * x + 1])
            below = np.int32(pixels[2 * y + 1, 2 * x]) + np.int32(pixels[2 * y + 1, 2 * x + 1])
            half[y, x] = (above + below + 2) >> 2


@compiled()
def shrink_to_three_quarters(pixels: Any, smaller: Any) -> None:
    """Write means over areas of 4/3 of a pixel: of four pixels in a row, thirds weigh 3 and 1, 2 and 2, 1 and 3."""
    side = pixels.shape[0]
    rows = np.empty((smaller.shape[0], side), np.int32)
    for y in range(smaller.shape[0]):
        row, third = y // 3 * 4, y % 3
        for x in range(side):
            rows[y, x] = (3 - third) * np.int32(pixels[row + third, x]) + (1 + third) * np.int32(
                pixels[row + third + 1, x]
            )
    for y in range(smaller.shape[0]):
        for x in range(smaller.shape[1]):
            column, third = x // 3 * 4, x % 3
            total = (3 - third) * rows[y, column + third] + (1 + third) * rows[y, column + third + 1]
            smaller[y, x] = (total + 8) >> 4


@compiled()
def normalise(pixels: Any, noise: int, pairs: Any) -> None:
    """Write the normalised pixels of a square picture, as pairs.

    Args:
        pixels: uint8.
        noise: grey levels under which contrast is noise.
        pairs: int32, of the same shape. Pixels are below 5 UNIT.
    """
    side = pixels.shape[0]
    # Sums over the rows of a column's surroundings, updated from row to row, with zeros to the left and to the right.
    sums, squares = np.zeros(side + 2 * REACH, np.int32), np.zeros(side + 2 * REACH, np.int32)
    columns, normal = np.empty(side, np.int32), np.empty(side, np.int16)
    for x in range(side):
        columns[x] = min(x + REACH, side - 1) - max(x - REACH, 0) + 1
    for y in range(-REACH, side):
        if y + REACH < side:
            _add_row(pixels[y + REACH], np.int32(1), sums, squares)
        if y > REACH:
            _add_row(pixels[y - REACH - 1], np.int32(-1), sums, squares)
        if y >= 0:
            rows = np.int32(min(y + REACH, side - 1) - max(y - REACH, 0) + 1)
            _normalise_row(pixels[y], sums, squares, rows, columns, np.int32(noise), normal)
            pair_up(normal, pairs[y])


@compiled()
def _add_row(row: Any, sign: Any, sums: Any, squares: Any) -> None:
    for x in range(row.shape[0]):
        value = np.int32(row[x])
        sums[x + REACH] += sign * value
        squares[x + REACH] += sign * value * value


@compiled()
def _normalise_row(row: Any, sums: Any, squares: Any, rows: Any, columns: Any, noise: Any, normal: Any) -> None:
    for x in range(row.shape[0]):
        total = np.int32(sums[x] + sums[x + 1] + sums[x + 2] + sums[x + 3] + sums[x + 4])
        total_squares = np.int32(squares[x] + squares[x + 1] + squares[x + 2] + squares[x + 3] + squares[x + 4])
        count = np.int32(rows * columns[x])
        deviation = np.int32(np.sqrt(np.float64(np.int32(total_squares * count - total * total))))
        difference = np.int32((np.int32(row[x]) * count - total) * UNIT)
        # Exact as a floor of a quotient: both are far below 2**26, so rounding never reaches the next whole number.
        # np.true_divide does not ask whether to raise an error, so that several pixels are divided at once.
        quotient = np.true_divide(np.float64(difference), np.float64(np.int32(noise * count + deviation)))
        normal[x] = np.floor(quotient)
