"""What counts of values say: how large nearly all are, and how large the largest."""

from __future__ import annotations

from typing import Any

import numpy as np

from streams.domain.hamming.jit import compiled


@compiled()
def value_reached(counts: Any, total: int, share: int, of: int) -> Any:
    """The lowest value that at least `share` of `of` parts of all values do not exceed.

    Args:
        counts: int64, by value from 0 on.
        total: the sum of `counts`, above 0.
        share, of: the part, at most 1.
    """
    value, below = np.int64(0), counts[0]
    while below * of < total * share:
        value += 1
        below += counts[value]
    return value


@compiled()
def mean_of_highest(counts: Any, number: int) -> Any:
    """The mean of the `number` highest values, rounded down; there must be as many."""
    total, left, value = np.int64(0), np.int64(number), len(counts) - 1
    while left > 0:
        taken = min(left, counts[value])
        total += taken * value
        left -= taken
        value -= 1
    return total // number
