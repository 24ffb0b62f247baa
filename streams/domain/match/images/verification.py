"""Which candidate a submitted picture is a copy of: evidence decides, the nearest candidate first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from math import ceil
from typing import Final, Literal, NamedTuple

from streams.domain.evidence.differences import MAP_SIDE
from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.evidence.geometry import SAME_GEOMETRY, corner_distance
from streams.domain.evidence.judge import Judgement, judge
from streams.domain.evidence.placement import views_shares
from streams.domain.evidence.verify import MatchedViews
from streams.domain.hashes.views import AS_WHOLE, VIEWS
from streams.domain.match.images.pairs import NearPair, near_pairs
from streams.domain.match.operations import ImageCandidate
from streams.domain.match.ranking import CONFIDENCE_ORDER, CopyRank
from streams.domain.policy.policy import Policy
from streams.domain.records import Relation
from streams.domain.state.content import MAX_DRIFT_BLOCKS, Content

STRICTEST_BITS: Final = 24
"""Bits of 256 that may differ where there is no evidence. No two of 3,781 garments are as near."""

EVIDENCE_CACHED: Final = 512
"""Evidence of so many contents is kept unpacked, about 45 kB each."""

MAX_WORK: Final = 24
"""Once candidates have cost so much (`Judgement.work`), the others, which are further away, are not looked at. All of
MAX_CANDIDATES photos fit, six pages of one layout as the submission, or twelve of others."""

TOLD_GEOMETRY: Final = 2 * SAME_GEOMETRY
"""Of pairs that imply nearly the same place, people are told of whole pictures: the alignment found the rest."""

BLOCKS: Final = MAP_SIDE * MAP_SIDE


class PictureCopy(NamedTuple):
    """A known picture that the submission is a copy of.

    Attributes:
        known: the known picture.
        pair: the views that people are shown.
        confidence: how sure it is.
        score: correlation of the evidence in thousandths; None without evidence, as the next two.
        differs: share of the submission that is not the known picture.
        blocks: where, as `evidence.differences` has it.
        drift_blocks: as `Content.drift_blocks`, of the submission's content in the group of the known picture.
        is_reused: the policy lets the submission inherit the verdict.
    """

    known: Content
    pair: NearPair
    confidence: Literal["certain", "likely", "unverified"]
    score: int | None = None
    differs: float | None = None
    blocks: bytes = b""
    drift_blocks: int = 0
    is_reused: bool = False

    @property
    def relation(self) -> Relation:
        """A collage contains the known picture."""
        return "contains" if VIEWS[self.pair.view].panel else ""

    @property
    def rank(self) -> CopyRank:
        return CopyRank(CONFIDENCE_ORDER.index(self.confidence), self.differs or 0.0, -(self.score or 0))


def find_copy(
    candidates: Iterable[ImageCandidate],
    entries: bytes,
    evidence: bytes,
    policy: Policy,
    known: Callable[[str], tuple[Content, bytes]],
) -> PictureCopy | None:
    """The known picture that a submission is a copy of, or may be.

    Args:
        candidates: the nearest first.
        entries: of the submission, as its policy compares them.
        evidence: of the submission, packed; empty if it has none.
        policy: of the submission.
        known: the content of a content id, and its packed evidence or nothing.
    """
    best: PictureCopy | None = None
    work = 0
    for candidate in candidates:
        if work >= MAX_WORK:
            break
        copy, cost = _compare(*known(candidate.content_id), entries, evidence, policy)
        work += cost
        if copy is not None and copy.is_reused:
            return copy
        if copy is not None and (best is None or copy.rank < best.rank):
            best = copy
    return best


def compare(
    known: Content, known_evidence: bytes, entries: bytes, evidence: bytes, policy: Policy
) -> PictureCopy | None:
    """Whether the submission is a copy of one known picture."""
    return _compare(known, known_evidence, entries, evidence, policy)[0]


def _compare(
    known: Content, known_evidence: bytes, entries: bytes, evidence: bytes, policy: Policy
) -> tuple[PictureCopy | None, int]:
    """`compare`, and its cost, as `Judgement.work`."""
    pairs = near_pairs(entries, known.entries, policy)
    if not pairs:
        return None, 0
    of_known, of_query = _unpacked(known_evidence), _unpacked(evidence)
    if of_known is None or of_query is None:
        return _unverified(known, pairs, policy), 0
    judged = judge_pairs(pairs, of_known, of_query, policy)
    copy = _copy_of(known, pairs, judged, of_known, of_query, policy) if judged.confidence else None
    return copy, judged.work


def _copy_of(
    known: Content, pairs: list[NearPair], judged: Judgement, of_known: Evidence, of_query: Evidence, policy: Policy
) -> PictureCopy | None:
    """What the policy makes of a judgement; None if too much of the submission is not the known picture.

    A verdict is about the group's canonical picture. So a copy of a copy is reused only if the two may differ by no
    more, together, than one copy may.
    """
    assert judged.confidence
    pair = _told_pair(pairs, judged.views, of_known, of_query)
    is_part = VIEWS[pair.view].panel
    if judged.differs > policy.max_differs and not is_part:
        return None
    drift = known.drift_blocks / BLOCKS + judged.differs
    drift_blocks = min(ceil(round(drift * BLOCKS, 3)), MAX_DRIFT_BLOCKS)
    is_reused = judged.confidence == "certain" and drift <= policy.reuse_differs and not is_part
    found = judged.confidence, judged.score, judged.differs, judged.blocks
    return PictureCopy(known, pair, *found, drift_blocks, is_reused)


def judge_pairs(pairs: list[NearPair], known: Evidence, query: Evidence, policy: Policy) -> Judgement:
    """What the evidence of a candidate says; `pairs` are those of near views, at least one, the nearest first."""
    nearest = pairs[0]
    matched = [pair.views for pair in pairs]
    return judge(known, query, matched, nearest.hash64_distance_bits, _bits_of_256(nearest, policy))


@lru_cache(EVIDENCE_CACHED)
def _unpacked(packed: bytes) -> Evidence | None:
    return unpack_evidence(packed)


def _unverified(known: Content, pairs: list[NearPair], policy: Policy) -> PictureCopy | None:
    """Whole pictures whose hashes are nearly equal."""
    for pair in pairs:
        if pair.rule == AS_WHOLE and _bits_of_256(pair, policy) <= STRICTEST_BITS:
            return PictureCopy(known, pair, "unverified")
    return None


def _bits_of_256(pair: NearPair, policy: Policy) -> int:
    """The distance of the hashes that decide, as if they had 256 bits."""
    if policy.hash_bits == 256:
        return pair.hash256_distance_bits
    return pair.hash64_distance_bits * 256 // policy.hash_bits


def _told_pair(pairs: list[NearPair], best: MatchedViews | None, known: Evidence, query: Evidence) -> NearPair:
    """The pair that people are shown.

    Whole pictures if their hashes are nearly equal; else, of the pairs that imply nearly the best geometry, the nearest
    of whole pictures, else the nearest.
    """
    for pair in pairs:
        if pair.rule == AS_WHOLE and pair.hash256_distance_bits <= STRICTEST_BITS:
            return pair
    if best is None:
        return pairs[0]
    implied = views_shares(known, query, [best])
    same = [
        pair
        for pair in pairs
        if corner_distance(views_shares(known, query, [pair.views]), implied) <= TOLD_GEOMETRY
        and VIEWS[pair.view].negated == VIEWS[best.query_view].negated
    ]
    return min(same, key=lambda pair: (pair.rule, pair))
