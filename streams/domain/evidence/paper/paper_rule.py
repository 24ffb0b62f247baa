"""When a picture is paper: thin ink on a ground that is plain and changes slowly.

Tuned on drawn pages and photos; 2 % of photos of garments and 4 % of other photos are taken for paper. A page that is
photographed together with the table it lies on is not recognised.
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


MIN_EMPTY_BLANK_PERCENT: Final = 70
MIN_EMPTY_EVEN_PERCENT: Final = 80
MIN_WORDS: Final = 10
"""Or nearly all is an even ground, and there are words on it: cards and tickets have a portrait or a bar code beside
them. One photo of a hundred is so, and not paper anyway."""

WORD_ROWS: Final = 6
WORD_COLUMNS: Final = 12
MIN_INKED_ROWS: Final = 3
MIN_TURNS: Final = 7
TURNS_SHARE: Final = 2
SWING: Final = 70
"""A word: in so many rows of WORD_ROWS × WORD_COLUMNS pixels ink rises or falls by SWING, MIN_TURNS / TURNS_SHARE times
a row on average. An edge rises once, and letters rise and fall."""

MIN_MAP_BLANK_PERCENT: Final = 65
MIN_MAP_EVEN_PERCENT: Final = 93
"""Or a striped ground is as even as that of maps, whose streets are wide. None of 280 photos is."""


@compiled()
def is_paper(pixels: Any, percentiles: Any, ink: Any, contrast: int, needs_words: bool) -> Any:
    """Whether a picture is paper.

    Args:
        pixels: uint8, dark ink on light paper.
        percentiles: of the pixels' blocks, by RULE_PERCENTS.
        ink: of the pixels, as `measure_ink` writes it with SHAPES_PERCENT.
        contrast: as `measure_paper` returns it.
        needs_words: whether a page without words is none.
    """
    if contrast < MIN_CONTRAST or (needs_words and _count_words(ink) < MIN_WORDS):
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
        if plain < MIN_STRIPED_PLAIN_PERCENT or even < MIN_STRIPED_EVEN_PERCENT:
            return False
        is_map = even >= MIN_MAP_EVEN_PERCENT and blank * 100 >= MIN_MAP_BLANK_PERCENT * height * width
        return is_map or thick * 100 <= MAX_STRIPED_THICK_PERCENT * strong
    if even < MIN_EVEN_PERCENT:
        return False
    if thick * 100 <= MAX_THICK_PERCENT * strong:
        return True
    is_empty = even >= MIN_EMPTY_EVEN_PERCENT and blank * 100 >= MIN_EMPTY_BLANK_PERCENT * height * width
    if is_empty and (needs_words or _count_words(ink) >= MIN_WORDS):
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
def _count_words(ink: Any) -> int:
    """Places that look like words, of all places of WORD_ROWS × WORD_COLUMNS pixels."""
    words = 0
    for top in range(0, ink.shape[0] - WORD_ROWS + 1, WORD_ROWS):
        for left in range(0, ink.shape[1] - WORD_COLUMNS + 1, WORD_COLUMNS):
            words += shows_word(ink, top, left)
    return words


@compiled()
def shows_word(ink: Any, top: int, left: int) -> bool:
    """Whether a place of WORD_ROWS × WORD_COLUMNS pixels looks like a word."""
    rows, turns = 0, 0
    for y in range(top, top + WORD_ROWS):
        here = count_turns(ink[y, left : left + WORD_COLUMNS], SWING)
        rows += here > 0
        turns += here
    return rows >= MIN_INKED_ROWS and turns * TURNS_SHARE >= rows * MIN_TURNS


@compiled()
def count_turns(row: Any, swing: int) -> int:
    """How often values rise or fall by `swing`, one after the other."""
    turns, direction = 0, 0
    low = high = np.int64(row[0])
    for value in row:
        low, high = min(low, np.int64(value)), max(high, np.int64(value))
        if direction <= 0 and value - low >= swing:
            turns, direction, high = turns + 1, 1, np.int64(value)
        elif direction >= 0 and high - value >= swing:
            turns, direction, low = turns + 1, -1, np.int64(value)
    return turns


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
