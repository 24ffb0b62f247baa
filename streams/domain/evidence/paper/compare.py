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
    GRID_STARTS,
    MARGIN,
    ROUNDS,
    STEPS,
    best_shift,
    climb,
    grid_starts,
)
from streams.domain.evidence.paper.cells import (
    CELL_COLUMNS,
    CELL_ROWS,
    REACH,
    compare_cells,
    rank_cells,
)
from streams.domain.evidence.paper.changes import measure_changes
from streams.domain.evidence.paper.correlate import correlation, lay_over, quads_of, samples_of
from streams.domain.evidence.paper.page import Page
from streams.domain.hamming.jit import compiled

Box = tuple[int, int, int, int]

SURE: Final = 850
MIN_COARSE: Final = 700
"""Pages that correlate less on one of the two smaller levels are different pages, and are not compared any further. Of
1,500 copies, altered ones included, that people should see none has less than 778."""

LINE: Final = 4
"""Pages that correlate less than SURE are tried up to LINE pixels off: text may have been laid on the next line."""

MIN_SHARED_PERCENT: Final = 50
"""So much of either page must be in the other: a letterhead is not the letter."""

MAX_LOSS: Final = 80
"""The four words that lost most have lost so many thousandths more than their own at most. 97 % of aligned copies pass,
and of other pages of one layout none but tables of numbers."""

MAX_UNUSUAL_LOSS: Final = 100
"""They have lost so much more than the word in the middle at most: what a scan costs, it costs all words."""

MAX_CHANGE: Final = 7
CHANGE_SHARE: Final = 2
CHANGE_AT_LEAST: Final = 5
"""The worst place may differ MAX_CHANGE / CHANGE_SHARE times as much as nearly all others and CHANGE_AT_LEAST. With
MAX_UNUSUAL_LOSS this tells 99 of 100 forms in which one or two fields differ, and bills in which the amounts do; one
copy in seven is less than certain by it."""

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
    def refused_early(self) -> bool:
        """Whether the smaller levels told the pages apart, so that their words were not compared."""
        return self.aligned == 0

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
def _refine(k0: Any, q0: Any, quads: Any, m: Any) -> None:
    """Refine a map at the largest level, in place; `quads` are of q0."""
    samples = samples_of(k0, STEPS[2])
    if climb(samples, quads, k0, q0, m, ROUNDS[2], PIXEL // 4) >= SURE:
        return
    height, width = q0.shape
    lined, trial, found = samples_of(k0, LINE), m.copy(), m.copy()
    best = before = correlation(lined, quads, width, height, m)
    for down in range(-LINE, LINE + 1):
        for right in range(-LINE // 2, LINE // 2 + 1, LINE // 2):
            trial[2], trial[5] = m[2] + right * PIXEL, m[5] + down * PIXEL
            score = correlation(lined, quads, width, height, trial)
            if score > best:
                best = score
                copy_map(trial, found)
    if best > before:
        copy_map(found, m)
        climb(samples, quads, k0, q0, m, ROUNDS[2], PIXEL // 2)


@compiled()
def _best_of_starts(known: Any, query: Any, given: Any) -> Any:
    """The best map of the smallest level, refined, and its correlation.

    Of the given starts and the frames of the ink if one of those is good, else of the grid, too.
    """
    starts = np.empty((len(given) + GRID_STARTS, NUMBERS), np.int64)
    for at in range(len(given)):
        copy_map(given[at], starts[at])
    grid_starts(known, query, starts[len(given) :])
    samples = samples_of(known, STEPS[0])
    quads, around = quads_of(query, 0), quads_of(query, MARGIN)
    placed, scores = np.empty((5, samples.shape[1]), np.int32), np.empty(len(starts), np.int64)
    likely = len(given) + 1  # and the frames of the ink
    found, best = starts[0].copy(), np.int64(-1)
    for tried, climbed in ((likely, 1), (len(starts), CLIMBED)):
        if best >= GOOD_START:
            break
        for at in range(tried):
            scores[at] = best_shift(samples, around, query, starts[at], placed)
        best = np.int64(-1)
        for _ in range(min(climbed, tried)):
            at = 0
            for other in range(1, tried):
                if scores[other] > scores[at]:
                    at = other
            scores[at] = -1
            score = climb(samples, quads, known, query, starts[at], ROUNDS[0], PIXEL // 2)
            if score > best:
                best = score
                copy_map(starts[at], found)
        copy_map(found, starts[0])
    return found, best


@compiled()
def _compare(k0: Any, k1: Any, k2: Any, q0: Any, q1: Any, q2: Any, given: Any, own: Any, cells: Any) -> Any:
    """Align and compare: levels of the known page and of the query, largest first; the given starts; the known page's
    own cells; cells, written.

    Returns:
        The correlation, the percentage of the query that is covered, what `measure_changes` and `rank_cells` return;
        zeros if the pages are different ones at first sight.
    """
    none = np.int64(0)
    m, coarse = _best_of_starts(k2, q2, given)
    if coarse >= MIN_COARSE:
        finer(m)
        coarse = climb(samples_of(k1, STEPS[1]), quads_of(q1, 0), k1, q1, m, ROUNDS[1], PIXEL // 2)
    if coarse < MIN_COARSE:
        return none, none, none, none, none, none, none, none, none, none
    finer(m)
    quads = quads_of(q0, 0)
    _refine(k0, q0, quads, m)
    laid = np.empty_like(k0)
    aligned = lay_over(k0, quads, q0.shape[1], q0.shape[0], m, laid)
    compare_cells(k0, laid, REACH, cells)
    score, loss, low_loss, usual_loss, others, compared = rank_cells(cells, own)
    change, usual = np.int64(0), np.int64(0)
    if score >= MIN_SCORE and loss <= MAX_LOSS:
        change, usual = measure_changes(k0, quads, q0.shape[1], q0.shape[0], m, laid)
    covered = abs(m[0] * m[4] - m[1] * m[3]) * k0.size * 100 // (PIXEL * PIXEL * q0.size)
    return aligned, covered, change, usual, score, loss, low_loss, usual_loss, np.int64(others), np.int64(compared)
