"""Random timelines of videos, for the tests of alignment and of shared captions. No tests here."""

from __future__ import annotations

import random

from tests.reference.alignment import Timeline


def random_timeline(rng: random.Random) -> Timeline:
    """Moments that are points, spans, or touch; now and then far apart."""
    moments: list[tuple[int, int]] = []
    at = rng.choice((0, 0, 40, 2_000))
    for _ in range(rng.randint(1, 14)):
        length = rng.choice((0, 0, 200, 700, 3_000, 20_000))
        moments.append((at, at + length))
        at += length + rng.choice((1, 250, 500, 1_000, 4_000, 70_000, 200_000))
    return Timeline(moments, moments[-1][1] + rng.choice((0, 1, 500, 9_000)) + 1)
