"""The hashes that other tools' users know: pHash, dHash, aHash and wHash of 16, 32, 64 and 256 bits.

Each is what the library imagehash calls `phash`, `dhash`, `average_hash` and `whash` (Haar) with hash_size 4, 8 and 16,
in its notation. 32 bits are 4 rows of 8 by the same definitions; imagehash has squares only. imagehash itself is the
slow twin which tests compare with. How a hash is written and compared is in streams.domain.hashes.algorithms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.image.decode import DRAFT_PIXELS
from streams.domain.fingerprint.image.phash import DECIMALS, phash
from streams.domain.hashes.algorithms import Algorithm, BadHash, current_algorithm
from streams.domain.hashes.notation import Hash

Pixels = NDArray[np.uint8]
Bits = NDArray[np.bool_]

HIGH_FREQUENCIES = 4
"""A pHash is of the lowest of this many times as many frequencies each way; imagehash's highfreq_factor."""

_LANCZOS = Image.Resampling.LANCZOS


def bounded(grey: Image.Image) -> Image.Image:
    """The picture averaged down as a JPEG is on decoding: by a whole number, both sides keeping 512 pixels."""
    factor = min(grey.size) // DRAFT_PIXELS
    return grey.reduce(factor) if factor > 1 else grey


def compute(name: str, grey: Image.Image) -> str:
    """One hash of a picture.

    Args:
        name: `phash64`, `dhash16` …: family and bits.
        grey: mode L, upright, of any size.

    Returns:
        Lower-case hex in imagehash's notation. Equal to imagehash's for a picture with a side below 1,024 pixels, with
        these exceptions: `phash64` and `phash256` are those of every fingerprint (see `fingerprint_image`), and where
        many coefficients are equal in theory (flat areas) imagehash's bits are rounding noise and ours are not.

    Raises:
        BadHash: no hash of this name, or PDQ, which is in the file beside.
    """
    form = current_algorithm(name)
    if name in ("phash64", "phash256"):
        return _phash_of_fingerprints(grey, form)
    family = _FAMILIES.get(name.rstrip("0123456789"))
    if family is None:
        raise BadHash(f"{name} is not computed here; these are: {', '.join(_FAMILIES)} of 16, 32, 64 and 256 bits")
    return Hash.from_bits(form.key, family(bounded(grey), form)).hex


def _phash_of_fingerprints(grey: Image.Image, form: Algorithm) -> str:
    """By the same two steps as in every fingerprint, so that one name and version is one hash."""
    picture = grey.resize((64, 64), _LANCZOS, reducing_gap=2.5)
    if form.bits == 64:
        picture = picture.resize((32, 32), _LANCZOS)
    return phash(np.asarray(picture))


def _phash(grey: Image.Image, form: Algorithm) -> Bits:
    """Whether each of the lowest frequencies is above their median."""
    rows, columns = HIGH_FREQUENCIES * form.rows, HIGH_FREQUENCIES * form.columns
    pixels = _resized(grey, columns, rows).astype(np.float64)
    return _above_median((_cosines(rows, form.rows) @ pixels @ _cosines(columns, form.columns).T).round(DECIMALS))


def _dhash(grey: Image.Image, form: Algorithm) -> Bits:
    """Whether each pixel is brighter than its left neighbour."""
    pixels = _resized(grey, form.columns + 1, form.rows)
    return pixels[:, 1:] > pixels[:, :-1]


def _ahash(grey: Image.Image, form: Algorithm) -> Bits:
    """Whether each pixel is above the mean."""
    pixels = _resized(grey, form.columns, form.rows)
    return np.asarray(pixels > pixels.mean(), dtype=np.bool_)


def _whash(grey: Image.Image, form: Algorithm) -> Bits:
    """Whether each approximation coefficient of the Haar transform is above their median.

    These coefficients are the means of blocks, but for a factor. imagehash removes the mean of the picture before,
    which moves all of them and their median alike; so whole numbers do.
    """
    natural = 1 << (min(grey.size).bit_length() - 1)
    side = max(min(natural, DRAFT_PIXELS), form.rows, form.columns)
    pixels = _resized(grey, side, side)
    blocks = pixels.reshape(form.rows, side // form.rows, form.columns, side // form.columns)
    return _above_median(blocks.sum(axis=(1, 3), dtype=np.int64))


_FAMILIES: dict[str, Callable[[Image.Image, Algorithm], Bits]] = {
    "phash": _phash,
    "dhash": _dhash,
    "ahash": _ahash,
    "whash": _whash,
}


def _resized(grey: Image.Image, width: int, height: int) -> Pixels:
    return np.asarray(grey.resize((width, height), _LANCZOS))


def _above_median(values: NDArray[np.float64] | NDArray[np.int64]) -> Bits:
    return np.asarray(values > np.median(values), dtype=np.bool_)


@cache
def _cosines(length: int, frequencies: int) -> NDArray[np.float64]:
    """The first rows of the DCT-II matrix, each with the factor 2 as scipy.fftpack has it."""
    angles = np.outer(np.arange(frequencies), 2 * np.arange(length) + 1) * (np.pi / (2 * length))
    return np.asarray(2 * np.cos(angles), dtype=np.float64)
