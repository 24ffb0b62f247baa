"""The slow twin of match/images/verification.py: which candidate a picture is a copy of, by the judge's word."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.evidence.geometry import corner_distance
from streams.domain.evidence.judge import Judgement
from streams.domain.evidence.placement import views_shares
from streams.domain.evidence.verify import MatchedViews
from streams.domain.hashes.views import VIEWS
from tests.reference.nearest import Known, Pair

Judge = Callable[[Evidence, Evidence, Sequence[MatchedViews], int, int], Judgement]
CONFIDENCES = ("certain", "likely", "unverified")


@dataclass(frozen=True)
class Copy:
    known: Known
    pair: Pair
    confidence: str
    score: int | None
    differs: float | None
    map: list[str]
    drift: int
    is_reused: bool


def copy_of(
    candidates: list[tuple[Known, list[Pair]]], facts: dict[str, Any], policy: dict[str, Any], judge: Judge
) -> Copy | None:
    """The first candidate that the policy reuses; else the one that leaves the least doubt."""
    copies, work = [], 0
    for known, pairs in candidates:
        if work >= 24:
            break
        copy, cost = _compared(known, pairs, facts, policy, judge)
        work += cost
        if copy is not None and copy.is_reused:
            return copy
        if copy is not None:
            copies.append(copy)
    return min(copies, key=doubt, default=None)


def doubt(copy: Copy) -> tuple[int, float, int]:
    return CONFIDENCES.index(copy.confidence), copy.differs or 0.0, -(copy.score or 0)


def _compared(
    known: Known, pairs: list[Pair], facts: dict[str, Any], policy: dict[str, Any], judge: Judge
) -> tuple[Copy | None, int]:
    of_known, of_query = (unpack_evidence(b64decode(packed)) for packed in (known.evidence, facts["evidence"]))
    if of_known is None or of_query is None:
        strict = (pair for pair in pairs if not pair.is_part and bits_of_256(pair, policy) <= 24)
        pair = next(strict, None)
        return Copy(known, pair, "unverified", None, None, [], 0, is_reused=False) if pair else None, 0
    judged = judge(
        of_known, of_query, [each.views for each in pairs], pairs[0].near_bits, bits_of_256(pairs[0], policy)
    )
    if not judged.confidence:
        return None, judged.work
    pair = pairs[0]
    sure = next((each for each in pairs if not each.is_part and each.confirm_bits <= 24), None)
    if sure is not None:
        pair = sure
    elif judged.views is not None:
        best = next(each for each in pairs if each.views == judged.views)
        alike = [each for each in pairs if _implies_the_same(each.views, best.views, of_known, of_query)]
        pair = min(alike, key=lambda each: (each.is_part, each.rank))
    rows = ["".join(".=x+"[block] for block in judged.blocks[at : at + 8]) for at in range(0, 64, 8)]
    in_collage = VIEWS[pair.own.view].panel
    if judged.differs > policy["max_differs"] and not in_collage:
        return None, judged.work
    drift = known.drift / 64 + judged.differs
    is_reused = judged.confidence == "certain" and drift <= policy["reuse_differs"] and not in_collage
    in_64ths = min(31, ceil(round(drift * 64, 3))) if is_reused else 0
    copy = Copy(known, pair, judged.confidence, judged.score, judged.differs, rows, in_64ths, is_reused)
    return copy, judged.work


def bits_of_256(pair: Pair, policy: dict[str, Any]) -> int:
    bits = int(policy["hash"].lstrip("abcdefghijklmnopqrstuvwxyz"))
    return pair.confirm_bits if bits == 256 else pair.near_bits * 256 // bits


def _implies_the_same(one: MatchedViews, other: MatchedViews, known: Evidence, query: Evidence) -> bool:
    """Both pairs imply nearly the same place, and are of pictures in the same light."""
    places = [views_shares(known, query, [pair]) for pair in (one, other)]
    negated = [VIEWS[pair.query_view].negated for pair in (one, other)]
    return negated[0] == negated[1] and int(corner_distance(*places)) <= 2 * (65536 // 20)
