"""Resizing small grey pictures, as Pillow does it, level by level (its Resample.c).

Stored hashes depend on these filters. Computed here, they release the interpreter lock, need no copy from Pillow and
back, and stay the same whatever the version of Pillow. The tests compare with Pillow, the slow twin.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled

Pixels = NDArray[np.uint8]
Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

BOX: Final = 0
LANCZOS: Final = 1
SUPPORT: Final = (0.5, 3.0)
"""Pixels of the result that the filter reaches on either side, by filter."""

PRECISION_BITS: Final = 22
"""Weights are whole numbers of 1 / 2^PRECISION_BITS."""

CACHED_WEIGHTS: Final = 1024


class Weights(NamedTuple):
    """How pixels of a line are weighed.

    Attributes:
        firsts: the first pixel that counts, for every pixel of the result.
        counts: how many pixels count.
        weights: their weights, a row for every pixel of the result.
    """

    firsts: NDArray[np.int32]
    counts: NDArray[np.int32]
    weights: NDArray[np.int32]


def resized(pixels: Pixels, side: int, part: Rectangle, kind: int) -> Pixels:
    """A part of a picture, resized to a square.

    Args:
        pixels: luminance, a few hundred pixels a side at most.
        side: pixels of the square's side.
        part: inside the picture.
        kind: BOX or LANCZOS.
    """
    return resized_to(pixels, (side, side), part, kind)


def resized_to(pixels: Pixels, size: tuple[int, int], part: Rectangle, kind: int) -> Pixels:
    """A part of a picture, resized to a width and a height; the rest as in `resized`."""
    left, top, right, bottom = part
    height, width = pixels.shape
    across = _weights(width, left, right, size[0], kind)
    down = _weights(height, top, bottom, size[1], kind)
    result = np.empty((size[1], size[0]), np.uint8)
    _resize(pixels, *across, *down, result)
    return result


@lru_cache(maxsize=CACHED_WEIGHTS)
def _weights(length: int, start: float, end: float, side: int, kind: int) -> Weights:
    # Pillow holds the edges of the part in 32 bits.
    first, last = np.float32(start), np.float32(end)
    if side == length and first == 0 and last == length:
        kind, last = BOX, np.float32(length)
    scale = float(last - first) / side
    reach = ceil(SUPPORT[kind] * max(scale, 1.0)) * 2 + 1
    found = Weights(np.empty(side, np.int32), np.empty(side, np.int32), np.zeros((side, reach), np.int32))
    _weigh(length, float(first), scale, kind, SUPPORT[kind], *found)
    return found


@compiled()
def _sinc(x: float) -> Any:
    return np.sin(x * np.pi) / (x * np.pi) if x != 0.0 else 1.0


@compiled()
def _filtered(x: float, kind: int) -> Any:
    if kind == BOX:
        return 1.0 if -0.5 < x <= 0.5 else 0.0
    return _sinc(x) * _sinc(x / 3) if -3.0 <= x < 3.0 else 0.0


@compiled()
def _weigh(
    length: int, start: float, scale: float, kind: int, support: float, firsts: Any, counts: Any, weights: Any
) -> None:
    side, reach = weights.shape
    filter_scale = max(scale, 1.0)
    share = np.empty(reach)
    for number in range(side):
        middle = start + (number + 0.5) * scale
        first = max(int(middle - support * filter_scale + 0.5), 0)
        count = min(int(middle + support * filter_scale + 0.5), length) - first
        total = 0.0
        for at in range(count):
            share[at] = _filtered((at + first - middle + 0.5) * (1.0 / filter_scale), kind)
            total += share[at]
        firsts[number], counts[number] = first, count
        for at in range(count):
            weight = (share[at] / total if total != 0.0 else share[at]) * (1 << PRECISION_BITS)
            weights[number, at] = int(weight - 0.5) if weight < 0 else int(weight + 0.5)


@compiled()
def _resize(pixels: Any, left: Any, columns: Any, across: Any, top: Any, rows: Any, down: Any, result: Any) -> None:
    """One direction after the other, rounded to whole levels in between: across first, but down first if it is tall."""
    height, width = pixels.shape
    tall, wide = result.shape
    if height > tall and height - tall > 2 * (width - wide):
        lines = np.empty((height, _end(left, columns) - left[0]), np.int32)
        for y in range(top[0], _end(top, rows)):
            for x in range(lines.shape[1]):
                lines[y, x] = pixels[y, left[0] + x]
        halfway = np.empty((lines.shape[1], tall), np.int32)
        _sum_up(lines, np.int32(0), top, rows, down, halfway)
        _sum_up(halfway, left[0], left, columns, across, result)
        return
    lines = np.empty((width, _end(top, rows) - top[0]), np.int32)
    for x in range(left[0], _end(left, columns)):
        for y in range(lines.shape[1]):
            lines[x, y] = pixels[top[0] + y, x]
    halfway = np.empty((lines.shape[1], wide), np.int32)
    _sum_up(lines, np.int32(0), left, columns, across, halfway)
    turned = np.empty((wide, tall), np.uint8)
    _sum_up(halfway, top[0], top, rows, down, turned)
    for row in range(tall):
        for column in range(wide):
            result[row, column] = turned[column, row]


@compiled()
def _end(firsts: Any, counts: Any) -> Any:
    """After the last pixel that counts."""
    return firsts[-1] + counts[-1]


@compiled()
def _sum_up(lines: Any, skipped: int, firsts: Any, counts: Any, weights: Any, turned: Any) -> None:
    """Weighted sums of lines, as columns.

    Args:
        lines: int32, without the first `skipped` lines.
        skipped: lines.
        firsts: as in Weights, as are `counts` and `weights`.
        turned: the sums as levels; a row for every pixel of a line.
    """
    sums = np.empty(lines.shape[1], np.int32)
    for number in range(len(firsts)):
        sums[:] = 1 << (PRECISION_BITS - 1)
        first = firsts[number] - skipped
        for at in range(counts[number]):
            weight, line = weights[number, at], lines[first + at]
            for place in range(len(sums)):
                sums[place] += weight * line[place]
        for place in range(len(sums)):
            turned[place, number] = min(max(sums[place] >> PRECISION_BITS, 0), 255)
