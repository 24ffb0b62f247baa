"""Whether a candidate is the same picture as the query: what evidence, hashes, colours, pixels and ink together decide.

Here is the decision alone; the measurements are in files of their own. Pictures with texture are decided by the
correlation of their thumbnails (verify.py), and are less than certain where a band of them shows something else, as
words do (details/). Paper is decided by its ink (paper/), and is less than certain where only one of a pair is paper. A
plain picture, and an object on even ground without ink, is certain only if its pixels are equal, or if it has the same
tones and colours (colours.py): as it lies, or as aligned where it has much texture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.colours.chroma import colour_distance, is_coloured, is_grey
from streams.domain.evidence.colours.tones import outline_distance, tone_distance, tone_distance_on_ground
from streams.domain.evidence.details.detail_rule import differs_in_detail
from streams.domain.evidence.details.same_detail import has_same_detail
from streams.domain.evidence.differences import AGREES, DIFFERS, MAP_SIDE, share_that_differs
from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.geometry import ONE, corner_distance
from streams.domain.evidence.grounds.objects import is_same_thing, is_upright, lies_as_it_did
from streams.domain.evidence.grounds.plain import has_even_ground, is_blank, is_bold, is_plain
from streams.domain.evidence.grounds.seen_alike import is_seen_alike
from streams.domain.evidence.paper.compare import Geometry, compare_pages
from streams.domain.evidence.paper.page import Page
from streams.domain.evidence.placement import IDENTITY, aligned_shares, views_shares
from streams.domain.evidence.verify import MatchedViews, Verification, verify
from streams.domain.evidence.words.compare import has_other_words
from streams.domain.hashes.views import CUT_OUT, GROUNDS, OTHER_GROUND

Confidence = Literal["certain", "likely", ""]

MIN_SCORE: Final = 490
"""The correlation, in thousandths, from which two pictures are the same one."""

MIN_BLURRED_SCORE: Final = 300
MAX_BLURRED_BITS: Final = 24
"""Blur leaves a lower score, but few differing bits of 256. No two garments of 3,781 differ in so few."""

MIN_TEXTURED: Final = 34
"""Blocks, of 64, that must have texture. With fewer the score says little: flags, logos, blank pages, gradients."""

MIN_PHOTO_SCORE: Final = 880
MIN_UNEVEN_PHOTO_SCORE: Final = 840
MIN_FORM_EVEN_PERCENT: Final = 80
"""Dimmed photos may count as paper. Pages of text have a ground as uneven as theirs, but other pages of one layout
correlate by 832 at most; forms and tables by up to 975, and their ground is even. So less is enough where the other
picture has no even ground."""

MAX_MAGNIFIED: Final = 10 * ONE // 3
"""What is magnified more shows less than 30 % of the known picture: an extract says something else."""

MIN_WORDS_OF_PAGE: Final = 40
"""Pages of so many words are scanned upside down. What has fewer, or is bold, may be an arrow: turned, it says another
thing."""

MAX_INK_TONE_DISTANCE: Final = 40
"""Grey levels, but for how bright the ground is: ink says nothing about how dark a shirt or a bar is."""

MAX_COLOUR_DISTANCE: Final = 24
"""Compression and small crops change colours less than that; half the saturation, sepia and other colours more."""

MAX_PLAIN_COLOUR_DISTANCE: Final = 12
MAX_PLAIN_TONE_DISTANCE: Final = 10
MAX_OUTLINE_DISTANCE: Final = 14
"""Of bold drawings. Half of the icons that were halved in size have 9 or more, JPEG or not; of different icons of one
outline and the same colours, none has less than 28."""

OTHER_COLOUR_DISTANCE: Final = 48
"""Plain pictures that are coloured both and differ by more are other pictures: flags with the same stripes."""

THUMBNAILS_WORK, EARLY_INK_WORK, INK_WORK, WORDS_WORK = 1, 1, 3, 2
"""What comparing costs, in comparisons of thumbnails: of thumbnails; of ink beside, where the small levels tell the
pages apart; of ink on all levels; of words, where they are others."""

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
        work: what the decision cost, in comparisons of thumbnails; the same on any machine.
    """

    confidence: Confidence
    score: int
    differs: float
    blocks: bytes
    views: MatchedViews | None
    work: int = THUMBNAILS_WORK


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
    judged = _by_evidence(known, query, matched, confirm_bits, found, shares)
    if judged.confidence == "certain" and not (
        is_seen_alike(known, query)
        and _says_the_same(known, query, shares)
        and _looks_the_same(known, query, shares, found, matched)
    ):
        return replace(judged, confidence="likely")
    if judged.confidence == "certain" and _has_other_words(known, query, shares):
        return replace(judged, confidence="likely", work=judged.work + WORDS_WORK)
    return judged


