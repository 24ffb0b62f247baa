"""Whether a copy shows something else in a detail, by the bands and the places of the aligned pictures."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.details.bands import count_bands
from streams.domain.evidence.details.changes import EDGE_PIXELS, Changes, measure_changes
from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.grounds.plain import has_even_ground
from streams.domain.evidence.placement import pixel_map
from streams.domain.evidence.prepared import pixels
from streams.domain.evidence.thumbnail import EDGE
from streams.domain.evidence.verify import Placement
from streams.domain.hashes.views import FULL

Pixels = NDArray[np.uint8]

MAX_BANDS: Final = 5
"""Bands that may show something else. Memes of one photo with other words have 14 and more; of copies of photos to
which nothing was added, 2 % have more than 5."""

CHANGE_LINES: Final = ((56, 28), (128, 10), (248, 5))
CHANGE_SHARE: Final = 2
"""The worst place may differ by (first + second × what nearly all others do) / CHANGE_SHARE, of the line that allows
least. Of copies of photos 98 % do: those that differ little anywhere differ very little in their worst place, and those
that differ everywhere do so in all places alike. So half of the photos are found that have another number, price, face
or word which bands look past, and were altered beside."""

EQUAL_STEPS: Final = ((72, 6), (50, 60), (40, 150))
"""Where so many places, in percent, do not differ at all, something was done to a few places alone, and the worst may
differ by so much. In copies of photos as JPEG of quality 90 up to 70 % of places do not differ; where half do not, the
worst differs by 14 at most. In one photo with another number, encoded alike, 80 % and more do not differ."""

MIN_DRAWN_EVEN_PERCENT: Final = 60
MAX_DRAWN_USUAL: Final = 60
"""On so even a ground nearly all places of a copy differ by less. Maps with other names differ by 69 and more."""


def differs_in_detail(
    known: Evidence,
    query: Evidence,
    placement: Placement,
    shares: NDArray[np.int64],
    shown: tuple[Thumbnail, Thumbnail],
) -> bool:
    """Whether a copy shows something else somewhere.

    Args:
        known, query: the evidence of both pictures.
        placement: how they were aligned.
        shares: the same as a map between whole pictures.
        shown: the whole pictures on the grounds on which they matched.
    """
    known_pixels, query_pixels = aligned_pixels(known, query, placement)
    if count_bands(known_pixels, query_pixels, placement.map) > MAX_BANDS:
        return True
    parts = known.thumbnails[placement.known], query.thumbnails[placement.query]
    if _differ(measure_changes(known_pixels, query_pixels, placement.map, *map(_edge, parts)), shown):
        return True
    if not all(map(_is_small, parts)):
        return False
    wholes = known.thumbnails[0].pixels, query.thumbnails[0].pixels
    return _differ(measure_changes(*wholes, pixel_map(shares)), shown)


def aligned_pixels(known: Evidence, query: Evidence, placement: Placement) -> tuple[Pixels, Pixels]:
    """The thumbnails that were aligned, at the sizes at which they were; the query's as dark as the known one."""
    known_pixels = pixels(known.prepared, placement.known, placement.known_size)
    query_pixels = pixels(query.prepared, placement.query, placement.query_size)
    return known_pixels, 255 - query_pixels if placement.sign < 0 else query_pixels


def most_change(usual: int) -> int:
    """How much the worst place of a copy may differ, times CHANGE_SHARE, given what nearly all others do."""
    return min(first + more * usual for first, more in CHANGE_LINES)


def _differ(changes: Changes, shown: tuple[Thumbnail, Thumbnail]) -> bool:
    if changes.usual > MAX_DRAWN_USUAL and has_even_ground(shown[0].packed, MIN_DRAWN_EVEN_PERCENT):
        return True
    if any(changes.equal_percent >= percent and changes.worst > most for percent, most in EQUAL_STEPS):
        return True
    return changes.worst * CHANGE_SHARE > most_change(changes.usual)


def _edge(thumbnail: Thumbnail) -> int:
    """Pixels at the edge of a thumbnail that may show a frame or bars."""
    return 0 if thumbnail.view == FULL else EDGE_PIXELS


def _is_small(thumbnail: Thumbnail) -> bool:
    """Whether more lies around a part than a frame: a card has a portrait, and words beside it."""
    left, top, right, bottom = thumbnail.box
    return (right - left) * (bottom - top) * 2 < EDGE * EDGE
