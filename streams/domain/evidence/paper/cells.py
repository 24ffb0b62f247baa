"""Two aligned pages are compared word by word: cells of 6 × 12 pixels, and the mean of the worst of them.

A copy loses a little everywhere; another page has other words somewhere. So the worst cells decide, not the mean.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.hamming.jit import compiled

CELL_ROWS: Final = 6
CELL_COLUMNS: Final = 12
"""Pixels of a cell, about a word."""

REACH: Final = 1
"""A cell may lie so many pixels off, for what is left of perspective, creases and rounding."""

MIN_SHOWN_ROWS: Final = 5
"""A cell counts if the other page shows so many of its rows from end to end."""

NOISE: Final = 110
"""Variance of ink along rows that is added to both sides, so that noise does not correlate and specks do not differ.
Full ink is 238."""

STRUCTURE: Final = 200
"""Variance along rows from which a cell counts. One side is enough: ink where there was none is a difference."""

WORST: Final = 4
"""So many of the worst cells decide, not the mean of all."""

LOW_SHARE: Final = 10
"""One cell of so many is worse than the low cell."""

OTHER_WORD_LOSS: Final = 100
"""A cell that lost so much more than its own shows another word, thousandths."""

UNKNOWN: Final = -2000
"""The correlation of a cell that has no structure on either side, or that the other page does not show."""


@compiled()
def compare_cells(known: Any, query: Any, reach: int, cells: Any) -> None:
    """Correlate every cell of a page with the same place in an aligned page.

    The mean of every row is taken off first: that there are lines of text is no evidence, where words end is.

    Args:
        known: int16, the full level of a page.
        query: int16 of the same shape; -1 where the page shows nothing.
        reach: shifts by up to so many pixels are tried, and the best counts.
        cells: int64 of height // CELL_ROWS × width // CELL_COLUMNS, written: the correlation in thousandths, or
            UNKNOWN.
    """
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            top, left = row * CELL_ROWS, column * CELL_COLUMNS
            best, structured = _correlate(known, query, top, left, 0, 0)
            if not structured:
                cells[row, column] = UNKNOWN
                continue
            for down in range(-reach, reach + 1):
                for right in range(-reach, reach + 1):
                    best = max(best, _correlate(known, query, top, left, down, right)[0])
            cells[row, column] = best


@compiled()
def _correlate(known: Any, query: Any, top: int, left: int, down: int, right: int) -> Any:
    """Correlation of a cell with the query at one shift, in thousandths, and whether either side has structure."""
    height, width = query.shape
    if left + right < 0 or left + right + CELL_COLUMNS > width:
        return np.int64(UNKNOWN), False
    own, other, both, rows = np.int64(0), np.int64(0), np.int64(0), 0
    for y in range(max(top, -down), min(top + CELL_ROWS, height - down)):
        zero = np.int32(0)
        k, q, kk, qq, kq, least = zero, zero, zero, zero, zero, zero
        for x in range(left, left + CELL_COLUMNS):
            one, two = np.int32(known[y, x]), np.int32(query[y + down, x + right])
            least = min(least, two)
            k += one
            q += two
            kk += one * one
            qq += two * two
            kq += one * two
        if least >= 0:
            rows += 1
            own += kk * CELL_COLUMNS - k * k
            other += qq * CELL_COLUMNS - q * q
            both += kq * CELL_COLUMNS - k * q
    area = rows * CELL_COLUMNS * CELL_COLUMNS
    if rows < MIN_SHOWN_ROWS:
        return np.int64(UNKNOWN), False
    scale = np.sqrt(np.float64(own + NOISE * area)) * np.sqrt(np.float64(other + NOISE * area))
    return np.int64(np.float64(both) * 1000.0 / scale), max(own, other) >= STRUCTURE * area


@compiled()
def own_cells(page: Any) -> Any:
    """What every cell of a page keeps of itself when the page is moved by half a pixel to the right and down.

    Args:
        page: int16, the full level.

    Returns:
        As `compare_cells` writes them. A copy loses about so much; how much depends on how small the letters are.
    """
    moved = np.empty_like(page)
    for y in range(page.shape[0]):
        for x in range(page.shape[1]):
            above, left = max(y - 1, 0), max(x - 1, 0)
            total = np.int32(page[y, x]) + np.int32(page[y, left]) + np.int32(page[above, x])
            moved[y, x] = (total + np.int32(page[above, left]) + 2) >> 2
    cells = np.empty((page.shape[0] // CELL_ROWS, page.shape[1] // CELL_COLUMNS), np.int64)
    compare_cells(page, moved, 0, cells)
    return cells


@compiled()
def rank_cells(cells: Any, own: Any) -> Any:
    """How a page compares by the worst of its cells.

    Args:
        cells: of a page and another, as `compare_cells` writes them.
        own: of the page, as `own_cells` returns them. Of a cell that has no structure of its own, the page's low cell.

    Returns:
        The score: mean of the WORST worst cells. The loss: mean of what the WORST cells lost most beyond their own, in
        thousandths. The low loss: the same of the cell that lost more than all but 1/LOW_SHARE. The usual loss: of the
        cell in the middle. How many show another word. How many count.
    """
    low = low_cell(own)
    values, lost = np.empty(cells.size, np.int64), np.empty(cells.size, np.int64)
    others, count = 0, 0
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            value = cells[row, column]
            if value != UNKNOWN:
                values[count] = value
                lost[count] = (low if own[row, column] == UNKNOWN else own[row, column]) - value
                others += lost[count] > OTHER_WORD_LOSS
                count += 1
    if count == 0:
        return np.int64(0), np.int64(0), np.int64(0), np.int64(0), 0, 0
    sort(values, count)
    sort(lost, count)
    most = min(count, WORST)
    worst, most_lost = values[:most].sum() // most, lost[count - most : count].sum() // most
    return worst, most_lost, lost[count - 1 - count // LOW_SHARE], lost[count // 2], others, count


@compiled()
def low_cell(cells: Any) -> Any:
    """The correlation of the cell that is better than 1/LOW_SHARE of those that count; 0 if none does."""
    values = np.empty(cells.size, np.int64)
    count = 0
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            if cells[row, column] != UNKNOWN:
                values[count] = cells[row, column]
                count += 1
    sort(values, count)
    return values[count // LOW_SHARE] if count else np.int64(0)


@compiled()
def sort(values: Any, count: int) -> None:
    """Sort the first few hundred numbers in place, the lowest first: numba compiles seconds for `np.sort`."""
    for number in range(1, count):
        value, at = values[number], number
        while at > 0 and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value