def _looks_the_same(
    known: Evidence,
    query: Evidence,
    shares: NDArray[np.int64],
    found: Verification,
    matched: Sequence[MatchedViews],
) -> bool:
    """Whether what is finer than the thumbnails agrees, as well. Of two pages the ink has decided that."""
    if known.ink is not None and query.ink is not None:
        return True
    if any(each.view in GROUNDS for each in _shown(known, query, found, matched)):
        return True  # detail is that of the picture on its own ground
    return has_same_detail(known, query, shares)


def _has_other_words(known: Evidence, query: Evidence, shares: NDArray[np.int64]) -> bool:
    words = known.shown_words, query.shown_words
    return words[0] is not None and words[1] is not None and has_other_words(words[0], words[1], shares)


def _says_the_same(known: Evidence, query: Evidence, shares: NDArray[np.int64]) -> bool:
    """Whether a copy is no small extract and no drawing that is turned or mirrored, as arrows and letters are."""
    a, b, _, d, e, _ = (int(number) for number in shares)
    area = (a * e - b * d) // ONE
    if abs(area) > MAX_MAGNIFIED:
        return False
    if is_upright(shares):
        return True
    one, other = known.thumbnails[0], query.thumbnails[0]
    # A photo may have contrast everywhere; a drawing has plain parts.
    is_bold_pair = all(is_bold(each.packed) and is_plain(each.packed) for each in (one, other))
    is_paper = known.ink is not None and query.ink is not None
    if is_paper and area > 0 and not is_bold_pair and known.ink is not None and known.ink.words >= MIN_WORDS_OF_PAGE:
        return True
    is_drawn = is_paper or is_bold_pair
    # What is symmetrical lies as it did, whichever way it was aligned.
    return not is_drawn or tone_distance(one.pixels, other.pixels) <= MAX_PLAIN_TONE_DISTANCE


def _by_evidence(
    known: Evidence,
    query: Evidence,
    matched: Sequence[MatchedViews],
    confirm_bits: int,
    found: Verification,
    shares: NDArray[np.int64],
) -> Judgement:
    shown = _shown(known, query, found, matched)
    confidence = _by_texture(known, query, found, confirm_bits, shares, shown)
    judgement = Judgement(confidence, found.score, found.differs, found.blocks, found.views)
    inks = [_ink(each, thumbnail) for each, thumbnail in zip((known, query), shown, strict=True)]
    if inks[0] is not None and inks[1] is not None:
        if CUT_OUT not in (shown[0].view, shown[1].view):
            return _by_ink(known, query, inks[0], inks[1], judgement, shares)
        inks[0] = None  # its ink lies on another ground
    is_doubtful = False
    if (inks[0] is None) != (inks[1] is None):
        paper, other = shown if inks[1] is None else shown[::-1]
        is_doubtful = not _is_photo(paper, other, found.score) and not _is_bold_copy(shown)
    if judgement.confidence == "certain" and is_doubtful:
        return replace(judgement, confidence="likely")
    return judgement


def _is_photo(paper: Thumbnail, other: Thumbnail, score: int) -> bool:
    """Whether what counts as paper is a photo after all, given that the other one does not count as paper.

    Where the ground is uneven only words made it paper, and copies of words have words.
    """
    if not has_even_ground(paper.packed):
        return True
    uneven = not is_plain(paper.packed) and not has_even_ground(paper.packed, MIN_FORM_EVEN_PERCENT)
    is_level = is_plain(other.packed) or has_even_ground(other.packed)
    return uneven and score >= (MIN_PHOTO_SCORE if is_level else MIN_UNEVEN_PHOTO_SCORE)


def _shown(
    known: Evidence, query: Evidence, found: Verification, matched: Sequence[MatchedViews]
) -> tuple[Thumbnail, Thumbnail]:
    """The whole pictures on the grounds on which they matched."""
    pair = found.views or (matched[0] if matched else None)
    if pair is None or not (pair.known_view in GROUNDS or pair.query_view in GROUNDS):
        return known.thumbnails[0], query.thumbnails[0]
    return known.thumbnail_of(pair.known_view), query.thumbnail_of(pair.query_view)


def _ink(evidence: Evidence, shown: Thumbnail) -> Page | None:
    return evidence.ink_on_other_ground if shown.view == OTHER_GROUND else evidence.ink


def _shares(
    known: Evidence, query: Evidence, found: Verification, matched: Sequence[MatchedViews]
) -> NDArray[np.int64]:
    """The map from the known picture to the query, as aligned or, where nothing aligns, as the nearest views imply."""
    placed = found.placement
    if placed is None:
        return views_shares(known, query, matched)
    return aligned_shares(known, query, placed)


