"""Whether a known picture and a query show the same, decided on their evidence: a score, and where they differ.

Candidates come from hashes of views, and every pair of views that matched implies where one picture lies in the other.
Up to MAX_GEOMETRIES of these are refined (alignment/align.py); the best correlation is the score. Whole numbers decide,
so any machine and any replay decides alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.alignment.affine import NUMBERS, PIXEL, copy_map, invert, is_bounded
from streams.domain.evidence.alignment.align import POLISHED, align, polish
from streams.domain.evidence.differences import MAP_SIDE, map_differences, share_that_differs
from streams.domain.evidence.evidence import Evidence
from streams.domain.evidence.geometry import MAX_GEOMETRIES, ONE, VIEW_TABLE, find_geometries
from streams.domain.evidence.prepared import HALF_SIZE, SIDES, SMALLER_SIZE, WHOLE_SIZE, level, pixels
from streams.domain.evidence.surroundings import lies_within, mark_beyond, set_into_whole
from streams.domain.hamming.jit import compiled
from streams.domain.hashes.views import FULL, TRIMMED

_NEXT_AREA: Final = round(1.63**2 * ONE)
_NEXT_HALF_AREA: Final = round(1.155**2 * ONE)
"""From these ratios of areas on, the other picture is taken one size, or half a size, smaller."""


class MatchedViews(NamedTuple):
    """A view of the known picture and one of the query whose hashes are near: what implies a geometry."""

    known_view: int
    known_orientation: int
    query_view: int
    query_orientation: int


class Placement(NamedTuple):
    """How two thumbnails lie over each other.

    Attributes:
        known, query: numbers of the thumbnails.
        known_size, query_size: the sizes that were aligned, as numbers in SIDES.
        sign: -1 if one is the negative of the other.
        map: from known to query pixels of these sizes, in 1/PIXEL; see alignment/affine.py.
    """

    known: int
    query: int
    known_size: int
    query_size: int
    sign: int
    map: NDArray[np.int64]


@dataclass(frozen=True)
class Verification:
    """What comparing the evidence of two pictures gave.

    Attributes:
        score: correlation in thousandths after alignment, before it is polished; 0 where the pictures do not align.
        textured: blocks, of 64, that both show and that have texture on both sides. If they are few, the score says
            little.
        blocks: MAP_SIDE × MAP_SIDE of the query, row by row: PLAIN, AGREES, DIFFERS or ADDED.
        views: the views whose geometry was the best; None where there was none.
        placement: how the pictures were aligned; None where they were not.
    """

    score: int
    textured: int
    blocks: bytes
    views: MatchedViews | None
    placement: Placement | None = field(default=None, compare=False)

    @property
    def differs(self) -> float:
        """The share of the query that is not the known picture."""
        return share_that_differs(self.blocks)


UNALIGNED: Final = Verification(0, 0, bytes(MAP_SIDE * MAP_SIDE), None)


def verify(known: Evidence, query: Evidence, matched: Iterable[MatchedViews]) -> Verification:
    """Compare the evidence of two pictures.

    What is decoded and computed of an Evidence stays with it for the next comparison. Threads may share it.

    Args:
        known: of a known content.
        query: of the submission.
        matched: pairs of views with near hashes, the nearest first.
    """
    pairs = list(matched)
    if not pairs:
        return UNALIGNED
    blocks, m = np.empty((MAP_SIDE, MAP_SIDE), np.uint8), np.empty(NUMBERS, np.int64)
    placed = np.empty(len(Placement._fields) - 1, np.int64)
    of_known, of_query = known.prepared.borrow(), query.prepared.borrow()
    score, textured, pair = _verify(VIEW_TABLE, of_known, of_query, np.array(pairs, np.int64), m, blocks, placed)
    known.prepared.keep(of_known)
    query.prepared.keep(of_query)
    if score == 0:
        return UNALIGNED
    one, other, known_size, query_size, sign = (int(number) for number in placed)
    placement = Placement(one, other, known_size, query_size, sign, m)
    return Verification(score, textured, blocks.tobytes(), pairs[pair], placement)


@compiled()
def _verify(table: Any, known: Any, query: Any, pairs: Any, m: Any, blocks: Any, placed: Any) -> Any:
    """Align a known picture and a query by all geometries, and compare them as the best one lays them.

    Args:
        table: of views.
        known, query: PreparedEvidence.
        pairs: rows of MatchedViews.
        m: written: the best map from known to query pixels.
        blocks: written: the state of the query's blocks.
        placed: written: the numbers of Placement but its map.

    Returns:
        Score, textured blocks and the number of the pair. If the score is 0, nothing else counts.
    """
    shares, found = np.empty((MAX_GEOMETRIES, NUMBERS), np.int64), np.empty((MAX_GEOMETRIES, 4), np.int64)
    best, best_score, trial = 0, np.int64(0), np.empty(NUMBERS, np.int64)
    for at in range(find_geometries(table, known, query, pairs, shares, found)):
        one, other, sign = found[at, 1], found[at, 2], found[at, 3]
        known_size, query_size = _sizes(shares[at])
        _in_pixels(shares[at], SIDES[known_size], SIDES[query_size], trial)
        if is_bounded(trial):
            score = align(known, one, known_size, query, other, query_size, sign, trial)
            if score > best_score:
                best, best_score = at, score
                copy_map(trial, m)
    if best_score == 0:
        return best_score, 0, 0
    placed[0], placed[1], placed[4] = found[best, 1], found[best, 2], found[best, 3]
    placed[2], placed[3] = _sizes(shares[best])
    if POLISHED[0] <= best_score < POLISHED[1]:
        polish(known, placed[0], placed[2], query, placed[1], placed[3], placed[4], m)
    return best_score, _compare(known, query, shares[best], found[best], m, blocks), found[best, 0]


@compiled()
def _compare(known: Any, query: Any, shares: Any, found: Any, m: Any, blocks: Any) -> int:
    """Write the state of the query's blocks; returns how many have texture on both sides."""
    one, other, sign = found[1], found[2], found[3]
    known_size, query_size = _sizes(shares)
    inverse, in_part, textured, is_within = np.empty(NUMBERS, np.int64), blocks, 0, False
    if query.shown[other, 0] != FULL:
        in_part = np.empty_like(blocks)
    if invert(m, inverse):
        known_pixels, known_level = pixels(known, one, known_size), level(known, one, known_size)
        query_pixels, query_level = pixels(query, other, query_size), level(query, other, query_size)
        textured = map_differences(known_pixels, known_level, query_pixels, query_level, inverse, sign, in_part)
        is_within = lies_within(inverse, query_pixels.shape[0], known_pixels.shape[0])
        if query.shown[other, 0] == TRIMMED:  # a border ends where words stand in it
            mark_beyond(query_pixels, inverse, known_pixels.shape[0], in_part)
    else:
        in_part[:] = 0
    if query.shown[other, 0] != FULL:
        set_into_whole(in_part, query.shown[other, 1:], pixels(query, 0, WHOLE_SIZE), is_within, blocks)
    return textured


@compiled()
def _sizes(shares: Any) -> Any:
    """Sizes of the known thumbnail and the query's at which pixels of both show about as much of the scene."""
    area = abs(shares[0] * shares[4] - shares[1] * shares[3]) // ONE
    return _size(ONE * ONE // max(area, 1)), _size(area)


@compiled()
def _size(area: int) -> int:
    """Of a thumbnail whose picture is `area` times as large as the other one needs: as it is, at 3/4 or at 1/2."""
    if area > _NEXT_AREA:
        return HALF_SIZE
    return SMALLER_SIZE if area > _NEXT_HALF_AREA else WHOLE_SIZE


@compiled()
def _in_pixels(shares: Any, known_side: int, query_side: int, m: Any) -> None:
    """Write a map of shares as a map of pixels, in 1/PIXEL; centres of pixels lie at halves."""
    scale = ONE // PIXEL
    for row in (0, 3):
        m[row] = shares[row] * query_side // (known_side * scale)
        m[row + 1] = shares[row + 1] * query_side // (known_side * scale)
        m[row + 2] = shares[row + 2] * query_side // scale + (m[row] + m[row + 1]) // 2 - PIXEL // 2
