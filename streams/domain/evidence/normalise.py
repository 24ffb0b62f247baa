"""A thumbnail at several sizes, normalised: light, contrast, gamma and vignettes go, texture stays.

A pixel becomes its difference from the mean of its 5 × 5 surroundings by their deviation. Outlines lose their weight
against texture, and texture is what tells a look-alike from a copy. All numbers are whole; the one square root is of a
whole number below 2**53, which IEEE 754 rounds the same way everywhere.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.thumbnail import SIDE
from streams.domain.hamming.jit import compiled

UNIT: Final = 64
"""The value of a pixel that is one deviation brighter than its surroundings."""

REACH: Final = 2
"""Surroundings reach so many pixels to each side."""

NOISE: Final = (2, 4, 6, 6)
"""Grey levels under which contrast is noise, from the largest size to the smallest."""

SMALLER_SIDE: Final = SIDE * 3 // 4


class Levels(NamedTuple):
    """One picture at four sizes, each half the one before, as normalised int16 pixels."""

    largest: NDArray[np.int16]
    half: NDArray[np.int16]
    quarter: NDArray[np.int16]
    eighth: NDArray[np.int16]


def three_quarters(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A thumbnail at 48 × 48 pixels."""
    smaller = np.empty((SMALLER_SIDE, SMALLER_SIDE), np.uint8)
    _shrink_to_three_quarters(pixels, smaller)
    return smaller


def half(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A thumbnail at 32 × 32 pixels."""
    smaller: NDArray[np.uint8] = _halved(pixels)
    return smaller


def normalised_levels(pixels: NDArray[np.uint8]) -> Levels:
    """Four levels of a picture: itself, and three times halved.

    Args:
        pixels: square, of 64 pixels a side, or of 48 for a picture that is shown at three quarters of the size.
    """
    side = len(pixels)
    levels = [np.empty((side >> step, side >> step), np.int16) for step in range(4)]
    _normalise_all(pixels, *levels)
    return Levels(*levels)


@compiled()
def _normalise_all(pixels: Any, largest: Any, half: Any, quarter: Any, eighth: Any) -> None:
    _normalise(pixels, NOISE[0], largest)
    pixels = _halved(pixels)
    _normalise(pixels, NOISE[1], half)
    pixels = _halved(pixels)
    _normalise(pixels, NOISE[2], quarter)
    pixels = _halved(pixels)
    _normalise(pixels, NOISE[3], eighth)


@compiled()
def _halved(pixels: Any) -> Any:
    side = len(pixels) // 2
    half = np.empty((side, side), np.uint8)
    for y in range(side):
        for x in range(side):
            total = np.int64(pixels[2 * y, 2 * x]) + pixels[2 * y, 2 * x + 1]
            total += np.int64(pixels[2 * y + 1, 2 * x]) + pixels[2 * y + 1, 2 * x + 1]
            half[y, x] = (total + 2) >> 2
    return half


@compiled()
def _shrink_to_three_quarters(pixels: Any, smaller: Any) -> None:
    """Areas of 4/3 of a pixel are averaged: thirds of a pixel weigh 3 and 1, or 2 and 2."""
    weights = ((3, 1, 0, 0), (0, 2, 2, 0), (0, 0, 1, 3))
    for y in range(len(smaller)):
        for x in range(len(smaller)):
            down, across = weights[y % 3], weights[x % 3]
            total: Any = 0
            for row in range(4):
                if down[row]:
                    for column in range(4):
                        total += down[row] * across[column] * np.int64(pixels[y // 3 * 4 + row, x // 3 * 4 + column])
            smaller[y, x] = (total + 8) >> 4


@compiled()
def _normalise(pixels: Any, noise: int, normal: Any) -> None:
    side = len(pixels)
    # Sums over the rows of a column's surroundings, updated from row to row.
    sums, squares = np.zeros(side, np.int64), np.zeros(side, np.int64)
    for y in range(min(REACH, side)):
        for x in range(side):
            value = np.int64(pixels[y, x])
            sums[x] += value
            squares[x] += value * value
    for y in range(side):
        if y + REACH < side:
            for x in range(side):
                value = np.int64(pixels[y + REACH, x])
                sums[x] += value
                squares[x] += value * value
        if y > REACH:
            for x in range(side):
                value = np.int64(pixels[y - REACH - 1, x])
                sums[x] -= value
                squares[x] -= value * value
        rows = min(y + REACH, side - 1) - max(y - REACH, 0) + 1
        total, total_squares = np.int64(0), np.int64(0)
        for x in range(min(REACH, side)):
            total += sums[x]
            total_squares += squares[x]
        for x in range(side):
            if x + REACH < side:
                total += sums[x + REACH]
                total_squares += squares[x + REACH]
            if x > REACH:
                total -= sums[x - REACH - 1]
                total_squares -= squares[x - REACH - 1]
            count = rows * (min(x + REACH, side - 1) - max(x - REACH, 0) + 1)
            deviation = np.floor(np.sqrt(np.float64(total_squares * count - total * total)))
            difference = (np.int64(pixels[y, x]) * count - total) * UNIT
            # Exact as a floor of a quotient: both are far below 2**26, so rounding never reaches the next whole number.
            normal[y, x] = np.int16(np.floor(np.float64(difference) / (noise * count + deviation)))