def _by_texture(
    known: Evidence,
    query: Evidence,
    found: Verification,
    confirm_bits: int,
    shares: NDArray[np.int64],
    shown: tuple[Thumbnail, Thumbnail],
) -> Confidence:
    few_bits = confirm_bits <= MAX_BLURRED_BITS
    if found.textured < MIN_TEXTURED:
        confidence = _plain(known, query, shown, shares)
        # Noise turns many bits where there is little to see.
        return confidence if confidence == "certain" or few_bits or found.score >= MIN_SCORE else ""
    if found.score < MIN_SCORE and not (few_bits and found.score >= MIN_BLURRED_SCORE):
        return ""
    placement = found.placement
    if placement is None:
        return "likely"
    on_ground = all(is_plain(each.packed) and has_even_ground(each.packed) for each in shown)
    if on_ground and _plain(known, query, shown, shares) == "certain":
        return "certain"
    if on_ground:
        if CUT_OUT in (shown[0].view, shown[1].view):  # chroma is that of the picture on its own ground
            return "likely"
        if not is_same_thing(known, query, found, shares, shown):
            return "likely"
    most = MAX_PLAIN_COLOUR_DISTANCE if on_ground else MAX_COLOUR_DISTANCE
    if not (_same_colours(known, query, shares, most, may_fade=True) or _is_grey_copy(known, query, shown)):
        return "likely"
    return "likely" if differs_in_detail(known, query, placement, shares, shown) else "certain"


def _plain(
    known: Evidence, query: Evidence, shown: tuple[Thumbnail, Thumbnail], shares: NDArray[np.int64]
) -> Confidence:
    whole, other = shown
    if not known.chroma or not query.chroma or is_blank(whole.packed) or is_blank(other.packed):
        return "likely"
    # As they lie: along a stripe an alignment finds no hold.
    distance = colour_distance(known.chroma, query.chroma, IDENTITY)
    same_tones = tone_distance(whole.pixels, other.pixels) <= MAX_PLAIN_TONE_DISTANCE or _is_bold_copy(shown)
    if distance is not None and distance <= MAX_PLAIN_COLOUR_DISTANCE and same_tones:
        return "certain"
    if CUT_OUT in (whole.view, other.view):  # chroma is that of the picture on its own ground
        return "likely"
    distance = colour_distance(known.chroma, query.chroma, shares)
    coloured = is_coloured(known.chroma) and is_coloured(query.chroma)
    return "" if coloured and distance is not None and distance > OTHER_COLOUR_DISTANCE else "likely"


def _is_bold_copy(shown: tuple[Thumbnail, Thumbnail]) -> bool:
    """Whether two bold drawings lie alike and have the same outlines. Small copies of drawings have no ink."""
    one, other = shown
    if not (is_bold(one.packed) and is_bold(other.packed)):
        return False
    return outline_distance(one.pixels, other.pixels) <= MAX_OUTLINE_DISTANCE


def _same_colours(
    known: Evidence, query: Evidence, shares: NDArray[np.int64], most: int, *, may_fade: bool = False
) -> bool:
    """Whether the colours of two pictures agree; pictures without large plain parts do."""
    if not known.chroma or not query.chroma:
        return True
    distance = colour_distance(known.chroma, query.chroma, shares, may_fade=may_fade)
    return distance is not None and distance <= most


def _is_grey_copy(known: Evidence, query: Evidence, shown: tuple[Thumbnail, Thumbnail]) -> bool:
    """Whether one of two pictures is the other without its colours: a thing in another colour has other tones, too."""
    return is_grey(known.chroma) != is_grey(query.chroma) and lies_as_it_did(shown)


def _is_darker(known: Evidence, query: Evidence) -> bool:
    """Whether parts of one of two pictures that lie alike are darker, however bright the ground is."""
    one, other = known.thumbnails[0].pixels, query.thumbnails[0].pixels
    return tone_distance_on_ground(one, other) > MAX_INK_TONE_DISTANCE


def _by_ink(
    known: Evidence, query: Evidence, ink: Page, query_ink: Page, judged: Judgement, shares: NDArray[np.int64]
) -> Judgement:
    """What the ink of two pages decides, given what their thumbnails said."""
    geometry = Geometry(shares, known.thumbnails[0].box, query.thumbnails[0].box)
    found = compare_pages(ink, query_ink, [geometry])
    score = min(max(found.score, 0), 1000)
    alike = corner_distance(shares, IDENTITY) <= LIES_ALIKE
    work = THUMBNAILS_WORK + (EARLY_INK_WORK if found.refused_early else INK_WORK)
    if found.same:
        same = judged.confidence == "certain" or _same_colours(known, query, shares, MAX_COLOUR_DISTANCE)
        is_other = not same or (alike and _is_darker(known, query))
        confidence: Confidence = "likely" if is_other else "certain"
        blocks = judged.blocks.replace(bytes([DIFFERS]), bytes([AGREES]))
        return Judgement(confidence, score, share_that_differs(blocks), blocks, judged.views, work)
    if found.has_few_other_words or (judged.confidence and not alike):
        return replace(judged, confidence="likely", score=score, work=work)
    return replace(judged, confidence="", score=score, work=work)
