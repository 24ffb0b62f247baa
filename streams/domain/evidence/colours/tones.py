"""How much two pictures differ in grey levels. Whole numbers throughout."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.alignment.affine import PIXEL, invert
from streams.domain.evidence.details.bands import SHIFTS, TILE, sum_tiles
from streams.domain.evidence.thumbnail import SIDE
from streams.domain.hamming.jit import compiled

WORST: Final = 4
"""The tiles that differ most decide, not the mean: a thing may be small."""

DARKEST, BRIGHTEST = 8, 247
"""Levels beyond may be clipped, and do not tell what the light was."""

MIN_TOLD: Final = 64
"""Pixels, of 64 × 64, that are not clipped."""

LEAST_LIGHT, MOST_LIGHT, AS_BRIGHT = 96, 448, 256
"""Light and contrast of a copy, in 1/AS_BRIGHT of the known picture's."""


def tone_distance(known: NDArray[np.uint8], query: NDArray[np.uint8]) -> int:
    """How much two thumbnails that lie alike differ in grey levels: the mean of the WORST tiles' root mean squares."""
    return _worst_tiles(known.astype(np.int64) - query)


def tone_distance_on_ground(known: NDArray[np.uint8], query: NDArray[np.uint8]) -> int:
    """`tone_distance` but for how bright the ground is: the difference of most pixels does not count."""
    differences = known.astype(np.int64) - query
    return _worst_tiles(differences - np.sort(differences, axis=None)[differences.size // 2])


def outline_distance(known: NDArray[np.uint8], query: NDArray[np.uint8]) -> int:
    """`tone_distance` that forgives what resizing does to sharp outlines.

    A pixel counts by how far it lies outside the levels of the other thumbnail's 3 × 3 pixels there.
    """
    one, other = known.astype(np.int64), query.astype(np.int64)
    (low, high), (other_low, other_high) = _levels_around(one), _levels_around(other)
    return _worst_tiles(np.maximum.reduce([other - high, low - other, one - other_high, other_low - one, 0 * one]))


def outline_distance_in_other_light(known: NDArray[np.uint8], query: NDArray[np.uint8]) -> int | None:
    """`outline_distance` after the known picture was made darker or brighter, or softer or harder, as the query is.

    One factor explains the whole picture, ground and all: of light, or of contrast about the mean level. So another
    colour of a thing on the same ground is not explained.

    Returns:
        None if too little of the query tells the light.
    """
    told = (query >= DARKEST) & (query <= BRIGHTEST)
    if int(told.sum()) < MIN_TOLD:
        return None
    levels = known.astype(np.int64)
    mean = int(levels.sum()) // levels.size
    found = []
    for middle in (0, mean):
        own, other = levels[told] - middle, query[told].astype(np.int64) - middle
        factor = int((own * other).sum()) * AS_BRIGHT // max(int(np.square(own).sum()), 1)
        if LEAST_LIGHT <= factor <= MOST_LIGHT:
            relit = np.clip(middle + (levels - middle) * factor // AS_BRIGHT, 0, 255)
            found.append(outline_distance(relit.astype(np.uint8), query))
    return min(found, default=None)


def _levels_around(pixels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lowest and the highest level of the 3 × 3 pixels about each pixel."""
    padded = np.pad(pixels, 1, mode="edge")
    shifted = [padded[y : y + SIDE, x : x + SIDE] for y in range(3) for x in range(3)]
    return np.minimum.reduce(shifted), np.maximum.reduce(shifted)


def _worst_tiles(differences: NDArray[np.int64]) -> int:
    tiles = SIDE // TILE
    squares = np.square(differences).reshape(tiles, TILE, tiles, TILE).sum(axis=(1, 3)).ravel()
    roots = np.floor(np.sqrt(np.sort(squares)[-WORST:].astype(np.float64))).astype(np.int64)
    return int(roots.sum()) // (WORST * TILE)


def aligned_tone_distance(known: NDArray[np.uint8], query: NDArray[np.uint8], m: NDArray[np.int64]) -> int | None:
    """How much two aligned pictures differ in grey levels: the mean of the WORST tiles' root mean squares.

    Every tile counts at its best shift by a pixel, so that neither blur nor a slightly wrong map makes a difference.

    Args:
        known, query: the pictures at the sizes that were aligned.
        m: the map from known to query pixels in 1/PIXEL, as `align` leaves it.

    Returns:
        None if the pictures share less than WORST tiles, or there is no map.
    """
    tiles, inverse = query.shape[0] // TILE, np.empty(6, np.int64)
    if not invert(m, inverse):
        return None
    least = np.full(tiles * tiles, -1, np.int64)
    _least_squares(known, query, inverse, least)
    shared = np.sort(least[least >= 0])
    return (
        int(np.sqrt(shared[-WORST:].astype(np.float64)).astype(np.int64).sum()) // WORST
        if len(shared) >= WORST
        else None
    )


@compiled()
def _least_squares(known: Any, query: Any, inverse: Any, least: Any) -> None:
    """Write, by tile, the least mean square of differences at any shift; tiles that are hardly shared stay below 0."""
    tiles = query.shape[0] // TILE
    sums = np.empty((tiles, tiles, 6), np.int64)
    for number in range(len(SHIFTS)):
        right, down = SHIFTS[number]
        sum_tiles(known, query, inverse, right * PIXEL, down * PIXEL, sums)
        for at in range(tiles * tiles):
            n, _, _, qq, kk, qk = sums[at // tiles, at % tiles]
            if 2 * n >= TILE * TILE:
                square = (qq - 2 * qk + kk) // n
                if least[at] < 0 or square < least[at]:
                    least[at] = square
