"""Whether two pictures have the same colours, where shape alone cannot tell. Whole numbers throughout."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import CHROMA_SIDE
from streams.domain.evidence.parts import by_part, shared_parts

WORST: Final = 4
"""The parts that differ most decide, not the mean: a cross on a flag is small."""

LEAST_FADED, MOST_FADED, AS_STRONG = 96, 640, 256
"""A filter, more or less light or contrast make all colours of a picture so many times as strong, of AS_STRONG. A
picture in other colours has other ones, not stronger or weaker ones; and grey may be another thing's colour."""

MAX_GREY: Final = 4
"""Distance of Cb and Cr from grey."""

MIN_SATURATION: Final = 8
"""Mean distance from grey from which a picture is coloured."""


def colour_distance(known: bytes, query: bytes, shares: NDArray[np.int64], *, may_fade: bool = False) -> int | None:
    """How much the colours of two pictures differ: |Cb - Cb'| + |Cr - Cr'|, mean of the WORST parts.

    Args:
        known, query: chroma as Evidence has it, not empty.
        shares: the map from the known picture to the query in 1/ONE of their sides.
        may_fade: colours that all are stronger, or weaker, by one factor do not differ.

    Returns:
        None if the pictures share less than MIN_SHARED parts.
    """
    shared = shared_parts(known, query, shares)
    if shared is None:
        return None
    own, other = shared.known - 128, shared.query - 128
    distance = _worst_parts(own, other)
    if not may_fade:
        return distance
    factor = int((own * other).sum()) * AS_STRONG // max(int(np.square(own).sum()), 1)
    if not LEAST_FADED <= factor <= MOST_FADED:
        return distance
    return min(distance, _worst_parts(own * factor // AS_STRONG, other))


def _worst_parts(own: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    distances = np.sort(np.abs(other - own).sum(axis=1))
    return int(distances[-WORST:].sum()) // WORST


def is_grey(chroma: bytes) -> bool:
    """Whether a picture has no colour anywhere; compression leaves a trace of some."""
    return int(np.abs(by_part(chroma) - 128).max()) <= MAX_GREY


def is_coloured(chroma: bytes) -> bool:
    """Whether a picture has colours, and is not grey or nearly so."""
    return int(np.abs(by_part(chroma) - 128).sum()) >= MIN_SATURATION * CHROMA_SIDE * CHROMA_SIDE
