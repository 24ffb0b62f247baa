"""Explains two pictures: every distance of hashes that the policy looks at, what evidence says, and the match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streams.domain.evidence.evidence import unpack_evidence
from streams.domain.evidence.judge import MIN_SCORE, Judgement
from streams.domain.hashes.algorithms import ALGORITHMS
from streams.domain.hashes.notation import Hash, distance_bits
from streams.domain.match.images.comparison import (
    ViewComparison,
    compare_pictures,
    judge_pictures,
    match_pictures,
)
from streams.domain.match.images.wording import refusal_in_words
from streams.domain.match.outcome import map_rows
from streams.domain.match.selection import packed_evidence
from streams.domain.policy.policy import Policy
from streams.services.explain.agreement import Agreement, find_agreement
from streams.services.explain.explanation import Explanation, too_little_structure
from streams.services.media_files import PictureFile
from streams.services.wording import OUTCOME_WORDS, view_in_words


@dataclass(frozen=True)
class HashDistance:
    """A hash that both whole pictures have. `threshold_bits` is None where the policy does not compare by it."""

    algorithm: str
    known: str
    submitted: str
    distance_bits: int
    bits: int
    threshold_bits: int | None


@dataclass(frozen=True, slots=True)
class PictureEvidence:
    """What the evidence of two pictures with near hashes says, whether they match or not.

    Attributes:
        judgement: decides.
        agreement: shows, block by block; None if the pictures cannot be laid on each other.
    """

    judgement: Judgement
    agreement: Agreement | None

    @property
    def rows(self) -> list[str]:
        """Where the submitted picture differs, as `Match.map` has it."""
        return map_rows(self.judgement.blocks)


@dataclass(frozen=True, slots=True)
class PictureExplanation(Explanation):
    """The result of submitting one picture when another is known.

    The `comparisons` say whether the known picture is a candidate; `evidence` decides whether a candidate is a copy. It
    is None if the known picture is not a candidate, or a picture has no evidence.
    """

    known: PictureFile
    submitted: PictureFile
    comparisons: list[ViewComparison]
    evidence: PictureEvidence | None

    def summary(self, known: str = "A", submitted: str = "B") -> str:
        if self.match is not None and self.is_reviewed:
            return f"{submitted} would go to review, beside {known}. {self.match.explanation}"
        if self.match is not None:
            return f"{submitted} would be called an {OUTCOME_WORDS[self.outcome]} of {known}. {self.match.explanation}"
        if self.evidence is not None:
            judged, max_differs = self.evidence.judgement, self.policy.max_differs
            refusal = refusal_in_words(judged.score, MIN_SCORE, judged.differs, max_differs=max_differs)
            return f"{submitted} would not be called a copy of {known}: {refusal}."
        return f"{submitted} would not be called a copy of {known}. {self._why_no_copy(known, submitted)}"

    def hashes(self) -> list[HashDistance]:
        """The hashes that both whole pictures have, and their distances."""
        known, submitted = self.known.facts.hashes, self.submitted.facts.hashes
        thresholds = _thresholds(self.policy)
        return [
            HashDistance(
                name,
                known[name],
                submitted[name],
                distance_bits(Hash(name, known[name]), Hash(name, submitted[name])),
                ALGORITHMS[name].bits,
                thresholds.get(ALGORITHMS[name].name),
            )
            for name in known
            if name in submitted and name in ALGORITHMS
        ]

    def evidence_as_json(self) -> dict[str, Any]:
        return {
            "hashes": self.hashes(),
            "comparisons": [_comparison_as_json(found) for found in self.comparisons],
            "evidence": _evidence_as_json(self.evidence, self.policy) if self.evidence else None,
        }

    def _why_no_copy(self, known: str, submitted: str) -> str:
        if not self.policy.near:
            return "The policy compares bytes alone, and these differ."
        if remark := too_little_structure(self, known, submitted, "its quality is"):
            return remark
        if not self.comparisons:
            return "They have no view in common that the policy compares."
        nearest = self.comparisons[0]
        if nearest.matches:
            return "Their hashes are near, but one of them has no evidence, so that only nearly equal hashes match."
        views = f"{view_in_words(nearest.view)} of {submitted} and {view_in_words(nearest.known_view)} of {known}"
        return f"Nearest are {views}: {_distances_in_words(nearest, self.policy)}."


def explain_pictures(known: PictureFile, submitted: PictureFile, policy: Policy) -> PictureExplanation:
    facts = known.facts, submitted.facts
    match = match_pictures(*facts, policy, media_id=known.name, submitted_id=submitted.name)
    comparisons = compare_pictures(*facts, policy)
    judged = judge_pictures(*facts, policy)
    evidence = _picture_evidence(judged, known, submitted, comparisons[0]) if judged else None
    return PictureExplanation(known, submitted, policy, match, comparisons, evidence)


def _picture_evidence(
    judged: Judgement, known: PictureFile, submitted: PictureFile, nearest: ViewComparison
) -> PictureEvidence:
    of_known, of_submitted = (unpack_evidence(packed_evidence(medium.facts)) for medium in (known, submitted))
    if of_known is None or of_submitted is None:
        return PictureEvidence(judged, None)
    return PictureEvidence(judged, find_agreement(of_known, of_submitted, judged.views or nearest.pair))


def _distances_in_words(nearest: ViewComparison, policy: Policy) -> str:
    """`30 of 64 bits differ, 10 may; 120 of 256 bits differ, 80 may`"""
    words = f"{nearest.near_bits} of {min(policy.hash_bits, 64)} bits differ, {nearest.near_threshold_bits} may"
    if nearest.confirm_bits is None:
        return words
    return f"{words}; {nearest.confirm_bits} of 256 bits differ, {nearest.confirm_threshold_bits} may"


def _thresholds(policy: Policy) -> dict[str, int]:
    if not policy.near:
        return {}
    if policy.hash_bits < 256:
        return {policy.hash: policy.radius_bits}
    return {f"{policy.hash.rstrip('0123456789')}64": policy.radius_bits, policy.hash: policy.confirm_bits}


def _evidence_as_json(evidence: PictureEvidence, policy: Policy) -> dict[str, Any]:
    judged, agreement = evidence.judgement, evidence.agreement
    return {
        "confidence": judged.confidence,
        "score": judged.score,
        "needed_score": MIN_SCORE,
        "differs": judged.differs,
        "reuse_differs": policy.reuse_differs,
        "max_differs": policy.max_differs,
        "map": evidence.rows,
        "agreement": agreement.as_json() if agreement else None,
    }


def _comparison_as_json(comparison: ViewComparison) -> dict[str, Any]:
    """Programs read these names: `turn` is an orientation, `near` means hash64 and `confirm` hash256."""
    return {
        "view": comparison.view,
        "turn": comparison.turn,
        "known_view": comparison.known_view,
        "known_turn": comparison.known_turn,
        "near_bits": comparison.near_bits,
        "near_threshold_bits": comparison.near_threshold_bits,
        "near_hash": comparison.near_hash,
        "known_near_hash": comparison.known_near_hash,
        "confirm_bits": comparison.confirm_bits,
        "confirm_threshold_bits": comparison.confirm_threshold_bits,
        "confirm_hash": comparison.confirm_hash,
        "known_confirm_hash": comparison.known_confirm_hash,
        "transformation": comparison.transformation,
        "matches": comparison.matches,
    }
