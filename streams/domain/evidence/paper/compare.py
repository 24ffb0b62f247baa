"""Whether two pages are the same page: they are aligned, and compared word by word.

Every word is measured by the known page: what it keeps of itself where the page is moved by half a pixel. Whole numbers
decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.alignment.affine import NUMBERS, PIXEL, copy_map, finer
from streams.domain.evidence.geometry import ONE
from streams.domain.evidence.paper.align import (
    CLIMBED,
    GOOD_START,
    ROUNDS,
    SHIFTS,
    STEPS,
    best_shift,
    climb,
    correlation,
    lay_over,
)
from streams.domain.evidence.paper.cells import (
    CELL_COLUMNS,
    CELL_ROWS,
    REACH,
    compare_cells,
    rank_cells,
)
from streams.domain.evidence.paper.changes import measure_changes
from streams.domain.evidence.paper.page import Page
from streams.domain.evidence.paper.starts import GRID_STARTS, grid_starts
from streams.domain.hamming.jit import compiled

Box = tuple[int, int, int, int]

SURE: Final = 850
LINE: Final = 4
"""Pages that correlate less than SURE are tried up to LINE pixels off: text may have been laid on the next line."""

MIN_SHARED_PERCENT: Final = 50
"""So much of either page must be in the other: a letterhead is not the letter."""

MAX_LOSS: Final = 80
"""The four words that lost most have lost so many thousandths more than their own at most. 97 % of aligned copies pass,
and of other pages of one layout none but tables of numbers."""

MAX_UNUSUAL_LOSS: Final = 100
"""They have lost so much more than the word in the middle at most: what a scan costs, it costs all words."""

MAX_CHANGE: Final = 17
CHANGE_SHARE: Final = 4
CHANGE_AT_LEAST: Final = 10
"""The worst place may differ MAX_CHANGE / CHANGE_SHARE times as much as nearly all others and CHANGE_AT_LEAST. With
MAX_UNUSUAL_LOSS this tells nine of ten forms in which one or two fields differ, and bills in which the amounts do, that
words alone do not tell; one copy in ten is less than certain by it."""

MANY_WORDS: Final = 150
MAX_LOW_LOSS: Final = -10
"""In a page of that many words, a table of numbers, four say little. There all but a tenth must have lost less: copies
have -15 at most, other tables -4 at least."""

MIN_SCORE: Final = 200
"""Words that keep so little of themselves, for their letters are so small, are no evidence."""

MIN_CELLS: Final = 6
"""Pages of which fewer cells can be compared are never the same."""

MAX_OTHER_WORDS_PERCENT: Final = 12
"""Cells that show another word: up to 7 % in copies, 12 % and more in other pages but tables. With few of them it is
one page with a stamp, or one form filled in otherwise in places: a person should look."""


class Geometry(NamedTuple):
    """Where a part of the known picture lies in a part of the query, as hashes imply.

    Attributes:
        shares: the map from one part to the other, in 1/ONE of their sides, as `map_between` writes it.
        known_box, query_box: the parts in their whole pictures, 0 to EDGE.
    """

    shares: NDArray[np.int64]
    known_box: Box
    query_box: Box


@dataclass(frozen=True)
class PageComparison:
    """What comparing two pages gave.

    Attributes:
        score: mean of the worst cells, in thousandths.
        loss: what the words that lost most have lost beyond their own, in thousandths; as `rank_cells` has it.
        low_loss: the same of all words but a tenth.
        usual_loss: the same of the word in the middle.
        other_words: cells that show another word.
        compared: cells that count: both pages show them and one has structure.
        words: cells of the known page that have structure.
        covered_percent: how much of the query lies in the known page; over 100 where the query is a part.
        aligned: correlation of the whole pages after alignment, in thousandths.
        change, usual_change: mean squares of differing ink in the worst places, and in nearly all others.
    """

    score: int
    loss: int
    low_loss: int
    usual_loss: int
    other_words: int
    compared: int
    words: int
    covered_percent: int
    aligned: int
    change: int
    usual_change: int

    @property
    def same(self) -> bool:
        enough = self.compared >= MIN_CELLS and self.compared * 100 >= self.words * MIN_SHARED_PERCENT
        if not enough or self.covered_percent < MIN_SHARED_PERCENT or self.score < MIN_SCORE:
            return False
        if self.is_changed:
            return False
        return self.loss <= MAX_LOSS and (self.words < MANY_WORDS or self.low_loss <= MAX_LOW_LOSS)

    @property
    def is_changed(self) -> bool:
        """Whether few places differ far more than the others."""
        most = MAX_CHANGE * (self.usual_change + CHANGE_AT_LEAST)
        return self.loss - self.usual_loss > MAX_UNUSUAL_LOSS or self.change * CHANGE_SHARE > most

    @property
    def has_few_other_words(self) -> bool:
        """Whether nearly all that can be compared agrees, though not enough for the same page."""
        return self.compared > 0 and self.other_words * 100 <= MAX_OTHER_WORDS_PERCENT * self.compared


def compare_pages(known: Page, query: Page, geometries: Sequence[Geometry] = ()) -> PageComparison:
    """Compare two pages.

    Args:
        known: of a known content.
        query: of the submission.
        geometries: tried before all others, the most likely first.
    """
    given = [_in_pixels(geometry, known, query) for geometry in geometries]
    starts = np.array(given, np.int64).reshape(-1, NUMBERS)
    height, width = known.ink.shape
    cells = np.empty((height // CELL_ROWS, width // CELL_COLUMNS), np.int64)
    found = _compare(*known.levels, *query.levels, starts, known.own_cells, cells)
    aligned, covered, change, usual, score, loss, low_loss, usual_loss, others, compared = (int(each) for each in found)
    ranked = (score, loss, low_loss, usual_loss, others, compared)
    return PageComparison(*ranked, known.words, covered, aligned, change, usual)


def _in_pixels(geometry: Geometry, known: Page, query: Page) -> list[int]:
    """A geometry as a map between pixels of the smallest levels, in 1/PIXEL."""
    rows = []
    for axis in range(2):
        a, b, c = (int(value) for value in geometry.shares[3 * axis : 3 * axis + 3])
        # Shares of the query's part, then of the whole query, then of its page, all as sums of known pixels.
        rows.append(_row(a, b, c, axis, geometry, known, query))
    return [number for row in rows for number in row]


def _row(a: int, b: int, c: int, axis: int, geometry: Geometry, known: Page, query: Page) -> list[int]:
    side = _small(query.ink.shape[1 - axis])
    first, last = query.box[axis], query.box[axis + 2]
    start, end = geometry.query_box[axis], geometry.query_box[axis + 2]
    offset, numbers = c, []
    for other, factor in ((0, a), (1, b)):
        known_side = _small(known.ink.shape[1 - other])
        page, page_end = known.box[other], known.box[other + 2]
        part, part_end = geometry.known_box[other], geometry.known_box[other + 2]
        span = max(part_end - part, 1)
        slope = factor * (page_end - page) // span  # 1/ONE of the query's part, over the known page
        offset += factor * (page - part) // span + slope // (2 * known_side)
        numbers.append(slope * (end - start) // (last - first) * side * PIXEL // (ONE * known_side))
    place = (offset * (end - start) + (start - first) * ONE) // (last - first)  # 1/ONE of the query's page
    return [*numbers, place * side * PIXEL // ONE - PIXEL // 2]


def _small(side: int) -> int:
    return (side + 3) // 4


@compiled()
def _refine(k0: Any, k1: Any, q0: Any, q1: Any, m: Any) -> Any:
    """Refine a map of the smallest level at the two larger ones, in place; returns the correlation."""
    finer(m)
    climb(k1, q1, m, STEPS[1], ROUNDS[1], PIXEL // 2)
    finer(m)
    aligned = climb(k0, q0, m, STEPS[2], ROUNDS[2], PIXEL // 4)
    if aligned >= SURE:
        return aligned
    best, trial, found = correlation(k0, q0, m, LINE), m.copy(), m.copy()
    before = best
    for down in range(-LINE, LINE + 1):
        for right in range(-LINE // 2, LINE // 2 + 1, LINE // 2):
            trial[2], trial[5] = m[2] + right * PIXEL, m[5] + down * PIXEL
            score = correlation(k0, q0, trial, LINE)
            if score > best:
                best = score
                copy_map(trial, found)
    if best > before:
        copy_map(found, m)
        aligned = climb(k0, q0, m, STEPS[2], ROUNDS[2], PIXEL // 2)
    return aligned


@compiled()
def _best_of_starts(known: Any, query: Any, starts: Any, climbed: int) -> Any:
    """Shift all starts, refine the best of them, and leave the best one in starts[0]."""
    scores, sums = np.empty(len(starts), np.int64), np.empty((3, SHIFTS, SHIFTS), np.int32)
    for at in range(len(starts)):
        scores[at] = best_shift(known, query, starts[at], sums)
    best, found = np.int64(-1), starts[0].copy()
    for _ in range(min(climbed, len(starts))):
        at = 0
        for other in range(1, len(scores)):
            if scores[other] > scores[at]:
                at = other
        scores[at] = -1
        score = climb(known, query, starts[at], STEPS[0], ROUNDS[0], PIXEL // 2)
        if score > best:
            best = score
            copy_map(starts[at], found)
    copy_map(found, starts[0])
    return best


@compiled()
def _compare(k0: Any, k1: Any, k2: Any, q0: Any, q1: Any, q2: Any, given: Any, own: Any, cells: Any) -> Any:
    """Align and compare: levels of the known page and of the query, largest first; the given starts; the known page's
    own cells; cells, written.

    Returns:
        The correlation, the percentage of the query that is covered, what `measure_changes` and `rank_cells` return.
    """
    m, aligned = np.zeros(NUMBERS, np.int64), np.int64(0)
    likely = len(given) + 1  # and the frames of the ink
    starts = np.empty((len(given) + GRID_STARTS, NUMBERS), np.int64)
    for at in range(len(given)):
        copy_map(given[at], starts[at])
    grid_starts(k2, q2, starts[len(given) :])
    if _best_of_starts(k2, q2, starts[:likely], 1) < GOOD_START:
        _best_of_starts(k2, q2, starts, CLIMBED)
    copy_map(starts[0], m)
    _refine(k0, k1, q0, q1, m)
    aligned = correlation(k0, q0, m, 1)
    laid = np.empty_like(k0)
    lay_over(k0, q0, m, laid)
    compare_cells(k0, laid, REACH, cells)
    score, loss, low_loss, usual_loss, others, compared = rank_cells(cells, own)
    change, usual = np.int64(0), np.int64(0)
    if score >= MIN_SCORE and loss <= MAX_LOSS:
        change, usual = measure_changes(k0, q0, m, laid)
    covered = abs(m[0] * m[4] - m[1] * m[3]) * k0.size * 100 // (PIXEL * PIXEL * q0.size)
    return aligned, covered, change, usual, score, loss, low_loss, usual_loss, others, compared
