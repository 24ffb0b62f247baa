"""Whether a known picture and a query show the same, decided on their evidence: a score, and where they differ.

Candidates come from hashes of views, and every pair of views that matched implies where one picture lies in the other.
Up to MAX_GEOMETRIES of these are refined (align.py); the best correlation is the score. Whole numbers decide, so any
machine and any replay decides alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.align import PIXEL, align, invert, products
from streams.domain.evidence.evidence import EDGE, Evidence, Thumbnail
from streams.domain.evidence.geometry import ONE, corner_distance, map_between, place_view
from streams.domain.evidence.levels import REACH, Levels
from streams.domain.hamming.jit import compiled
from streams.domain.hashes.views import FRAMED, FULL, TRIMMED

MAX_GEOMETRIES: Final = 3
SAME_GEOMETRY: Final = ONE // 20
"""Geometries that take no corner further apart than this are one."""

MAP_SIDE: Final = 8
"""The map of differences has so many blocks a side."""

PLAIN, AGREES, UNCLEAR, DIFFERS, ADDED = range(5)
"""A block of the query: nothing to see on either side; the same; neither; another picture; beyond the known picture."""

_AGREES_FROM, _DIFFERS_BELOW = 500, 300
_TEXTURE: Final = 100
"""Mean square of a normalised block (UNIT is 64) below which the block is plain."""

_NEXT_AREA: Final = round(1.63**2 * ONE)
_NEXT_HALF_AREA: Final = round(1.155**2 * ONE)
"""From these ratios of areas on, the other picture is taken one size, or half a size, smaller."""


class MatchedViews(NamedTuple):
    """A view of the known picture and one of the query whose hashes are near: what implies a geometry."""

    known_view: int
    known_orientation: int
    query_view: int
    query_orientation: int


@dataclass(frozen=True)
class Verification:
    """What comparing the evidence of two pictures gave.

    Attributes:
        score: correlation in thousandths after alignment; 0 where the pictures do not align.
        textured: blocks, of 64, that both show and that have texture on both sides. If they are few, the score says
            little.
        blocks: MAP_SIDE × MAP_SIDE of the query, row by row: PLAIN, AGREES, UNCLEAR, DIFFERS or ADDED.
        views: the views whose geometry was the best; None where there was none.
    """

    score: int
    textured: int
    blocks: bytes
    views: MatchedViews | None

    @property
    def differs(self) -> float:
        """The share of the query that is not the known picture."""
        different = self.blocks.count(DIFFERS) + self.blocks.count(ADDED)
        return round(different / (MAP_SIDE * MAP_SIDE), 4)


UNALIGNED: Final = Verification(0, 0, bytes(MAP_SIDE * MAP_SIDE), None)


def verify(known: Evidence, query: Evidence, matched: Iterable[MatchedViews]) -> Verification:
    """Compare the evidence of two pictures.

    Args:
        known: of a known content.
        query: of the submission.
        matched: pairs of views with near hashes, the nearest first.
    """
    best, best_map = UNALIGNED, None
    for views, shares, of_known, of_query in _geometries(known, query, matched):
        levels = _levels_of_one_scale(shares, of_known, of_query)
        pixels = _in_pixels(shares, len(levels[2]), len(levels[5]))
        score = int(align(*levels, pixels))
        if score > best.score:
            best = Verification(score, 0, b"", views)
            best_map = pixels, levels[2], levels[5], of_known, of_query
    if best_map is None:
        return UNALIGNED
    textured, blocks = _compare_blocks(*best_map, query)
    return Verification(best.score, textured, blocks, best.views)


def _geometries(
    known: Evidence, query: Evidence, matched: Iterable[MatchedViews]
) -> Sequence[tuple[MatchedViews, NDArray[np.int64], Thumbnail, Thumbnail]]:
    """Maps from known to query thumbnails that differ from each other, with the thumbnails."""
    found: list[tuple[MatchedViews, NDArray[np.int64], Thumbnail, Thumbnail]] = []
    of_known, of_query = np.empty(6, np.int64), np.empty(6, np.int64)
    for views in matched:
        shows_known = known.thumbnail_of(_thumbnail_view(views.known_view))
        shows_query = query.thumbnail_of(_thumbnail_view(views.query_view))
        if shows_known is None or shows_query is None:
            continue
        place_view(views.known_view, views.known_orientation, known.width, known.height, of_known)
        place_view(views.query_view, views.query_orientation, query.width, query.height, of_query)
        shares = np.empty(6, np.int64)
        map_between(of_known, of_query, shares)
        if all(
            corner_distance(shares, other) > SAME_GEOMETRY or shows_known is not one or shows_query is not two
            for _, other, one, two in found
        ):
            found.append((views, shares, shows_known, shows_query))
            if len(found) == MAX_GEOMETRIES:
                break
    return found


def _thumbnail_view(view: int) -> int:
    return view if view in (TRIMMED, FRAMED) else FULL


def _levels_of_one_scale(
    shares: NDArray[np.int64], known: Thumbnail, query: Thumbnail
) -> tuple[NDArray[np.int16], ...]:
    """Three levels of each, the coarsest first, whose pixels show about the same size of the scene."""
    area = abs(int(shares[0]) * int(shares[4]) - int(shares[1]) * int(shares[3])) // ONE
    inverse_area = ONE * ONE // max(area, 1)
    if area > _NEXT_AREA:
        return (*_three(known.full_levels, 0), *_three(query.full_levels, 1))
    if inverse_area > _NEXT_AREA:
        return (*_three(known.full_levels, 1), *_three(query.full_levels, 0))
    of_known = known.smaller_levels if inverse_area > _NEXT_HALF_AREA else known.full_levels
    of_query = query.smaller_levels if area > _NEXT_HALF_AREA else query.full_levels
    return (*_three(of_known, 0), *_three(of_query, 0))


def _three(levels: Levels, first: int) -> tuple[NDArray[np.int16], ...]:
    return levels[first : first + 3][::-1]


def _in_pixels(shares: NDArray[np.int64], known_side: int, query_side: int) -> NDArray[np.int64]:
    """A map of shares as a map of pixels, in 1/PIXEL; centres of pixels lie at halves."""
    a, b, c, d, e, f = (int(value) for value in shares)
    scale = ONE // PIXEL
    m = [a * query_side // (known_side * scale), b * query_side // (known_side * scale), 0]
    m += [d * query_side // (known_side * scale), e * query_side // (known_side * scale), 0]
    m[2] = c * query_side // scale + (m[0] + m[1]) // 2 - PIXEL // 2
    m[5] = f * query_side // scale + (m[3] + m[4]) // 2 - PIXEL // 2
    return np.array(m, np.int64)


def _compare_blocks(
    m: NDArray[np.int64],
    known: NDArray[np.int16],
    query: NDArray[np.int16],
    of_known: Thumbnail,
    of_query: Thumbnail,
    evidence: Evidence,
) -> tuple[int, bytes]:
    """How many blocks have texture, and the map of the blocks of the whole query."""
    inverse = np.empty(6, np.int64)
    if not invert(m, inverse):
        return 0, bytes(MAP_SIDE * MAP_SIDE)
    blocks = np.zeros((MAP_SIDE, MAP_SIDE), np.uint8)
    textured = int(_compare(query, known, inverse, blocks))
    if of_query.view != FULL:
        blocks = _set_into_whole(blocks, of_query.box, evidence.thumbnails[0])
    return textured, blocks.tobytes()


@compiled()
def _compare(query: Any, known: Any, inverse: Any, blocks: Any) -> int:
    """Write the state of each block of the query; returns how many of 64 have texture on both sides."""
    side = query.shape[0] // MAP_SIDE
    textured, covered = 0, 0
    for y in range(MAP_SIDE):
        for x in range(MAP_SIDE):
            top, left = y * side, x * side
            kq, own, other, count = products(query, known, inverse, 1, top, top + side, left, left + side)
            if 2 * count < side * side:
                own = np.int64(0)
                for row in range(top, top + side):
                    for column in range(left, left + side):
                        own += np.int64(query[row, column]) * query[row, column]
                blocks[y, x] = ADDED if own >= _TEXTURE * side * side else PLAIN
                continue
            covered += 1
            other = other >> 8
            if max(own, other) < _TEXTURE * count:
                blocks[y, x] = PLAIN
                continue
            if min(own, other) >= _TEXTURE * count:
                textured += 1
            agreement = (
                np.float64(kq) * 1000.0 / max(1.0, np.sqrt(np.float64(own)) * np.sqrt(np.float64(other) * 256.0))
            )
            blocks[y, x] = AGREES if agreement >= _AGREES_FROM else DIFFERS if agreement < _DIFFERS_BELOW else UNCLEAR
    return MAP_SIDE * MAP_SIDE * textured // max(covered, 1)


def _set_into_whole(blocks: NDArray[np.uint8], box: Sequence[int], whole: Thumbnail) -> NDArray[np.uint8]:
    """The map of an inner picture as one of the whole: what lies around it was added, where it has texture."""
    in_whole = np.zeros((MAP_SIDE, MAP_SIDE), np.uint8)
    _mark_outside(whole.full_levels.largest, np.array(box, np.int64), in_whole)
    left, top, right, bottom = box
    for y in range(MAP_SIDE):
        for x in range(MAP_SIDE):
            middle_x, middle_y = (2 * x + 1) * EDGE // (2 * MAP_SIDE), (2 * y + 1) * EDGE // (2 * MAP_SIDE)
            if left <= middle_x < right and top <= middle_y < bottom:
                column = (middle_x - left) * MAP_SIDE // (right - left)
                row = (middle_y - top) * MAP_SIDE // (bottom - top)
                in_whole[y, x] = blocks[row, column]
    return in_whole


@compiled()
def _mark_outside(pixels: Any, box: Any, blocks: Any) -> None:
    """Mark blocks that have texture outside a box. Pixels whose surroundings reach into the box do not count."""
    side = pixels.shape[0] // MAP_SIDE
    left, top = box[0] * pixels.shape[0] // EDGE - REACH - 1, box[1] * pixels.shape[0] // EDGE - REACH - 1
    right, bottom = box[2] * pixels.shape[0] // EDGE + REACH + 1, box[3] * pixels.shape[0] // EDGE + REACH + 1
    for y in range(MAP_SIDE):
        for x in range(MAP_SIDE):
            total, count = np.int64(0), 0
            for row in range(y * side, y * side + side):
                for column in range(x * side, x * side + side):
                    if not (left <= column <= right and top <= row <= bottom):
                        total += np.int64(pixels[row, column]) * pixels[row, column]
                        count += 1
            if 4 * count >= side * side and total >= _TEXTURE * count:
                blocks[y, x] = ADDED
