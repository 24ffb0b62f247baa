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
from streams.domain.evidence.histogram import mean_of_highest, value_reached
from streams.domain.evidence.paper.cells import CELL_COLUMNS, CELL_ROWS, UNKNOWN, compare_cells, low_cell
from streams.domain.evidence.paper.changes import MOST, PLACE_COLUMNS, PLACE_ROWS, least_differences
from streams.domain.evidence.paper.correlate import lay_over, quads_of
from streams.domain.evidence.words.find import is_kept
from streams.domain.evidence.words.words import Words
from streams.domain.hamming.jit import compiled

REACH: Final = 1
"""A place may lie so many pixels off: thumbnails are aligned to a third of one of theirs, which is one here."""

MAX_WORST_LOSS: Final = 350
MAX_SECOND_LOSS: Final = 220
"""The place that lost most has lost so many thousandths more than its own at most, and the next one so many. Of 405
altered copies of pictures with words or patterns five have not. Of 250 pairs with other words 41 have, most of them
small subtitles; of pairs in which one number differs nearly all."""

MAX_CHANGE: Final = 250
CHANGE_SHARE: Final = 15
CHANGE_AT_LEAST: Final = 4
"""Or the letters that differ most differ by more than MAX_CHANGE, and CHANGE_SHARE times as much as the middle one and
CHANGE_AT_LEAST: one number is another. Of 28 pairs of scores on one photo 21 differ so, and ten more of the copies.
The place that shows it has lost something, then: where none has, as in a fence, nothing is another."""

LETTERS: Final = 6
MIN_LETTERS: Final = 20
LETTER_INK: Final = 60
"""Places of PLACE_ROWS × PLACE_COLUMNS pixels, one at every pixel, that decide, that must be compared, and the ink that
one must have on either side."""

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
    worst, second, change, middle = (
        int(each)
        for each in _compare(
            known.level, query.level, known.places, query.places, known.own_cells, _in_pixels(shares, known, query)
        )
    )
    if worst > MAX_WORST_LOSS or second > MAX_SECOND_LOSS:
        return True
    return change > MAX_CHANGE and change > CHANGE_SHARE * (middle + CHANGE_AT_LEAST)


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
def _compare(known: Any, query: Any, known_places: Any, query_places: Any, own: Any, m: Any) -> Any:
    """What `_losses` and `_change` return."""
    quads = quads_of(query, 0)
    laid, cells = np.empty_like(known), np.empty(known_places.shape, np.int64)
    lay_over(known, quads, query.shape[1], query.shape[0], m, laid)
    compared = np.zeros(known_places.shape, np.bool_)
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            compared[row, column] = known_places[row, column] and _shows_words(query_places, row, column, m)
    _forget_unkept(compared, query_places, query, m, laid)
    compare_cells(known, laid, REACH, cells)
    worst, second = _losses(cells, own, compared)
    change, middle = np.int64(0), np.int64(0)
    if 0 < worst <= MAX_WORST_LOSS and second <= MAX_SECOND_LOSS:
        top, bottom = _rows_of(compared)
        moved = m.copy()
        moved[2], moved[5] = m[2] + m[1] * top, m[5] + m[4] * top
        least = least_differences(known[top:bottom], quads, query.shape[1], query.shape[0], moved)
        change, middle = _change(known[top:bottom], laid[top:bottom], least, compared[top // CELL_ROWS :])
    return worst, second, change, middle


@compiled()
def _forget_unkept(compared: Any, places: Any, query: Any, m: Any, laid: Any) -> None:
    """Show nothing, in places that are compared, of pixels whose ink the query did not keep, nor of those beside.

    Ink is kept around places that show words, and nowhere beyond the last whole place. A mirrored copy has those ends
    on the other side.
    """
    kept = np.empty(places.shape, np.bool_)
    for row in range(places.shape[0]):
        for column in range(places.shape[1]):
            kept[row, column] = is_kept(places, row, column)
    height, width = query.shape
    for y in range(compared.shape[0] * CELL_ROWS):
        for x in range(compared.shape[1] * CELL_COLUMNS):
            if not compared[y // CELL_ROWS, x // CELL_COLUMNS] or laid[y, x] < 0:
                continue
            u = (m[0] * x + m[1] * y + m[2] + PIXEL // 2) // PIXEL
            v = (m[3] * x + m[4] * y + m[5] + PIXEL // 2) // PIXEL
            for row in (max(v - 1, 0) // CELL_ROWS, min(v + 1, height - 1) // CELL_ROWS):
                for column in (max(u - 1, 0) // CELL_COLUMNS, min(u + 1, width - 1) // CELL_COLUMNS):
                    if row >= kept.shape[0] or column >= kept.shape[1] or not kept[row, column]:
                        laid[y, x] = -1


@compiled()
def _rows_of(places: Any) -> Any:
    """The first row of pixels in which there are places, and the one behind the last; the first places if none is."""
    first, last = places.shape[0], 0
    for row in range(places.shape[0]):
        if places[row].any():
            first, last = min(first, row), row
    first = min(first, last)
    return first * CELL_ROWS, (last + 1) * CELL_ROWS


@compiled()
def _losses(cells: Any, own: Any, compared: Any) -> Any:
    """What the two places that lost most have lost beyond their own, in thousandths; 0 where none is compared."""
    low, worst, second = low_cell(own), np.int64(0), np.int64(0)
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            if not compared[row, column] or cells[row, column] == UNKNOWN:
                continue
            kept = own[row, column] if own[row, column] != UNKNOWN else low
            loss = kept - cells[row, column]
            if loss > worst:
                worst, second = loss, worst
            elif loss > second:
                second = loss
    return worst, second


@compiled()
def _change(known: Any, laid: Any, least: Any, compared: Any) -> Any:
    """Mean squares of differing ink: of the LETTERS places of a letter's size that differ most, and of the middle one.

    0 and 0 where there are less than MIN_LETTERS.
    """
    counts, total = np.zeros(MOST + 1, np.int64), 0
    rows, columns = compared.shape
    for y in range(min(CELL_ROWS * rows, known.shape[0]) - PLACE_ROWS + 1):
        for x in range(CELL_COLUMNS * columns - PLACE_COLUMNS + 1):
            if _is_letter(known, laid, compared, y, x):
                counts[min(least[y, x] // (PLACE_ROWS * PLACE_COLUMNS), MOST)] += 1
                total += 1
    if total < MIN_LETTERS:
        return np.int64(0), np.int64(0)
    return mean_of_highest(counts, LETTERS), value_reached(counts, total, 1, 2)


@compiled()
def _is_letter(known: Any, laid: Any, compared: Any, top: int, left: int) -> bool:
    """Whether a place of a letter's size lies in places that are compared, is shown, and has ink."""
    bottom, right = top + PLACE_ROWS - 1, left + PLACE_COLUMNS - 1
    for y in (top, bottom):
        for x in (left, right):
            if not compared[y // CELL_ROWS, x // CELL_COLUMNS]:
                return False
    most = np.int32(0)
    for y in range(top, bottom + 1):
        for x in range(left, right + 1):
            if laid[y, x] < 0:
                return False
            most = max(most, np.int32(known[y, x]), np.int32(laid[y, x]))
    return bool(most > LETTER_INK)


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
