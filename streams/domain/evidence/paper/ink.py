"""The ink of a page: how much darker than the paper around it a pixel is, from 0 (paper) to FULL_INK.

Ink is measured by the contrast of the ink around it, so light, shade, tinted paper and faint print make no difference.
Grey ink at 160 pixels decides better than black and white at 640: thin rules and small letters are unstable as bits.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.paper.blocks import block_percentiles, interpolated, largest_around, raised_to_median
from streams.domain.evidence.paper.transform import FULL_INK
from streams.domain.hamming.jit import compiled

PAPER_PERCENT: Final = 75
INK_PERCENT: Final = 97
"""Percentiles of a block: its paper, and its strongest ink."""

LEAST_CONTRAST: Final = 14
"""Grey levels that ink is darker than paper on a page without contrast."""

WORDS_PERCENT: Final = 25
SHAPES_PERCENT: Final = 60
"""Ink is measured by at least this part of the page's contrast. With WORDS_PERCENT small letters count beside a solid
bar, where they are faint. With SHAPES_PERCENT they do not, and ink is as thin as the page looks."""

NOISE_SHARE: Final = 5
"""One part in so many of that is noise, and no ink."""

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
def measure_paper(pixels: Any, percentiles: Any, darker: Any) -> int:
    """Measure how much darker than the paper around them pixels are.

    Args:
        pixels: uint8, dark ink on light paper.
        percentiles: the PAPER_PERCENT percentiles of the pixels' blocks.
        darker: int32 of the pixels' shape, written.

    Returns:
        The contrast of the page: grey levels between its strongest ink and the paper around.
    """
    height, width = pixels.shape
    darker[:] = interpolated(raised_to_median(percentiles), height, width)
    counts = np.zeros(256, np.int64)
    for y in range(height):
        for x in range(width):
            difference = max(darker[y, x] - np.int32(pixels[y, x]), np.int32(0))
            darker[y, x] = difference
            counts[difference] += 1
    contrast, above = 256, 0
    while above <= height * width // STRONGEST_SHARE:
        contrast -= 1
        above += counts[contrast]
    return contrast


@compiled()
def strongest_around(darker: Any) -> Any:
    """The strongest ink around every pixel, from what `measure_paper` wrote."""
    percents = np.full(1, INK_PERCENT, np.int64)
    return interpolated(largest_around(block_percentiles(darker, percents)[0]), darker.shape[0], darker.shape[1])


@compiled()
def measure_ink(darker: Any, strongest: Any, contrast: int, least_percent: int, ink: Any) -> None:
    """Measure the ink of a page.

    Args:
        darker: as `measure_paper` writes it, which returned the contrast.
        strongest: of `strongest_around`.
        contrast: of the page.
        least_percent: WORDS_PERCENT or SHAPES_PERCENT.
        ink: uint8 of the same shape; written, 0 to FULL_INK.
    """
    # int32 keeps the divisions fast.
    least = np.int32(max(LEAST_CONTRAST, contrast * least_percent // 100))
    noise = least // np.int32(NOISE_SHARE)
    for y in range(darker.shape[0]):
        for x in range(darker.shape[1]):
            over = darker[y, x] - noise
            if over <= 0:
                ink[y, x] = 0
                continue
            full = max(strongest[y, x], least) - noise
            ink[y, x] = min((over * np.int32(FULL_INK) + full // np.int32(2)) // full, np.int32(FULL_INK))
