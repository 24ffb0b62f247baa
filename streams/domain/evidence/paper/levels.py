"""The ink of a page at three sizes, slightly blurred, so that a shift by part of a pixel costs little."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled


class PageLevels(NamedTuple):
    """Ink at three sizes as int16, 0 (paper) to FULL_INK: as stored, halved, and halved twice."""

    full: NDArray[np.int16]
    half: NDArray[np.int16]
    quarter: NDArray[np.int16]


def page_levels(ink: NDArray[np.uint8]) -> PageLevels:
    """Three levels of a page's ink."""
    return PageLevels(*_levels(ink))


@compiled()
def _levels(ink: Any) -> Any:
    full = ink.astype(np.int16)
    half = _halved(full)
    return _blurred(full), _blurred(half), _blurred(_halved(half))


@compiled()
def _halved(pixels: Any) -> Any:
    """Means of 2 × 2 pixels; an odd last row or column is repeated."""
    height, width = pixels.shape
    smaller = np.empty(((height + 1) // 2, (width + 1) // 2), np.int16)
    for y in range(smaller.shape[0]):
        below = min(2 * y + 1, height - 1)
        for x in range(smaller.shape[1]):
            right = min(2 * x + 1, width - 1)
            upper = np.int32(pixels[2 * y, 2 * x]) + np.int32(pixels[2 * y, right])
            lower = np.int32(pixels[below, 2 * x]) + np.int32(pixels[below, right])
            smaller[y, x] = (upper + lower + 2) >> 2
    return smaller


@compiled()
def _blurred(pixels: Any) -> Any:
    """Weights 1, 2, 1 both ways; the edge is repeated."""
    height, width = pixels.shape
    blurred, row = np.empty_like(pixels), np.empty(width, np.int32)
    for y in range(height):
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(width):
            row[x] = np.int32(pixels[above, x]) + 2 * np.int32(pixels[y, x]) + np.int32(pixels[below, x])
        for x in range(width):
            blurred[y, x] = (row[max(x - 1, 0)] + 2 * row[x] + row[min(x + 1, width - 1)]) >> 4
    return blurred
