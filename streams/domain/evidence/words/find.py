"""Finds words on a picture: places in a row where ink rises and falls as letters do.

One photo of five has such places: fences, patterns, leaves. Their ink is kept like that of letters, and a copy has it,
too.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.evidence.paper.blocks import block_percentiles
from streams.domain.evidence.paper.cells import CELL_COLUMNS, CELL_ROWS
from streams.domain.evidence.paper.extract import PICTURE_PIXELS
from streams.domain.evidence.paper.ink import (
    PAPER_PERCENT,
    WORDS_PERCENT,
    measure_ink,
    measure_paper,
    strongest_around,
)
from streams.domain.evidence.paper.page import LONG_SIDE, SHORT_SIDE
from streams.domain.evidence.paper.paper_rule import (
    MIN_CONTRAST,
    MIN_INKED_ROWS,
    MIN_TURNS,
    TURNS_SHARE,
    count_turns,
    shows_word,
)
from streams.domain.evidence.words.words import Words
from streams.domain.hamming.jit import compiled
from streams.domain.pixels.resample import LANCZOS, Rectangle, resized_to

MIN_PLACES: Final = 3
"""Places of words on a picture that has words."""

LIGHT_SHARE: Final = 2
"""Light words are kept where they are half as many as dark ones: outlined letters are both, and a copy must not be
taken the other way. On a light ground the gaps of dark letters are fewer."""

ROWS_AROUND: Final = 1
COLUMNS_AROUND: Final = 2
"""Ink is kept so many places around: the ends of words, and what a copy shows half a place further."""

MIN_SWING: Final = 40
ROW_STEP: Final = 2
"""Grey levels by which letters differ from their ground, and every which row of a reduced picture is looked at. All of
80 pictures with captions, sayings, cards and scores pass, and a third of the photos of garments."""

_PERCENTS: Final = np.array([PAPER_PERCENT], np.int64)


def may_show_words(pixels: NDArray[np.uint8], whole: Rectangle) -> bool:
    """Whether a picture has MIN_PLACES where brightness rises and falls as in words, at a fraction of the cost.

    Args:
        pixels: the upright grey picture, reduced to a few hundred pixels a side.
        whole: where the picture lies in `pixels`.
    """
    left, top, right, bottom = (int(edge) for edge in whole)
    return bool(_may_show(np.ascontiguousarray(pixels[top:bottom, left:right])))


def find_words(image: Image.Image) -> Words | None:
    """The words on a picture, dark or light; None if there are none.

    Args:
        image: the upright grey picture.
    """
    if max(image.size) < LONG_SIDE or min(image.size) < SHORT_SIDE:
        return None
    factor = max(image.size) // PICTURE_PIXELS
    picture = np.asarray(image.reduce(factor) if factor > 1 else image)
    height, width = picture.shape
    longest = max(height, width)
    across, down = (max(SHORT_SIDE, (2 * side * LONG_SIDE + longest) // (2 * longest)) for side in (width, height))
    pixels = resized_to(picture, (across, down), (0, 0, width, height), LANCZOS)
    places = np.zeros((2, down // CELL_ROWS, across // CELL_COLUMNS), np.bool_)
    inks = np.empty((2, down, across), np.uint8)
    dark, light = (int(_find(each, _PERCENTS, inks[at], places[at])) for at, each in enumerate((pixels, 255 - pixels)))
    if max(dark, light) < MIN_PLACES:
        return None
    chosen = int(light >= MIN_PLACES and light * LIGHT_SHARE >= dark)
    return Words(bool(chosen), places[chosen], inks[chosen])


@compiled()
def _may_show(pixels: Any) -> bool:
    height, width = pixels.shape
    longest = max(height, width)
    # As many places as the ink would have; a picture that is reduced more one way has them narrower.
    rows, columns = LONG_SIDE * height // longest // CELL_ROWS, LONG_SIDE * width // longest // CELL_COLUMNS
    count = 0
    for row in range(rows):
        beside = 0
        for column in range(columns):
            left, right = column * width // columns, (column + 1) * width // columns
            inked, turns = 0, 0
            for y in range(row * height // rows, (row + 1) * height // rows, ROW_STEP):
                here = count_turns(pixels[y, left:right], MIN_SWING)
                inked += here > 0
                turns += here
            shown = inked * ROW_STEP >= MIN_INKED_ROWS and turns * TURNS_SHARE >= inked * MIN_TURNS
            beside = beside + 1 if shown else 0
            count += 2 if beside == 2 else beside > 2
    return count >= MIN_PLACES


@compiled()
def _find(pixels: Any, percents: Any, ink: Any, places: Any) -> int:
    """Write the ink of dark words and the places that show them; returns how many these are."""
    percentiles = block_percentiles(pixels, percents)
    darker = np.empty(pixels.shape, np.int32)
    contrast = measure_paper(pixels, percentiles[0], darker)
    if contrast < MIN_CONTRAST:
        return 0
    measure_ink(darker, strongest_around(darker), contrast, WORDS_PERCENT, ink)
    rows, columns = places.shape
    shown = np.zeros((rows, columns), np.bool_)
    for row in range(rows):
        for column in range(columns):
            shown[row, column] = shows_word(ink, row * CELL_ROWS, column * CELL_COLUMNS)
    count = 0
    for row in range(rows):
        for column in range(columns):
            beside = (column > 0 and shown[row, column - 1]) or (column + 1 < columns and shown[row, column + 1])
            places[row, column] = shown[row, column] and beside
            count += places[row, column]
    _blank(places, ink)
    return count


@compiled()
def _blank(places: Any, ink: Any) -> None:
    """Take the ink away that is not around words, and what is beyond the last whole place."""
    rows, columns = places.shape
    for y in range(ink.shape[0]):
        for x in range(ink.shape[1]):
            row, column = y // CELL_ROWS, x // CELL_COLUMNS
            if row >= rows or column >= columns or not is_kept(places, row, column):
                ink[y, x] = 0


@compiled()
def is_kept(places: Any, row: int, column: int) -> bool:
    """Whether the ink of a place is kept: it is one of words, or around one."""
    rows, columns = places.shape
    for near_row in range(max(row - ROWS_AROUND, 0), min(row + ROWS_AROUND + 1, rows)):
        for near_column in range(max(column - COLUMNS_AROUND, 0), min(column + COLUMNS_AROUND + 1, columns)):
            if places[near_row, near_column]:
                return True
    return False
