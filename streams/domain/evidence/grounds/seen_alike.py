"""Whether a transparent picture shows the same on white and on black, and so the same as a copy on one ground.

Some pictures are made to show one thing on white and another on black. A verdict about one must not decide about the
other.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.colours.tones import tone_distance
from streams.domain.evidence.evidence import Evidence
from streams.domain.evidence.thumbnail import SIDE
from streams.domain.hashes.views import OTHER_GROUND

MIN_ALPHA: Final = 32
MAX_ALPHA: Final = 223
"""Between them a pixel is neither picture nor ground, but a mixture."""

MAX_MIXED_PERCENT: Final = 10
"""Of the pixels that have mixed pixels on all sides, which edges have not."""

MAX_TONE_DISTANCE: Final = 16


def is_seen_alike(known: Evidence, query: Evidence) -> bool:
    """Whether nobody can see two matching pictures differ by setting them on another ground."""
    mixed = [_is_mixed(each) for each in (known, query)]
    if not any(mixed):
        return True
    if not all(mixed):
        return False
    pairs = zip(_on_black_and_white(known), _on_black_and_white(query), strict=True)
    return all(tone_distance(*pair) <= MAX_TONE_DISTANCE for pair in pairs)


def _is_mixed(evidence: Evidence) -> bool:
    if evidence.thumbnail_of(OTHER_GROUND).view != OTHER_GROUND:
        return False
    on_black, on_white = (pixels.astype(np.int16) for pixels in _on_black_and_white(evidence))
    alpha = 255 - (on_white - on_black)
    mixed = (alpha >= MIN_ALPHA) & (alpha <= MAX_ALPHA)
    within = np.ones((SIDE - 2, SIDE - 2), np.bool_)
    for down in range(3):
        for across in range(3):
            within &= mixed[down : down + SIDE - 2, across : across + SIDE - 2]
    return int(within.sum()) * 100 > MAX_MIXED_PERCENT * SIDE * SIDE


def _on_black_and_white(evidence: Evidence) -> list[NDArray[np.uint8]]:
    """The thumbnails on both grounds, the darker first: that is the one on black."""
    shown = (evidence.thumbnails[0].pixels, evidence.thumbnail_of(OTHER_GROUND).pixels)
    return sorted(shown, key=lambda pixels: int(pixels.sum(dtype=np.int64)))
