"""How far a pair of different photos is from `reuse`: the worst of all that `streams.domain.evidence.judge` asks for.

A photo is reused if its score is high enough, if few bands show something else, if no place differs far more than the
others, if a small share differs in all, and if its finer detail is where the other one has it. The shortfall of a pair
is how much all these thresholds would have to be relaxed together until it passes: 0 at the thresholds, FAR where two
photos that have nothing in common lie. One number has a tail that can be continued; the score alone tells too little,
since a pair must pass the rest, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams.domain.evidence.details.bands import count_bands
from streams.domain.evidence.details.changes import measure_changes
from streams.domain.evidence.details.detail_rule import CHANGE_SHARE, MAX_BANDS, aligned_pixels, most_change
from streams.domain.evidence.details.same_detail import has_same_detail
from streams.domain.evidence.evidence import Evidence
from streams.domain.evidence.judge import MAX_BLURRED_BITS, MIN_BLURRED_SCORE, MIN_SCORE, MIN_TEXTURED
from streams.domain.evidence.placement import aligned_shares
from streams.domain.evidence.verify import MatchedViews, Verification, verify
from streams.domain.policy.policy import DEFAULT_POLICY

FAR: Final = MIN_SCORE
"""In points of the score: photos that have nothing in common correlate by 0."""

FAR_BITS, FAR_BANDS, FAR_CHANGE, FAR_DIFFERS = 128.0, 100.0, 4.0, 1.0
"""What photos that have nothing in common have: bits of 256 that differ, bands, the worst place by what is allowed, and
the share that differs."""


def reuse_shortfall(known: Evidence, query: Evidence, matched: Sequence[MatchedViews], confirm_bits: int) -> int | None:
    """Points from 0 (reused, but for colours) to FAR.

    Args:
        known, query: of two photos.
        matched: pairs of views that are laid on each other, the nearest first.
        confirm_bits: differing bits, of 256, of the nearest pair.

    Returns:
        None where the texture of both does not decide: plain pictures, paper.
    """
    found = verify(known, query, matched)
    if found.placement is None or not found.score:
        return FAR
    if found.textured < MIN_TEXTURED or (known.ink is not None and query.ink is not None):
        return None
    if not has_same_detail(known, query, aligned_shares(known, query, found.placement)):
        return FAR
    by_score = _way(MIN_SCORE - found.score, MIN_SCORE)
    blurred = max(
        _way(MIN_BLURRED_SCORE - found.score, MIN_BLURRED_SCORE),
        _way(confirm_bits - MAX_BLURRED_BITS, FAR_BITS - MAX_BLURRED_BITS),
    )
    differs = _way(found.differs - DEFAULT_POLICY.reuse_differs, FAR_DIFFERS - DEFAULT_POLICY.reuse_differs)
    return round(FAR * max(min(by_score, blurred), differs, _by_places(known, query, found)))


def _by_places(known: Evidence, query: Evidence, found: Verification) -> float:
    placed = found.placement
    assert placed is not None
    known_pixels, query_pixels = aligned_pixels(known, query, placed)
    bands = count_bands(known_pixels, query_pixels, placed.map)
    changes = measure_changes(known_pixels, query_pixels, placed.map)
    change = changes.worst * CHANGE_SHARE / most_change(changes.usual)
    return max(_way(bands - MAX_BANDS, FAR_BANDS - MAX_BANDS), _way(change - 1.0, FAR_CHANGE - 1.0))


def _way(beyond: float, far: float) -> float:
    """The part of the way from a threshold to what has nothing in common, 0 to 1."""
    return min(max(beyond / far, 0.0), 1.0)
