"""Whether a known picture and a query show the same, decided on their evidence: a score, and where they differ.

Candidates come from hashes of views, and every pair of views that matched implies where one picture lies in the other.
Up to MAX_GEOMETRIES of these are refined (align.py); the best correlation is the score. Whole numbers decide, so any
machine and any replay decides alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.align import PIXEL, align, invert, products
from streams.domain.evidence.differences import MAP_SIDE, map_differences, share_that_differs
from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.geometry import ONE, corner_distance, map_between, place_view
from streams.domain.hamming.jit import compiled
from streams.domain.hashes.views import FRAMED, FULL, TRIMMED

MAX_GEOMETRIES: Final = 3
SAME_GEOMETRY: Final = ONE // 20
"""Geometries that take no corner further apart than this are one."""

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


class Placement(NamedTuple):
    """How two thumbnails lie over each other.

    Attributes:
        known, query: the thumbnails.
        known_pixels, query_pixels: the thumbnails at the sizes that were aligned.
        map: from known to query pixels, in 1/PIXEL: x' = m0 x + m1 y + m2, y' = m3 x + m4 y + m5.
    """

    known: Thumbnail
    query: Thumbnail
    known_pixels: NDArray[np.uint8]
    query_pixels: NDArray[np.uint8]
    map: NDArray[np.int64]


@dataclass(frozen=True)
class Verification:
    """What comparing the evidence of two pictures gave.

    Attributes:
        score: correlation in thousandths after alignment; 0 where the pictures do not align.
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

    Args:
        known: of a known content.
        query: of the submission.
        matched: pairs of views with near hashes, the nearest first.
    """
    best: tuple[int, MatchedViews, _Scaled, Placement] | None = None
    for views, shares, of_known, of_query in _geometries(known, query, matched):
        scaled = _at_one_scale(shares, of_known, of_query)
        m = _in_pixels(shares, len(scaled.known), len(scaled.query))
        score = int(align(*scaled.levels, m))
        if score > (best[0] if best else 0):
            best = score, views, scaled, Placement(of_known, of_query, scaled.known, scaled.query, m)
    if best is None:
        return UNALIGNED
    score, views, scaled, placement = best
    m = placement.map
    inverse = np.zeros(6, np.int64)
    textured = int(_count_textured(scaled.levels[5], scaled.levels[2], inverse)) if invert(m, inverse) else 0
    aligned_known, aligned_query = (scaled.known, scaled.levels[2]), (scaled.query, scaled.levels[5])
    blocks = map_differences(m, aligned_known, aligned_query, placement.query, query)
    return Verification(score, textured, blocks, views, placement)


def _geometries(
    known: Evidence, query: Evidence, matched: Iterable[MatchedViews]
) -> Sequence[tuple[MatchedViews, NDArray[np.int64], Thumbnail, Thumbnail]]:
    """Maps from known to query thumbnails that differ from each other, with the thumbnails."""
    found: list[tuple[MatchedViews, NDArray[np.int64], Thumbnail, Thumbnail]] = []
    of_known, of_query = np.empty(6, np.int64), np.empty(6, np.int64)
    for views in matched:
        shows_known = known.thumbnail_of(thumbnail_view(views.known_view))
        shows_query = query.thumbnail_of(thumbnail_view(views.query_view))
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


def thumbnail_view(view: int) -> int:
    return view if view in (TRIMMED, FRAMED) else FULL


class _Scaled(NamedTuple):
    """Both pictures at sizes whose pixels show about the same size of the scene: pixels, and levels coarsest first."""

    known: NDArray[np.uint8]
    query: NDArray[np.uint8]
    levels: tuple[NDArray[np.int16], ...]


def _at_one_scale(shares: NDArray[np.int64], known: Thumbnail, query: Thumbnail) -> _Scaled:
    area = abs(int(shares[0]) * int(shares[4]) - int(shares[1]) * int(shares[3])) // ONE
    inverse_area = ONE * ONE // max(area, 1)
    known_pixels, known_levels = _at_scale(known, inverse_area)
    query_pixels, query_levels = _at_scale(query, area)
    return _Scaled(known_pixels, query_pixels, (*known_levels, *query_levels))


def _at_scale(thumbnail: Thumbnail, area: int) -> tuple[NDArray[np.uint8], tuple[NDArray[np.int16], ...]]:
    """A thumbnail whose picture is `area` times as large as the other one needs: as it is, at 3/4 or at 1/2."""
    if area > _NEXT_AREA:
        return thumbnail.half_pixels, thumbnail.levels[:0:-1]
    if area > _NEXT_HALF_AREA:
        return thumbnail.smaller_pixels, thumbnail.smaller_levels[2::-1]
    return thumbnail.pixels, thumbnail.levels[2::-1]


def _in_pixels(shares: NDArray[np.int64], known_side: int, query_side: int) -> NDArray[np.int64]:
    """A map of shares as a map of pixels, in 1/PIXEL; centres of pixels lie at halves."""
    a, b, c, d, e, f = (int(value) for value in shares)
    scale = ONE // PIXEL
    m = [a * query_side // (known_side * scale), b * query_side // (known_side * scale), 0]
    m += [d * query_side // (known_side * scale), e * query_side // (known_side * scale), 0]
    m[2] = c * query_side // scale + (m[0] + m[1]) // 2 - PIXEL // 2
    m[5] = f * query_side // scale + (m[3] + m[4]) // 2 - PIXEL // 2
    return np.array(m, np.int64)


@compiled()
def _count_textured(query: Any, known: Any, inverse: Any) -> int:
    """Blocks with texture on both sides, of MAP_SIDE × MAP_SIDE that both show."""
    side = query.shape[0] // MAP_SIDE
    textured, covered = 0, 0
    for y in range(MAP_SIDE):
        for x in range(MAP_SIDE):
            top, left = y * side, x * side
            _, own, other, count = products(query, known, inverse, 1, top, top + side, left, left + side)
            if 2 * count >= side * side:
                covered += 1
                if min(own, other >> 8) >= _TEXTURE * count:
                    textured += 1
    return MAP_SIDE * MAP_SIDE * textured // max(covered, 1)
