"""Where a query differs from the known picture that it was aligned with: a map of 8 × 8 blocks of the query.

A block differs if it differs twice: its texture does not correlate, and in grey levels too much is left unexplained,
after the best shift by a pixel and under any change of brightness and contrast. Noise and compression spoil texture,
but leave little unexplained; fine patterns that are sampled a little off leave much, but their texture correlates. A
caption, a sticker or something painted over fails both.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.affine import PIXEL
from streams.domain.evidence.alignment.sampling import (
    GRID_ROWS,
    LOWER,
    OWN,
    UPPER,
    WEIGHTS,
    X,
    Y,
    blended,
    is_shown,
    pair_up,
    pixel_of,
    products,
    sample,
)
from streams.domain.hamming.jit import compiled

MAP_SIDE: Final = 8
"""The map has so many blocks a side."""

PLAIN, AGREES, DIFFERS, ADDED = range(4)
"""A block of the query: nothing to see on either side; the same; something else; beyond the known picture."""

RESIDUAL: Final = 13.0
"""Grey levels, root mean square, that may be left unexplained in a block."""

STRUCTURE: Final = 6.0
"""Grey levels, root mean square about the mean, below which a block is plain."""

SAME_TEXTURE: Final = 300.0
"""Correlation of the texture of a block, in thousandths, from which it is the same."""

TEXTURE: Final = 100
"""Mean square of a normalised block (UNIT is 64) below which the block has no texture."""

_ONE_EACH_WAY: Final = tuple((right * PIXEL, down * PIXEL) for down in (-1, 0, 1) for right in (-1, 0, 1))
SHIFTS: Final = ((0, 0), *(shift for shift in _ONE_EACH_WAY if shift != (0, 0)))
"""Shifts at which grey levels are compared: none, then by a pixel."""


def share_that_differs(blocks: bytes) -> float:
    """The share of the query that is not the known picture, 0 to 1."""
    return round((blocks.count(DIFFERS) + blocks.count(ADDED)) / (MAP_SIDE * MAP_SIDE), 4)


@compiled()
def map_differences(
    known: Any, known_level: Any, query: Any, query_level: Any, inverse: Any, sign: int, blocks: Any
) -> Any:
    """Write the states of the blocks of an aligned query.

    Args:
        known, query: pixels of the aligned thumbnails.
        known_level, query_level: the same, normalised, as pairs.
        inverse: the map from query to known pixels.
        sign: -1 where one picture is the negative of the other, else 1.
        blocks: uint8 of MAP_SIDE × MAP_SIDE, written.

    Returns:
        Blocks with texture on both sides, in 1/MAP_SIDE² of those that both show.
    """
    side, textured, covered = query.shape[0] // MAP_SIDE, 0, 0
    known_pairs, grid, m = np.empty(known.shape, np.int32), _block_grid(side), inverse.copy()
    for y in range(known.shape[0]):
        pair_up(known[y], known_pairs[y])
    for y in range(MAP_SIDE):
        for x in range(MAP_SIDE):
            top, left = y * side, x * side
            for at in range(side * side):
                grid[OWN, at] = pixel_of(query_level[top + at // side, left + at % side])
            m[2] = inverse[2] + inverse[0] * left + inverse[1] * top
            m[5] = inverse[5] + inverse[3] * left + inverse[4] * top
            sample(known_level, m, 0, 0, grid)
            both, own, other, count = products(grid, 0, side * side)
            if 2 * count >= side * side:
                covered += 1
                if min(own, other >> 8) >= TEXTURE * count:
                    textured += 1
            norm = np.sqrt(np.float64(own)) * np.sqrt(np.float64(other))
            same_texture = np.float64(sign * both) * 1000.0 >= SAME_TEXTURE * norm
            block = query[top : top + side, left : left + side]
            blocks[y, x] = _compare_block(block, known, known_pairs, m, sign, grid, same_texture)
    return MAP_SIDE * MAP_SIDE * textured // max(covered, 1)


@compiled()
def _block_grid(side: int) -> Any:
    grid = np.empty((GRID_ROWS, side * side), np.int32)
    for at in range(side * side):
        grid[X, at], grid[Y, at] = at % side, at // side
    return grid


@compiled()
def _compare_block(block: Any, known: Any, known_pairs: Any, m: Any, sign: int, grid: Any, same_texture: bool) -> Any:
    side = block.shape[0]
    area, seen, plain, explained, tried = side * side, False, True, same_texture, 0
    for at in range(area):
        grid[OWN, at] = block[at // side, at % side]
    for right, down in SHIFTS:
        if tried == 1 and plain and _is_flat(block, known, m):
            return PLAIN
        tried += 1
        sample(known_pairs, m, right, down, grid)
        count, q, k, qq, kk, qk = _sums(grid[OWN], grid[WEIGHTS], grid[UPPER], grid[LOWER])
        if 2 * count < area:
            continue
        seen = True
        n = np.float64(count)
        own, other = qq / n - (q / n) * (q / n), kk / n - (k / n) * (k / n)
        both = sign * (qk / n - (q / n) * (k / n))
        plain = plain and max(own, other) < STRUCTURE * STRUCTURE
        explained = explained or _left_over(own, other, both) < RESIDUAL * RESIDUAL
        if explained and not plain:
            return AGREES
    if not seen:
        return ADDED if _deviates(block) else PLAIN
    return PLAIN if plain else DIFFERS


@compiled()
def _left_over(own: float, other: float, both: float) -> float:
    """The larger of two variances, without what the covariance explains."""
    explained = 0.0
    if own > 0.0 and other > 0.0 and both > 0.0:
        explained = both * both / (own * other)
    return max(own, other) * (1.0 - explained)


@compiled()
def _is_flat(block: Any, known: Any, m: Any) -> Any:
    """Whether no shift can find structure: a range of levels under 2 STRUCTURE has a deviation under STRUCTURE."""
    side, last = block.shape[0], known.shape[0] - 1
    if not _range_is_small(block, 0, side, 0, side):
        return False
    first_x, first_y, end_x, end_y = last, last, 0, 0
    for corner in range(4):
        x, y = (side - 1) * (corner & 1), (side - 1) * (corner >> 1)
        i, j = (m[0] * x + m[1] * y + m[2]) >> 12, (m[3] * x + m[4] * y + m[5]) >> 12
        first_x, first_y = min(first_x, max(i - 1, 0)), min(first_y, max(j - 1, 0))
        end_x, end_y = max(end_x, min(i + 2, last)), max(end_y, min(j + 2, last))
    return _range_is_small(known, first_y, end_y + 1, first_x, end_x + 1)


@compiled()
def _range_is_small(pixels: Any, top: int, bottom: int, left: int, right: int) -> Any:
    darkest, brightest = np.int32(255), np.int32(0)
    for y in range(top, bottom):
        for x in range(left, right):
            darkest, brightest = min(darkest, np.int32(pixels[y, x])), max(brightest, np.int32(pixels[y, x]))
        if brightest - darkest >= 2 * STRUCTURE:
            return False
    return True


@compiled()
def _sums(own: Any, weights: Any, upper: Any, lower: Any) -> Any:
    """Number of pixels that both show, sums of the query, the known picture, their squares and their product."""
    zero = np.int32(0)
    count, q, k, qq, kk, qk = zero, zero, zero, zero, zero, zero
    for at in range(own.shape[0]):
        shown = is_shown(weights[at])
        one = np.int32(own[at] * shown)
        other = np.int32(((blended(upper[at], lower[at], weights[at]) + 8) >> 4) * shown)
        count = np.int32(count + shown)
        q = np.int32(q + one)
        k = np.int32(k + other)
        qq = np.int32(qq + one * one)
        kk = np.int32(kk + other * other)
        qk = np.int32(qk + one * other)
    return count, q, k, qq, kk, qk


@compiled()
def _deviates(block: Any) -> bool:
    total, squares, n = np.int64(0), np.int64(0), block.size
    for y in range(block.shape[0]):
        for x in range(block.shape[1]):
            value = np.int64(block[y, x])
            total += value
            squares += value * value
    return bool(squares * n - total * total >= RESIDUAL * RESIDUAL * n * n)
