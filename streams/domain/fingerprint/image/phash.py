"""Hashes and quality of a small luminance picture; no decoding.

The perceptual hash is that of the library imagehash (`imagehash.phash`, highfreq_factor 4): the DCT-II of the picture,
and for each of its lowest frequencies a bit that is set if the frequency is above their median. The tests compare with
imagehash itself, the slow twin. The kernels add in the order that is written here, so that every machine rounds alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled

Pixels = NDArray[np.uint8]

DECIMALS = 5
"""Coefficients are rounded, so that coefficients that are equal in theory (flat or symmetric pictures) are equal here,
on every machine. Without rounding, up to 31 of 64 bits are noise."""

FULL_QUALITY_GRADIENTS = 9000
"""The sum of gradients of quality 1. PDQ divides by 90 for a quality of 0 to 100 (Facebook, PDQ, 2019, §4.3)."""


def _dct_rows(length: int, lowest_frequencies: int) -> NDArray[np.float64]:
    """The first rows of the DCT-II matrix in scipy.fftpack's default scale, which imagehash uses.

    An orthonormal matrix would weigh the first row and column less, and move them across the median.
    """
    positions = 2 * np.arange(length) + 1
    angles = np.pi / (2 * length) * np.outer(np.arange(lowest_frequencies), positions)
    return np.asarray(2 * np.cos(angles), dtype=np.float64)


_ROWS = {hash_size: _dct_rows(4 * hash_size, hash_size) for hash_size in (8, 16)}
_COLUMNS = {hash_size: np.ascontiguousarray(rows.T) for hash_size, rows in _ROWS.items()}


def lowest_frequencies(pixels: Pixels) -> NDArray[np.float64]:
    """The lowest frequencies of a square picture: a quarter of its side in each direction, vertical frequency first.

    Args:
        pixels: luminance, 32 by 32 or 64 by 64.

    Returns:
        Multiples of 10^-DECIMALS.
    """
    hash_size = len(pixels) // 4
    block = np.empty((hash_size, hash_size))
    _transform(pixels, _ROWS[hash_size], _COLUMNS[hash_size], block)
    return block


@compiled()
def _transform(pixels: Any, rows: Any, columns: Any, block: Any) -> None:
    side, size = len(pixels), len(block)
    levels = pixels.astype(np.float64)
    halfway = np.empty(side)
    for vertical in range(size):
        _sum_products(levels, rows[vertical], halfway)
        _sum_products(columns, halfway, block[vertical])
        for horizontal in range(size):
            block[vertical, horizontal] = np.rint(block[vertical, horizontal] * 10.0**DECIMALS) / 10.0**DECIMALS


@compiled()
def _sum_products(lines: Any, factors: Any, sums: Any) -> None:
    """Sum of lines, multiplied by their factors; four lines at a time, so that sums are seldom loaded and stored."""
    sums[:] = 0
    for at in range(0, len(factors), 4):
        a, b, c, d = factors[at], factors[at + 1], factors[at + 2], factors[at + 3]
        for x in range(len(sums)):
            first, second = a * lines[at, x] + b * lines[at + 1, x], c * lines[at + 2, x] + d * lines[at + 3, x]
            sums[x] += first + second


def phash_hex(pixels: Pixels) -> str:
    """The perceptual hash of a square picture, in imagehash's hex notation.

    Args:
        pixels: luminance, 32 by 32 for 64 bits or 64 by 64 for 256 bits.

    Returns:
        16 or 64 lower-case hex digits, row by row from the lowest vertical frequency, most significant bit first.
    """
    return hash_bytes(lowest_frequencies(pixels)[None]).tobytes().hex()


def hash_bytes(blocks: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The hashes of blocks of frequencies: a bit per frequency, set if it is above the median of its block.

    Args:
        blocks: n blocks of frequencies, multiples of 10^-DECIMALS.

    Returns:
        n rows of bytes, most significant bit first.
    """
    numbers = np.rint(blocks.reshape(len(blocks), -1) * 10.0**DECIMALS).astype(np.int64)
    hashes = np.empty((len(numbers), numbers.shape[1] // 8), np.uint8)
    for block, target in zip(numbers, hashes, strict=True):
        write_hash(block, target)
    return hashes


@compiled()
def write_hash(numbers: Any, target: Any) -> None:
    """The bits of one hash: set where a number is above the median.

    Args:
        numbers: an even number of whole numbers.
        target: bytes, most significant bit first; written.
    """
    # A number above the median is above the lower one of the two in the middle, and the other way round.
    median = _lower_median(numbers)
    for byte in range(len(target)):
        bits = 0
        for at in range(8 * byte, 8 * byte + 8):
            bits = bits << 1 | (numbers[at] > median)
        target[byte] = bits


@compiled()
def _lower_median(numbers: Any) -> Any:
    """The lower one of the two numbers in the middle, by bisection: counting is fast, as it needs no branches."""
    low, high = numbers[0], numbers[0]
    for at in range(len(numbers)):
        low, high = min(low, numbers[at]), max(high, numbers[at])
    below, up_to_high = 0, len(numbers)
    while low < high and up_to_high - below > 1:
        middle = low + (high - low >> 1)
        not_above = 0
        for at in range(len(numbers)):
            not_above += 1 if numbers[at] <= middle else 0
        if 2 * not_above >= len(numbers):
            high, up_to_high = middle, not_above
        else:
            low, below = middle + 1, not_above
    # One number is left, or several equal ones.
    median = low
    for at in range(len(numbers)):
        median = max(median, numbers[at] if numbers[at] <= high else low)
    return median


def quality(pixels: Pixels) -> float:
    """How much structure a picture has, from 0 (uniform) to 1, as PDQ measures it.

    The sum of the differences between neighbours, in whole hundredths of the full range, so that faint noise counts as
    nothing. PDQ advises not to match pictures below 0.5.

    Args:
        pixels: luminance, 64 by 64.
    """
    return min(1.0, round(int(_gradients(pixels)) / FULL_QUALITY_GRADIENTS, 4))


@compiled()
def _gradients(pixels: Any) -> Any:
    total, (height, width) = np.int64(0), pixels.shape
    for y in range(height):
        for x in range(width):
            level = np.int32(pixels[y, x])
            if y > 0:
                total += abs(level - np.int32(pixels[y - 1, x])) * 100 // 255
            if x > 0:
                total += abs(level - np.int32(pixels[y, x - 1])) * 100 // 255
    return total
