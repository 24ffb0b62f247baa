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
"""The score is the mean of the four worst cells."""

LOW_SHARE: Final = 10
"""One cell of so many is worse than the low cell."""

THOUSANDTHS: Final = 1000
"""Correlations are whole numbers, from -THOUSANDTHS to THOUSANDTHS."""

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
def worst_cells(cells: Any) -> Any:
    """The score, the mean of the WORST worst cells that count, and how many count."""
    worst, compared = np.full(WORST, 1001, np.int64), 0
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            value = cells[row, column]
            if value == UNKNOWN:
                continue
            compared += 1
            at = WORST - 1
            if value < worst[at]:
                while at > 0 and worst[at - 1] > value:
                    worst[at] = worst[at - 1]
                    at -= 1
                worst[at] = value
    if compared == 0:
        return np.int64(0), 0
    counted = min(compared, WORST)
    return worst[:counted].sum() // counted, compared


@compiled()
def low_cell(cells: Any) -> Any:
    """The correlation of the cell that is better than a tenth of those that count; UNKNOWN if none does."""
    counts, compared = np.zeros(2 * THOUSANDTHS + 1, np.int64), 0
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            if cells[row, column] != UNKNOWN:
                counts[cells[row, column] + THOUSANDTHS] += 1
                compared += 1
    if compared == 0:
        return np.int64(UNKNOWN)
    at, below = np.int64(0), counts[0]
    while below <= compared // LOW_SHARE:
        at += 1
        below += counts[at]
    return at - THOUSANDTHS


@compiled()
def own_score(page: Any) -> Any:
    """What a page scores against itself, moved by half a pixel to the right and down: score, cells, low cell.

    Args:
        page: int16, the full level.
    """
    moved = np.empty_like(page)
    for y in range(page.shape[0]):
        for x in range(page.shape[1]):
            above, left = max(y - 1, 0), max(x - 1, 0)
            total = np.int32(page[y, x]) + np.int32(page[y, left]) + np.int32(page[above, x])
            moved[y, x] = (total + np.int32(page[above, left]) + 2) >> 2
    cells = np.empty((page.shape[0] // CELL_ROWS, page.shape[1] // CELL_COLUMNS), np.int64)
    compare_cells(page, moved, 0, cells)
    score, compared = worst_cells(cells)
    return score, compared, low_cell(cells)
