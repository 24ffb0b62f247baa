"""Maps between two pictures as shares of their sides: of the parts that were aligned, of the whole pictures.

A map takes (x, y) of the known picture to x' = (m0 x + m1 y) / ONE + m2, y' = (m3 x + m4 y) / ONE + m5 of the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.alignment.affine import NUMBERS, PIXEL
from streams.domain.evidence.evidence import Evidence
from streams.domain.evidence.geometry import MAX_GEOMETRIES, ONE, VIEW_TABLE, find_geometries
from streams.domain.evidence.prepared import SIDES
from streams.domain.evidence.thumbnail import EDGE, SIDE
from streams.domain.evidence.verify import MatchedViews, Placement

IDENTITY: Final = np.array([ONE, 0, 0, 0, ONE, 0], np.int64)


def part_shares(placement: Placement) -> NDArray[np.int64]:
    """The map between the thumbnails that were aligned."""
    known_side, query_side, unit = SIDES[placement.known_size], SIDES[placement.query_size], ONE // PIXEL
    shares = []
    for row in (0, 3):
        a, b, c = (int(number) for number in placement.map[row : row + 3])
        shares += [a * known_side * unit // query_side, b * known_side * unit // query_side]
        shares.append((c + PIXEL // 2 - (a + b) // 2) * unit // query_side)
    return np.array(shares, np.int64)


def whole_shares(shares: NDArray[np.int64], known_box: Sequence[int], query_box: Sequence[int]) -> NDArray[np.int64]:
    """The map between whole pictures, of a map between two parts of them."""
    whole = []
    for axis, row in ((0, 0), (1, 3)):
        a, b, c = (int(number) for number in shares[row : row + 3])
        start, span = query_box[axis], query_box[axis + 2] - query_box[axis]
        numbers = []
        for other, factor in ((0, a), (1, b)):
            first, length = known_box[other], max(known_box[other + 2] - known_box[other], 1)
            c -= factor * first // length
            numbers.append(factor * span // length)
        whole += [*numbers, (c * span + start * ONE) // EDGE]
    return np.array(whole, np.int64)


def aligned_shares(known: Evidence, query: Evidence, placement: Placement) -> NDArray[np.int64]:
    """The map between whole pictures, as they were aligned."""
    one, other = known.thumbnails[placement.known], query.thumbnails[placement.query]
    return whole_shares(part_shares(placement), one.box, other.box)


def pixel_map(shares: NDArray[np.int64]) -> NDArray[np.int64]:
    """A map between whole pictures as a map between pixels of their thumbnails, in 1/PIXEL."""
    found, unit = [], ONE // PIXEL
    for row in (0, 3):
        a, b, c = (int(number) for number in shares[row : row + 3])
        found += [a // unit, b // unit, c * SIDE // unit + (a // unit + b // unit) // 2 - PIXEL // 2]
    return np.array(found, np.int64)


def views_shares(known: Evidence, query: Evidence, matched: Sequence[MatchedViews]) -> NDArray[np.int64]:
    """The map between whole pictures that the nearest of matched views imply; IDENTITY if they imply none."""
    if not matched:
        return IDENTITY
    shares, found = np.empty((MAX_GEOMETRIES, NUMBERS), np.int64), np.empty((MAX_GEOMETRIES, 4), np.int64)
    pairs = np.array(matched, np.int64)
    if not find_geometries(VIEW_TABLE, known.prepared, query.prepared, pairs, shares, found):
        return IDENTITY
    _, one, other, _ = (int(number) for number in found[0])
    return whole_shares(shares[0], known.thumbnails[one].box, query.thumbnails[other].box)
