"""Percentiles of blocks of 12 × 12 pixels, smoothed over neighbouring blocks and interpolated to pixels.

Paper and ink vary slowly over a page: light falls off, paper is tinted, a box has another colour. Whole numbers only.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.hamming.jit import compiled

BLOCK: Final = 12
"""Pixels of a block's side. Blocks at the right and bottom edge repeat the picture's last pixels."""


@compiled()
def block_percentiles(pixels: Any, percents: Any) -> Any:
    """Percentiles of every block.

    Args:
        pixels: two-dimensional, values from 0 to 255.
        percents: whole numbers in ascending order, below 100.

    Returns:
        int32 of percents × rows of blocks × columns of blocks.
    """
    height, width = pixels.shape
    rows, columns = (height + BLOCK - 1) // BLOCK, (width + BLOCK - 1) // BLOCK
    found = np.empty((len(percents), rows, columns), np.int32)
    counts = np.empty(256, np.int32)
    for row in range(rows):
        for column in range(columns):
            counts[:] = 0
            for y in range(row * BLOCK, row * BLOCK + BLOCK):
                for x in range(column * BLOCK, column * BLOCK + BLOCK):
                    counts[pixels[min(y, height - 1), min(x, width - 1)]] += 1
            value, below = -1, 0
            for number in range(len(percents)):
                while below <= BLOCK * BLOCK * percents[number] // 100:
                    value += 1
                    below += counts[value]
                found[number, row, column] = value
    return found


@compiled()
def _neighbours(blocks: Any, row: int, column: int, values: Any) -> None:
    """The 3 × 3 blocks around a block in ascending order; blocks outside repeat the edge."""
    rows, columns = blocks.shape
    for at in range(9):
        y, x = min(max(row + at // 3 - 1, 0), rows - 1), min(max(column + at % 3 - 1, 0), columns - 1)
        value, place = blocks[y, x], at
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@compiled()
def raised_to_median(blocks: Any) -> Any:
    """Every block, raised to the median of its 3 × 3 neighbourhood: a block full of ink takes its neighbours' paper."""
    raised, values = np.empty_like(blocks), np.empty(9, np.int32)
    for row in range(blocks.shape[0]):
        for column in range(blocks.shape[1]):
            _neighbours(blocks, row, column, values)
            raised[row, column] = max(blocks[row, column], values[4])
    return raised


@compiled()
def largest_around(blocks: Any) -> Any:
    """The largest value of every 3 × 3 neighbourhood."""
    largest, values = np.empty_like(blocks), np.empty(9, np.int32)
    for row in range(blocks.shape[0]):
        for column in range(blocks.shape[1]):
            _neighbours(blocks, row, column, values)
            largest[row, column] = values[8]
    return largest


@compiled()
def _place(pixel: int, blocks: int) -> int:
    """Where a pixel lies between the middles of blocks, in 1/16 of a block."""
    return min(max((2 * pixel + 1 - BLOCK) * 16 // (2 * BLOCK), 0), (blocks - 1) * 16)


@compiled()
def interpolated(blocks: Any, height: int, width: int) -> Any:
    """Values of blocks as int32 of height × width pixels, bilinear between the middles of blocks."""
    rows, columns = blocks.shape
    pixels, blended = np.empty((height, width), np.int32), np.empty(columns + 1, np.int32)
    lefts, parts = np.empty(width, np.uint32), np.empty(width, np.int32)
    for x in range(width):
        across = _place(x, columns)
        lefts[x], parts[x] = across >> 4, across & 15
    for y in range(height):
        down = _place(y, rows)
        above, share = down >> 4, np.int32(down & 15)
        below = min(above + 1, rows - 1)
        for column in range(columns):
            blended[column] = blocks[above, column] * (16 - share) + blocks[below, column] * share
        blended[columns] = blended[columns - 1]
        row = pixels[y]
        for x in range(width):
            left, part = lefts[x], parts[x]
            one, other = (
                np.int32(blended[left] * np.int32(np.int32(16) - part)),
                np.int32(blended[left + np.uint32(1)] * part),
            )
            row[x] = np.int32(np.int32(one + other) >> np.int32(8))
    return pixels
