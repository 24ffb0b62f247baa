"""When a picture is paper: thin ink on a ground that is plain and changes slowly.

Tuned on drawn pages and photos; 3.5 % of 600 photos of garments are taken for paper. A page that is photographed
together with the table it lies on is not recognised.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.paper.blocks import raised_to_median
from streams.domain.evidence.paper.ink import PAPER_PERCENT
from streams.domain.hamming.jit import compiled

RULE_PERCENTS: Final = (50, PAPER_PERCENT, 90)
"""The percentiles of blocks that the rule looks at."""

MIN_CONTRAST: Final = 40
"""Grey levels between ink and paper."""

STRONG_INK: Final = 85
BLANK_INK: Final = 17
MAX_THICK_PERCENT: Final = 20
"""Ink is thin: of the strong ink, from STRONG_INK on, at most so much survives an erosion of 3 × 3 pixels. Of photos
40 % does (median). Where there is less than BLANK_INK there is none."""

FLAT_TONES: Final = 3
TONE: Final = 6
MIN_FLAT_AND_EVEN: Final = 165
"""Or ink is flat, as the bars of charts are, on a ground that does not change: the percentage of the picture that is
within TONE grey levels of FLAT_TONES levels, and that of neighbouring blocks with even paper, are together so much. Of
photos 114 (median)."""

MIN_BLANK_PERCENT: Final = 50
"""So much of a page has no ink."""

MAX_GRAIN: Final = 6
GRAIN_SHARE: Final = 12
MIN_PLAIN_PERCENT: Final = 36
"""So many blocks are plain: median and 90th percentile are within MAX_GRAIN grey levels, or 1/GRAIN_SHARE of the
contrast."""

MAX_STEP: Final = 10
MIN_EVEN_PERCENT: Final = 50
"""So many neighbouring blocks have paper within MAX_STEP grey levels."""


MIN_STRIPED_PLAIN_PERCENT: Final = 15
MIN_STRIPED_EVEN_PERCENT: Final = 85
MAX_STRIPED_THICK_PERCENT: Final = 10
"""Or the ground is striped, as that of tables is whose every second row is tinted: stripes end within most blocks, so
few are plain, but paper is even and ink thin. None of 800 photos is so and not paper anyway."""


@compiled()
def is_paper(pixels: Any, percentiles: Any, ink: Any, contrast: int) -> Any:
    """Whether a picture is paper.

    Args:
        pixels: uint8, dark ink on light paper.
        percentiles: of the pixels' blocks, by RULE_PERCENTS.
        ink: of the pixels, as `measure_ink` writes it with SHAPES_PERCENT.
        contrast: as `measure_paper` returns it.
    """
    if contrast < MIN_CONTRAST:
        return False
    height, width = ink.shape
    blank, strong, thick = 0, 0, 0
    for y in range(height):
        for x in range(width):
            if ink[y, x] < BLANK_INK:
                blank += 1
            elif ink[y, x] >= STRONG_INK:
                strong += 1
                if 0 < y < height - 1 and 0 < x < width - 1 and _is_thick(ink, y, x):
                    thick += 1
    if blank * 100 < MIN_BLANK_PERCENT * height * width:
        return False
    plain, even = _measure_ground(percentiles, contrast)
    if plain < MIN_PLAIN_PERCENT:
        is_striped = plain >= MIN_STRIPED_PLAIN_PERCENT and even >= MIN_STRIPED_EVEN_PERCENT
        return is_striped and thick * 100 <= MAX_STRIPED_THICK_PERCENT * strong
    if even < MIN_EVEN_PERCENT:
        return False
    if thick * 100 <= MAX_THICK_PERCENT * strong:
        return True
    return _flat_pixels(pixels) * 100 // (height * width) + even >= MIN_FLAT_AND_EVEN


@compiled()
def _is_thick(ink: Any, y: int, x: int) -> bool:
    """Whether all neighbours of a pixel are strong ink."""
    for row in range(y - 1, y + 2):
        for column in range(x - 1, x + 2):
            if ink[row, column] < STRONG_INK:
                return False
    return True


@compiled()
def _flat_pixels(pixels: Any) -> Any:
    """Pixels near the FLAT_TONES most frequent levels."""
    counts, flat = np.zeros(256, np.int64), np.int64(0)
    for y in range(pixels.shape[0]):
        for x in range(pixels.shape[1]):
            counts[pixels[y, x]] += 1
    for _ in range(FLAT_TONES):
        most, tone = np.int64(-1), 0
        for level in range(256):
            near = counts[max(level - TONE, 0) : level + TONE + 1].sum()
            if near > most:
                most, tone = near, level
        flat += most
        counts[max(tone - TONE, 0) : tone + TONE + 1] = 0
    return flat


@compiled()
def _measure_ground(percentiles: Any, contrast: int) -> Any:
    """The percentages of blocks that are plain, and of neighbouring blocks that have even paper."""
    middle, paper, light = percentiles[0], raised_to_median(percentiles[1]), percentiles[2]
    rows, columns = paper.shape
    grain = max(MAX_GRAIN, contrast // GRAIN_SHARE)
    plain, even, pairs = 0, 0, 0
    for row in range(rows):
        for column in range(columns):
            if light[row, column] - middle[row, column] <= grain:
                plain += 1
            if row + 1 < rows:
                pairs += 1
                if abs(paper[row + 1, column] - paper[row, column]) <= MAX_STEP:
                    even += 1
            if column + 1 < columns:
                pairs += 1
                if abs(paper[row, column + 1] - paper[row, column]) <= MAX_STEP:
                    even += 1
    return plain * 100 // (rows * columns), even * 100 // max(pairs, 1)
