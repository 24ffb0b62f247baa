"""Whether two aligned pictures have other words in the same places.

Only places that show words on both are compared: what one copy shows so weakly that it is no word there says nothing.
As the thumbnails were aligned the words are: to align the words themselves would find other words that fit.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.alignment.affine import PIXEL
from streams.domain.evidence.geometry import ONE
from streams.domain.evidence.paper.cells import CELL_COLUMNS, CELL_ROWS, UNKNOWN, compare_cells, low_cell
from streams.domain.evidence.paper.correlate import lay_over, quads_of
from streams.domain.evidence.words.words import Words
from streams.domain.hamming.jit import compiled

REACH: Final = 1
"""A place may lie so many pixels off: thumbnails are aligned to a third of one of theirs, which is one here."""

MAX_WORST_LOSS: Final = 350
MAX_SECOND_LOSS: Final = 220
"""The place that lost most has lost so many thousandths more than its own at most, and the next one so many. Of 405
altered copies of pictures with words or patterns five have not. Of 250 pairs with other words 41 have, most of them
small subtitles; of pairs in which one number differs nearly all."""

_ASKED: Final = (2, 6, 9)
HALF_ROWS: Final = CELL_ROWS // 2
"""Columns of a place, in its middle row, of which two must lie in a place of the query that shows words, or half a
place above or below one: a line of words may lie on the border of two places."""


def has_other_words(known: Words, query: Words, shares: NDArray[np.int64]) -> bool:
    """Whether places that show words on both pictures show others.

    Args:
        known, query: the words of both.
        shares: the map from the known picture to the query in 1/ONE of their sides.
    """
    if known.light != query.light:
        return False
    worst, second = _losses(
        known.level, query.level, known.places, query.places, known.own_cells, _in_pixels(shares, known, query)
    )
    return int(worst) > MAX_WORST_LOSS or int(second) > MAX_SECOND_LOSS


def _in_pixels(shares: NDArray[np.int64], known: Words, query: Words) -> NDArray[np.int64]:
    """The map between the pixels of the ink, in 1/PIXEL."""
    numbers = []
    for axis, row in ((0, 0), (1, 3)):
        a, b, c = (int(number) for number in shares[row : row + 3])
        side, (height, width) = query.ink.shape[1 - axis], known.ink.shape
        numbers += [a * side * PIXEL // (ONE * width), b * side * PIXEL // (ONE * height)]
        middle = c + a // (2 * width) + b // (2 * height)
        numbers.append(middle * side * PIXEL // ONE - PIXEL // 2)
    return np.array(numbers, np.int64)


@compiled()
def _losses(known: Any, query: Any, known_places: Any, query_places: Any, own: Any, m: Any) -> Any:
    """What the two places that lost most have lost beyond their own, in thousandths; 0 where none is compared."""
    laid, cells = np.empty_like(known), np.empty(known_places.shape, np.int64)
    lay_over(known, quads_of(query, 0), query.shape[1], query.shape[0], m, laid)
    compare_cells(known, laid, REACH, cells)
    low, worst, second = low_cell(own), np.int64(0), np.int64(0)
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            if not known_places[row, column] or cells[row, column] == UNKNOWN:
                continue
            if not _shows_words(query_places, row, column, m):
                continue
            kept = own[row, column] if own[row, column] != UNKNOWN else low
            loss = kept - cells[row, column]
            if loss > worst:
                worst, second = loss, worst
            elif loss > second:
                second = loss
    return worst, second


@compiled()
def _shows_words(places: Any, row: int, column: int, m: Any) -> bool:
    """Whether a place of the known picture lies in places of the query that show words."""
    shown, y = 0, row * CELL_ROWS + CELL_ROWS // 2
    for offset in _ASKED:
        x = column * CELL_COLUMNS + offset
        u, v = (m[0] * x + m[1] * y + m[2]) // PIXEL, (m[3] * x + m[4] * y + m[5]) // PIXEL
        shown += _is_place(places, u, v - HALF_ROWS) or _is_place(places, u, v + HALF_ROWS)
    return shown >= 2


@compiled()
def _is_place(places: Any, u: int, v: int) -> bool:
    row, column = v // CELL_ROWS, u // CELL_COLUMNS
    return bool(0 <= row < places.shape[0] and 0 <= column < places.shape[1] and places[row, column])
