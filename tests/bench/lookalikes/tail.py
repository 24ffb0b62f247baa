"""How often different pictures would be joined if there were far more pairs: the tail of their scores, extrapolated.

The number of pairs that reach a score falls exponentially with the score. A straight line through the logarithms of the
counts, continued to the threshold, gives the rate. The rate is an order of magnitude, not a precise figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

SHORTFALLS: Final = (390, 340, 290, 240, 190, 140, 90, 40)
"""Points below the threshold at which pairs are counted: scores of 100, 150 … 450 where the threshold is 490."""

MIN_PAIRS: Final = 3
"""Fewer pairs than this say little about the tail."""

FITTED_STEPS: Final = 3
"""The line goes through the counts of this many steps, the nearest to the threshold."""

MAX_SHARE: Final = 0.5
"""A step that more pairs than this reach belongs to the bulk of the scores, not to their tail."""

MAX_POINTS_A_TENTH: Final = 300
"""A flatter line is not a tail."""


@dataclass(frozen=True, slots=True)
class Tail:
    """`rate` of a pair at the threshold; the number of pairs falls to a tenth every `points_a_tenth` points."""

    rate: float
    points_a_tenth: float


def count_tail(shortfalls: Iterable[int]) -> dict[int, int]:
    """How many pairs come this near to the threshold, by points.

    Args:
        shortfalls: threshold minus score of every pair that has a score.
    """
    points = np.array(list(shortfalls), np.int64)
    return {step: int((points <= step).sum()) for step in SHORTFALLS}


def fit_tail(counts: Mapping[int, int], pairs: int) -> Tail | None:
    """The tail of a family; None where too few pairs come near the threshold, or their number hardly falls.

    Args:
        counts: as `count_tail` gives them.
        pairs: all pairs of the family, those without a score included.
    """
    in_tail = (step for step, count in counts.items() if MIN_PAIRS <= count <= MAX_SHARE * pairs)
    usable = sorted(in_tail)[:FITTED_STEPS]
    if len(usable) < 2:
        return None
    slope, logarithm = np.polyfit(usable, np.log10([counts[step] for step in usable]), 1)
    if slope * MAX_POINTS_A_TENTH < 1:
        return None
    return Tail(min(1.0, float(10**logarithm) / pairs), float(1 / slope))


def bound_rate(counts: Mapping[int, int], pairs: int, points_a_tenth: float) -> float | None:
    """A rate at the threshold that is not exceeded, in 95 of 100 cases, where too few pairs come near it for a fit.

    No pair comes within some step, so at most 3 in all pairs do (the rule of three). From there on the number is taken
    to fall as fast as in the tail of pairs that look more alike.

    Args:
        counts: as `count_tail` gives them.
        pairs: all pairs.
        points_a_tenth: of a tail that could be fitted.

    Returns:
        None if a pair comes within every step.
    """
    empty = [step for step, count in counts.items() if count == 0]
    if not empty or not pairs:
        return None
    return float(3 / pairs * 10 ** (-max(empty) / points_a_tenth))
