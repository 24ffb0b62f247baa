"""The ink of a page: how much darker than the paper around it a pixel is, in 8 levels.

Ink is measured by the contrast of the ink around it, so light, shade, tinted paper and faint print make no difference.
8 levels at 160 pixels decide better than black and white at 640: thin rules and small letters are unstable as bits.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.paper.blocks import block_percentiles, interpolated, largest_around, raised_to_median
from streams.domain.hamming.jit import compiled

INK_LEVELS: Final = 7
"""Ink is 0, paper, to INK_LEVELS."""

PAPER_PERCENT: Final = 75
INK_PERCENT: Final = 97
"""Percentiles of a block: its paper, and its strongest ink."""

LEAST_CONTRAST: Final = 14
"""Grey levels that ink is darker than paper on a page without contrast."""

WORDS_PERCENT: Final = 25
SHAPES_PERCENT: Final = 60
"""Ink is measured by at least this part of the page's contrast. With WORDS_PERCENT small letters count beside a solid
bar, where they are faint. With SHAPES_PERCENT they do not, and ink is as thin as the page looks."""

STRONGEST_SHARE: Final = 200
"""The contrast of the page is that of its strongest ink but for one pixel in so many."""


@compiled()
def is_dark(pixels: Any) -> bool:
    """Whether light ink is on a dark page: the median of the page's middle is nearer to the dark end."""
    height, width = pixels.shape
    whole, middle = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for y in range(height):
        for x in range(width):
            whole[pixels[y, x]] += 1
            if height // 4 <= y < height - height // 4 and width // 4 <= x < width - width // 4:
                middle[pixels[y, x]] += 1
    return bool(2 * _value_at(middle, 50) < _value_at(whole, 2) + _value_at(whole, 98))


@compiled()
def _value_at(counts: Any, percent: int) -> int:
    """The value below or at which so many percent of a histogram lie."""
    total, below, value = counts.sum(), np.int64(0), -1
    while below <= total * percent // 100:
        value += 1
        below += counts[value]
    return value


@compiled()
def measure_ink(pixels: Any, ink: Any, least_percent: int) -> int:
    """Measure the ink of a page.

    Args:
        pixels: uint8, dark ink on light paper.
        ink: uint8 of the same shape; written, 0 to INK_LEVELS.
        least_percent: WORDS_PERCENT or SHAPES_PERCENT.

    Returns:
        The contrast of the page: grey levels between its strongest ink and the paper around.
    """
    height, width = pixels.shape
    percents = np.empty(1, np.int64)
    percents[0] = PAPER_PERCENT
    paper = interpolated(raised_to_median(block_percentiles(pixels, percents)[0]), height, width)
    counts = np.zeros(256, np.int64)
    for y in range(height):
        for x in range(width):
            darker = max(paper[y, x] - np.int32(pixels[y, x]), 0)
            paper[y, x] = darker
            counts[darker] += 1
    contrast, above = 256, 0
    while above <= height * width // STRONGEST_SHARE:
        contrast -= 1
        above += counts[contrast]
    least = max(LEAST_CONTRAST, contrast * least_percent // 100)
    percents[0] = INK_PERCENT
    around = interpolated(largest_around(block_percentiles(paper, percents)[0]), height, width)
    # int32 keeps the divisions fast.
    noise, twice = np.int32(least // 5), np.int32(2 * INK_LEVELS)
    for y in range(height):
        for x in range(width):
            full = max(around[y, x], np.int32(least)) - noise
            level = (max(paper[y, x] - noise, np.int32(0)) * twice + full) // (2 * full)
            ink[y, x] = min(level, INK_LEVELS)
    return contrast
