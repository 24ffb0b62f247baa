"""Affine maps of small grey pictures, interpolated between four pixels, as Pillow does it (its Geometry.c).

Tests compare with Pillow, the slow twin.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled

Matrix = tuple[float, float, float, float, float, float]


def mapped(pixels: NDArray[np.uint8], side: int, matrix: Matrix) -> NDArray[np.uint8]:
    """A square whose pixel at (x, y) shows what is in the picture at (ax + by + c, dx + ey + f).

    Pixels that show what is outside are black.

    Args:
        pixels: luminance.
        side: pixels of the square's side.
        matrix: a to f, for the middles of pixels, which are at halves.
    """
    result = np.empty((side, side), np.uint8)
    _map(pixels, *matrix, result)
    return result


@compiled()
def _map(pixels: Any, a: float, b: float, c: float, d: float, e: float, f: float, result: Any) -> None:
    height, width = pixels.shape
    side, step = len(result), width + 2
    framed = _framed(pixels)
    # In two steps, because the first then needs no branches.
    across, down = np.empty(side), np.empty(side)
    inside, corners = np.empty(side, np.bool_), np.empty(side, np.int32)
    for row in range(side):
        for column in range(side):
            x = a * (column + 0.5) + b * (row + 0.5) + c
            y = d * (column + 0.5) + e * (row + 0.5) + f
            left, top = np.floor(x - 0.5), np.floor(y - 0.5)
            across[column], down[column] = x - 0.5 - left, y - 0.5 - top
            inside[column] = (x >= 0.0) & (x < width) & (y >= 0.0) & (y < height)
            corners[column] = np.int32((top + 1.0) * step + (left + 1.0) if inside[column] else 0.0)
        for column in range(side):
            at = corners[column]
            upper = framed[at] + (framed[at + 1] - framed[at]) * across[column]
            lower = framed[at + step] + (framed[at + step + 1] - framed[at + step]) * across[column]
            level = np.int32(upper + (lower - upper) * down[column])
            result[row, column] = level if inside[column] else 0


@compiled()
def _framed(pixels: Any) -> Any:
    """The pixels row by row, with those of the edges repeated once on all sides."""
    height, width = pixels.shape
    framed = np.empty((height + 2) * (width + 2))
    for y in range(height + 2):
        for x in range(width + 2):
            framed[y * (width + 2) + x] = pixels[min(max(y - 1, 0), height - 1), min(max(x - 1, 0), width - 1)]
    return framed
