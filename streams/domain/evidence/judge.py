"""Whether a candidate is the same picture as the query: what evidence, hashes, colour, pixels and ink together decide.

Here is the decision alone. The steps that it weighs are in files of their own: verify.py aligns thumbnails and
correlates them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from streams.domain.evidence.evidence import Evidence
from streams.domain.evidence.verify import MatchedViews, Verification, verify

Confidence = Literal["certain", "likely", ""]

MIN_SCORE: Final = 490
"""The correlation, in thousandths, from which two pictures are the same one."""

MIN_BLURRED_SCORE: Final = 300
MAX_BLURRED_BITS: Final = 24
"""Blur leaves a lower score, but few differing bits of 256. No two garments of 3,781 differ in so few."""

MIN_TEXTURED: Final = 34
"""Blocks, of 64, that must have texture. With fewer the score says little: flags, logos, blank pages, gradients."""

MIN_LIKELY_SCORE: Final = 400


@dataclass(frozen=True)
class Judgement:
    """What is decided about a candidate.

    Attributes:
        confidence: `certain`, `likely` (a person should look), or empty: not a match.
        score: correlation in thousandths after alignment; 0 where the pictures do not align.
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
    found = verify(known, query, matched)
    confidence = _confidence(found, confirm_bits)
    return Judgement(confidence, found.score, found.differs, found.blocks, found.views)


def _confidence(found: Verification, confirm_bits: int) -> Confidence:
    same = found.score >= MIN_SCORE or (found.score >= MIN_BLURRED_SCORE and confirm_bits <= MAX_BLURRED_BITS)
    if found.textured < MIN_TEXTURED:
        return "likely" if same or confirm_bits <= MAX_BLURRED_BITS else ""
    if same:
        return "certain"
    return "likely" if found.score >= MIN_LIKELY_SCORE else ""
