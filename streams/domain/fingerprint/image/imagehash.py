"""The hashes of the library imagehash, which other tools use: pHash, dHash, aHash, wHash of 16, 32, 64 and 256 bits.

They equal imagehash's `phash`, `dhash`, `average_hash` and `whash` (Haar) with hash_size 4, 8 and 16, in its notation.
32 bits are 4 rows of 8 by the same definitions, as imagehash has squares only. The tests compare with imagehash itself,
the slow twin. How a hash is written and compared is in streams.domain.hashes.algorithms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.image.decode import DRAFT_PIXELS
from streams.domain.fingerprint.image.phash import DECIMALS, phash_hex
from streams.domain.hashes.algorithms import Algorithm, BadHash, current_algorithm
from streams.domain.hashes.notation import Hash

Pixels = NDArray[np.uint8]
Bits = NDArray[np.bool_]

HIGH_FREQUENCY_FACTOR = 4
"""A pHash keeps the lowest of this many times as many frequencies in each direction; imagehash's highfreq_factor."""

_LANCZOS = Image.Resampling.LANCZOS


def reduced(grey: Image.Image) -> Image.Image:
    """The picture averaged down by a whole number, as a JPEG is when decoded: both sides keep 512 pixels."""
    factor = min(grey.size) // DRAFT_PIXELS
    return grey.reduce(factor) if factor > 1 else grey


def hash_hex(name: str, grey: Image.Image) -> str:
    """One hash of a picture.

    Args:
        name: family and bits, such as `phash64` or `dhash16`.
        grey: mode L, upright, of any size.

    Returns:
        Lower-case hex in imagehash's notation. It equals imagehash's for a picture with a side below 1,024 pixels, with
        two exceptions: `phash64` and `phash256` are those of every fingerprint (see `fingerprint_image`), and where
        many coefficients are equal in theory (flat areas) imagehash's bits are rounding noise and ours are not.

    Raises:
        BadHash: an unknown name, or PDQ, which is in pdq.py.
    """
    algorithm = current_algorithm(name)
    if name in ("phash64", "phash256"):
        return _fingerprint_phash(grey, algorithm)
    family_bits = _FAMILIES.get(name.rstrip("0123456789"))
    if family_bits is None:
        raise BadHash(f"{name} is not computed here; these are: {', '.join(_FAMILIES)} of 16, 32, 64 and 256 bits")
    return Hash.from_bits(algorithm.key, family_bits(reduced(grey), algorithm)).hex


def _fingerprint_phash(grey: Image.Image, algorithm: Algorithm) -> str:
    """Resizes in the same two steps as `fingerprint_image`, so that a name and version stand for one hash."""
    picture = grey.resize((64, 64), _LANCZOS, reducing_gap=2.5)
    if algorithm.bits == 64:
        picture = picture.resize((32, 32), _LANCZOS)
    return phash_hex(np.asarray(picture))


def _phash_bits(grey: Image.Image, algorithm: Algorithm) -> Bits:
    """A bit per frequency: set if it is above the median of the lowest frequencies."""
    rows, columns = HIGH_FREQUENCY_FACTOR * algorithm.rows, HIGH_FREQUENCY_FACTOR * algorithm.columns
    pixels = _resized(grey, columns, rows).astype(np.float64)
    frequencies = _cosines(rows, algorithm.rows) @ pixels @ _cosines(columns, algorithm.columns).T
    return _above_median(frequencies.round(DECIMALS))


def _dhash_bits(grey: Image.Image, algorithm: Algorithm) -> Bits:
    """A bit per pixel: set if it is brighter than its left neighbour."""
    pixels = _resized(grey, algorithm.columns + 1, algorithm.rows)
    return pixels[:, 1:] > pixels[:, :-1]


def _ahash_bits(grey: Image.Image, algorithm: Algorithm) -> Bits:
    """A bit per pixel: set if it is above the mean."""
    pixels = _resized(grey, algorithm.columns, algorithm.rows)
    return np.asarray(pixels > pixels.mean(), dtype=np.bool_)


def _whash_bits(grey: Image.Image, algorithm: Algorithm) -> Bits:
    """A bit per approximation coefficient of the Haar transform: set if it is above their median.

    The coefficients are the means of blocks, times a factor. imagehash first subtracts the mean of the picture, which
    moves all coefficients and their median alike; so sums in whole numbers give the same bits.
    """
    largest_power = 1 << (min(grey.size).bit_length() - 1)
    side = max(min(largest_power, DRAFT_PIXELS), algorithm.rows, algorithm.columns)
    pixels = _resized(grey, side, side)
    blocks = pixels.reshape(algorithm.rows, side // algorithm.rows, algorithm.columns, side // algorithm.columns)
    return _above_median(blocks.sum(axis=(1, 3), dtype=np.int64))


_FAMILIES: dict[str, Callable[[Image.Image, Algorithm], Bits]] = {
    "phash": _phash_bits,
    "dhash": _dhash_bits,
    "ahash": _ahash_bits,
    "whash": _whash_bits,
}


def _resized(grey: Image.Image, width: int, height: int) -> Pixels:
    return np.asarray(grey.resize((width, height), _LANCZOS))


def _above_median(values: NDArray[np.float64] | NDArray[np.int64]) -> Bits:
    return np.asarray(values > np.median(values), dtype=np.bool_)


@cache
def _cosines(length: int, frequencies: int) -> NDArray[np.float64]:
    """The first rows of the DCT-II matrix, with the factor 2 of scipy.fftpack."""
    angles = np.outer(np.arange(frequencies), 2 * np.arange(length) + 1) * (np.pi / (2 * length))
    return np.asarray(2 * np.cos(angles), dtype=np.float64)
