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
    for row in range(len(result)):
        for column in range(len(result)):
            x = a * (column + 0.5) + b * (row + 0.5) + c
            y = d * (column + 0.5) + e * (row + 0.5) + f
            if not (0.0 <= x < width and 0.0 <= y < height):
                result[row, column] = 0
                continue
            left, top = int(np.floor(x - 0.5)), int(np.floor(y - 0.5))
            across, down = x - 0.5 - left, y - 0.5 - top
            upper = _between(pixels[max(top, 0)], left, across)
            lower = _between(pixels[top + 1], left, across) if top + 1 < height else upper
            result[row, column] = int(upper + (lower - upper) * down)


@compiled()
def _between(line: Any, left: int, share: float) -> Any:
    """The level at a share of the way from one pixel to the next; beyond the edge, the edge goes on."""
    first, second = line[max(left, 0)], line[min(left + 1, len(line) - 1)]
    return first + (float(second) - float(first)) * share
