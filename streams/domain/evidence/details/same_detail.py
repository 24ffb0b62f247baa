"""Whether two aligned pictures have their finer detail in the same places.

Averages alone do not make a copy: a picture can average to another one. Compression, blur and smaller sizes take detail
away, noise adds the same everywhere; all leave it where it was. Two photos of different things have it elsewhere. Whole
numbers decide.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.details.detail import UNITS_A_LEVEL
from streams.domain.evidence.evidence import Evidence
from streams.domain.evidence.parts import PARTS, by_part, shared_parts
from streams.domain.evidence.thumbnail import SIDE

MIN_COSINE: Final = 930
MIN_CORRELATION: Final = 600
MIN_SQUARED_CORRELATION: Final = 700
"""In thousandths, of detail, and of its square, to which noise adds a constant. One of them is enough. Of 571 copies of
16 photos, noisy, blurred, cropped and framed ones among them, all but one have that, or are blurred; of pairs of
different photos a tenth."""

LITTLE: Final = 2 * UNITS_A_LEVEL
"""Where all parts have less there is nothing to hide."""

BLURRED_PERCENT: Final = 60
SOFTENED_PERCENT: Final = 75
MIN_SOFTENED_COSINE: Final = 900
MAX_NATURAL_PERCENT: Final = 140
"""A picture that keeps no more than that of its detail, for its contrast, was blurred or made small; outlines keep more
of it than noise does. The detail of the other one may then lie anywhere, or nearly anywhere, if it is no stronger than
in photos: beside what the thumbnail keeps of contrast."""

EDGE_PARTS: Final = 1
"""Frames and bars shine into the parts at the edge of a picture."""

_AROUND: Final = 2
"""The contrast of a thumbnail is that of its pixels against so many on all sides."""


def has_same_detail(known: Evidence, query: Evidence, shares: NDArray[np.int64]) -> bool:
    """Whether nothing shows that two aligned pictures differ in detail.

    Args:
        known, query: of which one may lack detail: then nothing shows.
        shares: the map from the known picture to the query in 1/ONE of their sides.
    """
    if not known.detail or not query.detail:
        return True
    shared = shared_parts(known.detail, query.detail, shares, margin=EDGE_PARTS)
    if shared is None:
        return True
    one, other = ([int(value) for value in values[:, 0]] for values in shared)
    if (
        max(*one, *other) < LITTLE
        or _cosine_reaches(one, other, MIN_COSINE)
        or _correlation_reaches(one, other, MIN_CORRELATION)
        or _correlation_reaches([v * v for v in one], [v * v for v in other], MIN_SQUARED_CORRELATION)
    ):
        return True
    softened = _cosine_reaches(one, other, MIN_SOFTENED_COSINE)
    return _is_blurred(known, query, SOFTENED_PERCENT if softened else BLURRED_PERCENT)


def _cosine_reaches(one: list[int], other: list[int], thousandths: int) -> bool:
    both = _product(one, other)
    squares = _product(one, one) * _product(other, other)
    return squares > 0 and both**2 * 1_000_000 >= thousandths**2 * squares


def _correlation_reaches(one: list[int], other: list[int], thousandths: int) -> bool:
    count = len(one)
    both = count * _product(one, other) - sum(one) * sum(other)
    if both <= 0:
        return False
    spreads = [count * _product(values, values) - sum(values) ** 2 for values in (one, other)]
    return both**2 * 1_000_000 >= thousandths**2 * spreads[0] * spreads[1]


def _product(one: list[int], other: list[int]) -> int:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _is_blurred(known: Evidence, query: Evidence, percent: int) -> bool:
    """Whether one of two pictures has so much of the other's detail at most, and that one no more than photos have."""
    (weak, weak_contrast), (strong, strong_contrast) = sorted(
        (_strength(each) for each in (known, query)), key=lambda pair: pair[0] * 1_000_000 // max(pair[1], 1)
    )
    lost = weak * strong_contrast * 100**2 <= percent**2 * strong * weak_contrast
    return lost and strong * 100**2 <= MAX_NATURAL_PERCENT**2 * strong_contrast


def _strength(evidence: Evidence) -> tuple[int, int]:
    """Sums of squares of a picture's detail and of its thumbnail's contrast, on one scale."""
    pixels = evidence.thumbnails[0].pixels.astype(np.int64)
    padded, side = np.pad(pixels, _AROUND, mode="edge"), 2 * _AROUND + 1
    around = sum(padded[y : y + SIDE, x : x + SIDE] for y in range(side) for x in range(side))
    contrast = int(np.square(side * side * pixels - around).sum()) // side**4
    detail = int(np.square(by_part(evidence.detail)).sum())
    return detail * (SIDE // PARTS) ** 2, contrast * UNITS_A_LEVEL**2
