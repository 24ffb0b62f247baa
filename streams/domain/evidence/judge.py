"""Whether a candidate is the same picture as the query: what evidence, hashes, colours, pixels and ink together decide.

Here is the decision alone; the measurements are in files of their own. Pictures with texture are decided by the
correlation of their thumbnails (verify.py), and are less than certain where a band of them shows something else, as
words do (bands.py). Paper is decided by its ink (paper/), and is less than certain where only one of a pair is paper. A
plain picture, and a drawing on even ground without ink, is certain only if its pixels are equal, or if it lies alike
and has the same tones and colours (colours.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.bands import count_bands
from streams.domain.evidence.colours import colour_distance, is_coloured, tone_distance
from streams.domain.evidence.differences import AGREES, DIFFERS, MAP_SIDE, share_that_differs
from streams.domain.evidence.evidence import Evidence
from streams.domain.evidence.geometry import ONE, corner_distance
from streams.domain.evidence.paper.compare import Geometry, compare_pages
from streams.domain.evidence.placement import IDENTITY, part_shares, views_shares, whole_shares
from streams.domain.evidence.plain import has_even_ground, is_blank, is_plain
from streams.domain.evidence.prepared import pixels
from streams.domain.evidence.verify import MatchedViews, Verification, verify

Confidence = Literal["certain", "likely", ""]

MIN_SCORE: Final = 490
"""The correlation, in thousandths, from which two pictures are the same one."""

MIN_BLURRED_SCORE: Final = 300
MAX_BLURRED_BITS: Final = 24
"""Blur leaves a lower score, but few differing bits of 256. No two garments of 3,781 differ in so few."""

MIN_TEXTURED: Final = 34
"""Blocks, of 64, that must have texture. With fewer the score says little: flags, logos, blank pages, gradients."""

MAX_BANDS: Final = 5
"""Bands that may show something else. Memes of one photo with other words have 14 and more; of copies of photos to
which nothing was added, 2 % have more than 5."""

MAX_COLOUR_DISTANCE: Final = 24
"""Compression and small crops change colours less than that; half the saturation, sepia and other colours more."""

MAX_PLAIN_COLOUR_DISTANCE: Final = 12
MAX_PLAIN_TONE_DISTANCE: Final = 10
OTHER_COLOUR_DISTANCE: Final = 48
"""Plain pictures that are coloured both and differ by more are other pictures: flags with the same stripes."""

LIES_ALIKE: Final = ONE * 15 // 1000
"""Pictures lie alike if no corner is moved further: nothing is cropped, turned or mirrored."""


@dataclass(frozen=True)
class Judgement:
    """What is decided about a candidate.

    Attributes:
        confidence: `certain`, `likely` (a person should look), or empty: not a match.
        score: correlation in thousandths after alignment, of the ink where that decided; 0 where nothing aligns.
        differs: the share of the query that is not the known picture, 0 to 1.
        blocks: where the query differs, row by row; see `streams.domain.evidence.differences`.
        views: the views whose geometry was the best; None where there was none.
    """

    confidence: Confidence
    score: int
    differs: float
    blocks: bytes
    views: MatchedViews | None


def judge(
    known: Evidence, query: Evidence, matched: Sequence[MatchedViews], near_bits: int, confirm_bits: int
) -> Judgement:
    """Decide about one candidate.

    Args:
        known: of a known content.
        query: of the submission.
        matched: pairs of views with near hashes, the nearest first.
        near_bits: differing bits, of 64, of the nearest pair.
        confirm_bits: differing bits, of 256, of the nearest pair.
    """
    if known.pixels and known.pixels == query.pixels:
        return Judgement("certain", 1000, 0.0, bytes([AGREES]) * (MAP_SIDE * MAP_SIDE), matched[0] if matched else None)
    found = verify(known, query, matched)
    shares = _shares(known, query, found, matched)
    judgement = Judgement(
        _by_texture(known, query, found, confirm_bits, shares), found.score, found.differs, found.blocks, found.views
    )
    if known.ink is not None and query.ink is not None:
        return _by_ink(known, query, judgement, shares)
    if judgement.confidence == "certain" and (known.ink is None) != (query.ink is None):
        return replace(judgement, confidence="likely")
    return judgement


def _shares(
    known: Evidence, query: Evidence, found: Verification, matched: Sequence[MatchedViews]
) -> NDArray[np.int64]:
    """The map from the known picture to the query, as aligned or, where nothing aligns, as the nearest views imply."""
    placed = found.placement
    if placed is None:
        return views_shares(known, query, matched)
    return whole_shares(part_shares(placed), known.thumbnails[placed.known].box, query.thumbnails[placed.query].box)


def _by_texture(
    known: Evidence, query: Evidence, found: Verification, confirm_bits: int, shares: NDArray[np.int64]
) -> Confidence:
    few_bits, pair = confirm_bits <= MAX_BLURRED_BITS, (known, query)
    if found.textured < MIN_TEXTURED:
        confidence = _plain(known, query, shares)
        # Noise turns many bits where there is little to see.
        return confidence if confidence == "certain" or few_bits or found.score >= MIN_SCORE else ""
    if found.score < MIN_SCORE and not (few_bits and found.score >= MIN_BLURRED_SCORE):
        return ""
    if all(is_plain(each.thumbnails[0].packed) and has_even_ground(each.thumbnails[0].packed) for each in pair):
        return _plain(known, query, shares) or "likely"
    placement = found.placement
    if placement is None or not _same_colours(known, query, shares, MAX_COLOUR_DISTANCE):
        return "likely"
    known_pixels = pixels(known.prepared, placement.known, placement.known_size)
    query_pixels = pixels(query.prepared, placement.query, placement.query_size)
    if placement.sign < 0:
        query_pixels = 255 - query_pixels
    return "likely" if count_bands(known_pixels, query_pixels, placement.map) > MAX_BANDS else "certain"


def _plain(known: Evidence, query: Evidence, shares: NDArray[np.int64]) -> Confidence:
    whole, other = known.thumbnails[0], query.thumbnails[0]
    if not known.chroma or not query.chroma or is_blank(whole.packed) or is_blank(other.packed):
        return "likely"
    # As they lie: along a stripe an alignment finds no hold.
    distance = colour_distance(known.chroma, query.chroma, IDENTITY)
    tones = tone_distance(whole.pixels, other.pixels)
    if distance is not None and distance <= MAX_PLAIN_COLOUR_DISTANCE and tones <= MAX_PLAIN_TONE_DISTANCE:
        return "certain"
    distance = colour_distance(known.chroma, query.chroma, shares)
    coloured = is_coloured(known.chroma) and is_coloured(query.chroma)
    return "" if coloured and distance is not None and distance > OTHER_COLOUR_DISTANCE else "likely"


def _same_colours(known: Evidence, query: Evidence, shares: NDArray[np.int64], most: int) -> bool:
    """Whether the colours of two pictures agree; pictures without large plain parts do."""
    if not known.chroma or not query.chroma:
        return True
    distance = colour_distance(known.chroma, query.chroma, shares)
    return distance is not None and distance <= most


def _by_ink(known: Evidence, query: Evidence, judged: Judgement, shares: NDArray[np.int64]) -> Judgement:
    """What the ink of two pages decides, given what their thumbnails said."""
    assert known.ink is not None and query.ink is not None
    geometry = Geometry(shares, known.thumbnails[0].box, query.thumbnails[0].box)
    found = compare_pages(known.ink, query.ink, [geometry])
    score = min(max(found.score, 0), 1000)
    if found.same:
        confidence: Confidence = "certain" if _same_colours(known, query, shares, MAX_COLOUR_DISTANCE) else "likely"
        blocks = judged.blocks.replace(bytes([DIFFERS]), bytes([AGREES]))
        return Judgement(confidence, score, share_that_differs(blocks), blocks, judged.views)
    alike = corner_distance(shares, IDENTITY) <= LIES_ALIKE
    if found.has_few_other_words or (judged.confidence and not alike):
        return replace(judged, confidence="likely", score=score)
    return replace(judged, confidence="", score=score)
