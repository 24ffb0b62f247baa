"""What is known of 8 × 8 parts of a picture, laid over another picture. Whole numbers throughout."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.geometry import ONE

PARTS: Final = 8
"""Parts a side."""

MIN_SHARED: Final = 8
"""Parts, of 64, that both pictures must show."""


class SharedParts(NamedTuple):
    """The parts of a known picture that a query shows, too: rows of values, in order.

    Attributes:
        known: as the known picture has them.
        query: of the same places, interpolated between the parts of the query.
    """

    known: NDArray[np.int64]
    query: NDArray[np.int64]


def shared_parts(
    known: bytes,
    query: bytes,
    shares: NDArray[np.int64],
    margin: int = 0,
) -> SharedParts | None:
    """Lay the parts of a query over those of a known picture; None if they share less than MIN_SHARED parts.

    Args:
        known, query: values of PARTS × PARTS parts, row by row, a byte each.
        shares: the map from the known picture to the query in 1/ONE of their sides.
        margin: parts at the edges of both pictures that do not count.
    """
    middles = (2 * np.arange(PARTS, dtype=np.int64) + 1) * ONE // (2 * PARTS)
    x, y = middles[None, :], middles[:, None]
    u = (shares[0] * x + shares[1] * y) // ONE + shares[2]
    v = (shares[3] * x + shares[4] * y) // ONE + shares[5]
    least, end = margin * ONE // PARTS, (PARTS - margin) * ONE // PARTS
    shown = np.ones((PARTS, PARTS), np.bool_)
    for place in (x, y, u, v):
        shown &= (place >= least) & (place < end)
    if int(shown.sum()) < MIN_SHARED:
        return None
    # In 1/16 of a part, from the middle of the first part to that of the last.
    last = 16 * (PARTS - 1)
    across = (u[shown] * 16 * PARTS // ONE - 8).clip(0, last - 1)
    down = (v[shown] * 16 * PARTS // ONE - 8).clip(0, last - 1)
    column, row, f, g = across >> 4, down >> 4, (across & 15)[:, None], (down & 15)[:, None]
    grid = by_part(query)
    above = grid[row, column] * (16 - f) + grid[row, column + 1] * f
    below = grid[row + 1, column] * (16 - f) + grid[row + 1, column + 1] * f
    return SharedParts(by_part(known)[shown], (above * (16 - g) + below * g + 128) >> 8)


def by_part(values: bytes) -> NDArray[np.int64]:
    """The values of parts as PARTS × PARTS × values."""
    return np.frombuffer(values, np.uint8).reshape(PARTS, PARTS, -1).astype(np.int64)
