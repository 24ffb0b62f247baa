"""A picture is sampled where the pixels of another lie, in loops that a compiler turns into vector instructions.

Sampled pictures are stored as pairs: an int32 has a pixel in its lower half and the pixel to the right in its upper
half, so that four neighbours are two numbers. All sums are whole and the same on any machine.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.hamming.jit import compiled

OWN, X, Y, PLACE, WEIGHTS, UPPER, LOWER, GRID_ROWS = range(8)
"""Rows of a grid, int32 with a column for every pixel of the own picture that is compared: the pixel, where it lies,
and what `sample` writes: the place of the other picture's pixel, weights, and two pairs."""

CHUNK: Final = 64
"""Sums over so many pixels fit in 32 bits: a sampled pixel is below 2**13."""


@compiled()
def pair_up(row: Any, pairs: Any) -> None:
    """Write a row of pixels as pairs. The last pixel has none to its right; it is never asked for."""
    last = row.shape[0] - 1
    for x in range(last):
        pairs[x] = (np.int32(row[x]) & 0xFFFF) | (np.int32(row[x + 1]) << 16)
    pairs[last] = np.int32(row[last]) & 0xFFFF


@compiled()
def pixel_of(pair: Any) -> Any:
    """The left pixel of a pair."""
    return np.int32(np.int32(pair << 16) >> 16)


@compiled()
def grid_of(pairs: Any, step: int) -> Any:
    """A grid of every step-th pixel of every step-th row, from the middle of the first step."""
    side, first = pairs.shape[0], step >> 1
    count = (side - first + step - 1) // step
    grid = np.empty((GRID_ROWS, count * count), np.int32)
    for row in range(count):
        for column in range(count):
            at, x, y = row * count + column, step * column + first, step * row + first
            grid[OWN, at], grid[X, at], grid[Y, at] = pixel_of(pairs[y, x]), x, y
    return grid


@compiled()
def sample(pairs: Any, m: Any, right: int, down: int, grid: Any) -> None:
    """Take the pixels of another picture where the pixels of a grid lie.

    Args:
        pairs: the other picture.
        m: the map to its pixels, bounded.
        right, down: added to all places, in 1/PIXEL.
        grid: PLACE, WEIGHTS, UPPER and LOWER are written.
    """
    side = pairs.shape[0]
    _find_places(m, right, down, side, grid[X], grid[Y], grid[PLACE], grid[WEIGHTS])
    _take_pairs(pairs.reshape(side * side), side, grid[PLACE], grid[UPPER], grid[LOWER])


@compiled()
def _find_places(m: Any, right: int, down: int, side: int, xs: Any, ys: Any, places: Any, weights: Any) -> None:
    a, b, c = np.int32(m[0]), np.int32(m[1]), np.int32(m[2] + right)
    d, e, f = np.int32(m[3]), np.int32(m[4]), np.int32(m[5] + down)
    width, zero, last = np.int32(side), np.int32(0), np.int32((side - 1) << 12)
    for at in range(xs.shape[0]):
        u, v = np.int32(a * xs[at] + b * ys[at] + c), np.int32(d * xs[at] + e * ys[at] + f)
        shown = np.int32((u >= -2048) & (u <= last + 2048) & (v >= -2048) & (v <= last + 2048))
        u, v = np.int32(min(max(u, zero), last - 1)), np.int32(min(max(v, zero), last - 1))
        places[at] = (v >> 12) * width + (u >> 12)
        weights[at] = ((u >> 8) & 15) | (((v >> 8) & 15) << 4) | (shown << 8)


@compiled()
def _take_pairs(pairs: Any, side: int, places: Any, upper: Any, lower: Any) -> None:
    for at in range(places.shape[0]):
        place = np.uint32(places[at])  # unsigned, so that no index counts from the end
        upper[at], lower[at] = pairs[place], pairs[place + np.uint32(side)]


@compiled()
def is_shown(weights: Any) -> Any:
    """1 where the other picture shows a pixel, 0 more than half a pixel outside of it."""
    return np.int32(weights >> 8)


@compiled()
def blended(upper: Any, lower: Any, weights: Any) -> Any:
    """16 times the other picture's pixel, bilinear."""
    f, g = np.int32(weights & 15), np.int32((weights >> 4) & 15)
    left, low_left = pixel_of(upper), pixel_of(lower)
    above = np.int32(16 * left + (np.int32(upper >> 16) - left) * f)
    below = np.int32(16 * low_left + (np.int32(lower >> 16) - low_left) * f)
    return np.int32((16 * above + (below - above) * g) >> 4)


@compiled()
def products(grid: Any, start: int, end: int) -> Any:
    """Sums over columns of a sampled grid that both show: own × other, own², other² and their number.

    The other picture's pixels are 16 times as large as stored.
    """
    both, own, other, count = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for at in range(start, end, CHUNK):
        to = min(at + CHUNK, end)
        sums = _products(grid[OWN, at:to], grid[WEIGHTS, at:to], grid[UPPER, at:to], grid[LOWER, at:to])
        both, own, other, count = both + sums[0], own + sums[1], other + sums[2], count + sums[3]
    return both, own, other, count


@compiled()
def _products(own: Any, weights: Any, upper: Any, lower: Any) -> Any:
    zero = np.int32(0)
    kq, kk, qq, count = zero, zero, zero, zero
    for at in range(own.shape[0]):
        shown = is_shown(weights[at])
        q, k = np.int32(blended(upper[at], lower[at], weights[at]) * shown), np.int32(own[at] * shown)
        kq = np.int32(kq + k * q)
        kk = np.int32(kk + k * k)
        qq = np.int32(qq + q * q)
        count = np.int32(count + shown)
    return kq, kk, qq, count
