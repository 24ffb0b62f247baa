"""Whether a thing on an even ground is the same thing.

Even ground says nothing, and the outlines of two things of one kind are alike: so the tones must be, too.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.colours.tones import (
    aligned_tone_distance,
    outline_distance,
    outline_distance_in_other_light,
)
from streams.domain.evidence.details.detail_rule import aligned_pixels
from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.verify import Verification

MIN_TEXTURED_OBJECT: Final = 48
MAX_OBJECT_TONE_DISTANCE: Final = 28
"""Blocks, of 64, with texture, and grey levels, by which a thing is the same in another place or size. Of 2,000 emoji
drawings, pairs of neighbouring skin tones have 30 and more, but for five."""

MIN_TEXTURED_UPRIGHT: Final = 40
MAX_UPRIGHT_TONE_DISTANCE: Final = 20
"""By which it is, if it is not turned or mirrored: left and right fists are mirrored."""

MAX_STILL_DISTANCE: Final = 8
"""Or a thing that lies as it did has the same outlines, in any light: thumbnails of one thing on white, encoded twice,
differ in tones by more than plain pictures may where it has fine outlines."""


def is_same_thing(
    known: Evidence,
    query: Evidence,
    found: Verification,
    shares: NDArray[np.int64],
    shown: tuple[Thumbnail, Thumbnail],
) -> bool:
    """Whether the tones of two things on even ground say so. Their colours and details are compared beside.

    Args:
        known, query: the evidence of both pictures.
        found: how they were aligned.
        shares: the same as a map between whole pictures.
        shown: the whole pictures on the grounds on which they matched.
    """
    placement = found.placement
    if placement is None:
        return False
    tones = aligned_tone_distance(*aligned_pixels(known, query, placement), placement.map)
    if tones is not None:
        if tones <= MAX_OBJECT_TONE_DISTANCE and found.textured >= MIN_TEXTURED_OBJECT:
            return True
        if tones <= MAX_UPRIGHT_TONE_DISTANCE and found.textured >= MIN_TEXTURED_UPRIGHT and is_upright(shares):
            return True
    return lies_as_it_did(shown) or _is_relit(shown)


def is_upright(shares: NDArray[np.int64]) -> bool:
    """Whether a map neither turns nor mirrors the picture."""
    a, b, _, d, e, _ = (int(number) for number in shares)
    return a > abs(b) and e > abs(d)


def lies_as_it_did(shown: tuple[Thumbnail, Thumbnail]) -> bool:
    """Whether two pictures that lie alike have the same outlines."""
    return outline_distance(shown[0].pixels, shown[1].pixels) <= MAX_STILL_DISTANCE


def _is_relit(shown: tuple[Thumbnail, Thumbnail]) -> bool:
    distance = outline_distance_in_other_light(shown[0].pixels, shown[1].pixels)
    return distance is not None and distance <= MAX_STILL_DISTANCE
