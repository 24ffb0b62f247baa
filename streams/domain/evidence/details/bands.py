"""Words on a picture: where a band of an aligned pair is as wide as a short word and shows something else.

The map of differences has blocks of 8 × 8 pixels, and looks past a line of words that is thinner than a block, as in
two memes of one photo. Windows here are half as high and twice as wide. Copies have hardly any that shows other things.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.alignment.affine import PIXEL, invert
from streams.domain.hamming.jit import compiled

TILE: Final = 4
"""Windows are TILES_ACROSS tiles of TILE × TILE pixels beside each other, at every tile."""

TILES_ACROSS: Final = 4

RESIDUAL: Final = 20
"""Grey levels, root mean square, that may be left unexplained in a window, after the best shift by a pixel and under
any change of brightness and contrast."""

MAX_EXPLAINED: Final = 0.5
"""Share of a window's variance that the known picture explains where the window shows something else."""

SHIFTS: Final = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))


def count_bands(known: NDArray[np.uint8], query: NDArray[np.uint8], m: NDArray[np.int64]) -> int:
    """Windows of a query in which something else is shown than in the known picture.

    Args:
        known, query: the pictures at the sizes that were aligned.
        m: the map from known to query pixels in 1/PIXEL, as `align` leaves it.
    """
    inverse = np.empty(6, np.int64)
    return int(_count(known, query, inverse)) if invert(m, inverse) else 0


@compiled()
def _count(known: Any, query: Any, inverse: Any) -> int:
    tiles = query.shape[0] // TILE
    least, differs = np.full((tiles, tiles), np.inf), np.zeros((tiles, tiles), np.bool_)
    sums = np.empty((tiles, tiles, 6), np.int64)
    for number in range(len(SHIFTS)):
        right, down = SHIFTS[number]
        sum_tiles(known, query, inverse, right * PIXEL, down * PIXEL, sums)
        for row in range(tiles):
            for column in range(tiles - TILES_ACROSS + 1):
                n, q, k, qq, kk, qk = _window(sums, row, column)
                if 2 * n < TILES_ACROSS * TILE * TILE:
                    continue
                own, other, both = np.float64(n * qq - q * q), np.float64(n * kk - k * k), np.float64(n * qk - q * k)
                explained = np.float64(0.0)
                if own > 0.0 and other > 0.0 and both > 0.0:
                    explained = both * both / (own * other)
                left_over = max(own, other) * (1.0 - explained) / np.float64(n * n)
                if left_over < least[row, column]:
                    least[row, column] = left_over
                    differs[row, column] = left_over >= RESIDUAL * RESIDUAL and explained <= MAX_EXPLAINED
    return int(differs.sum())


@compiled()
def _window(sums: Any, row: int, column: int) -> Any:
    zero = np.int64(0)
    n, q, k, qq, kk, qk = zero, zero, zero, zero, zero, zero
    for at in range(column, column + TILES_ACROSS):
        n += sums[row, at, 0]
        q += sums[row, at, 1]
        k += sums[row, at, 2]
        qq += sums[row, at, 3]
        kk += sums[row, at, 4]
        qk += sums[row, at, 5]
    return n, q, k, qq, kk, qk


@compiled()
def sum_tiles(known: Any, query: Any, inverse: Any, right: int, down: int, sums: Any) -> None:
    """Write, by tile of the query: pixels that both show, sums of query, known, their squares and their product.

    Args:
        known, query: pictures at the sizes that were aligned.
        inverse: the map from query to known pixels.
        right, down: added to all places, in 1/PIXEL.
        sums: int64, rows × columns × 6; tiles have TILE × TILE pixels.
    """
    last = (known.shape[0] - 1) << 12
    sums[:] = 0
    for y in range(sums.shape[0] * TILE):
        for x in range(sums.shape[1] * TILE):
            u = inverse[0] * x + inverse[1] * y + inverse[2] + right
            v = inverse[3] * x + inverse[4] * y + inverse[5] + down
            if -2048 <= u <= last + 2048 and -2048 <= v <= last + 2048:
                u, v = min(max(u, 0), last - 1), min(max(v, 0), last - 1)
                i, j, f, g = u >> 12, v >> 12, (u >> 8) & 15, (v >> 8) & 15
                above = np.int64(known[j, i]) * (16 - f) + np.int64(known[j, i + 1]) * f
                below = np.int64(known[j + 1, i]) * (16 - f) + np.int64(known[j + 1, i + 1]) * f
                one, other = np.int64(query[y, x]), (above * (16 - g) + below * g + 128) >> 8
                tile = sums[y // TILE, x // TILE]
                tile[0] += 1
                tile[1] += one
                tile[2] += other
                tile[3] += one * one
                tile[4] += other * other
                tile[5] += one * other
