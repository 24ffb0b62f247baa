"""Hashes and quality of a small luminance picture; pure numpy, no decoding.

The perceptual hash is that of the library imagehash (`imagehash.phash`, highfreq_factor 4): the DCT-II of the picture,
and for each of its lowest frequencies a bit that is set if the frequency is above their median. The tests compare with
imagehash itself, the slow twin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    """
    hash_size = len(pixels) // 4
    return (_ROWS[hash_size] @ pixels.astype(np.float64) @ _COLUMNS[hash_size]).round(DECIMALS)


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
        blocks: n blocks of frequencies.

    Returns:
        n rows of bytes, most significant bit first.
    """
    flat = blocks.reshape(len(blocks), -1)
    middle = flat.shape[1] // 2
    ordered = np.partition(flat, (middle - 1, middle), axis=1)
    medians = (ordered[:, middle - 1] + ordered[:, middle]) / 2
    return np.packbits(flat > medians[:, None], axis=1)


def quality(pixels: Pixels) -> float:
    """How much structure a picture has, from 0 (uniform) to 1, as PDQ measures it.

    The sum of the differences between neighbours, in whole hundredths of the full range, so that faint noise counts as
    nothing. PDQ advises not to match pictures below 0.5.

    Args:
        pixels: luminance, 64 by 64.
    """
    levels = pixels.astype(np.int16)
    down = np.abs(levels[1:] - levels[:-1]) * 100 // 255
    across = np.abs(levels[:, 1:] - levels[:, :-1]) * 100 // 255
    return min(1.0, round(int(down.sum() + across.sum()) / FULL_QUALITY_GRADIENTS, 4))
