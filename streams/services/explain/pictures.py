"""Explains two pictures: every distance of hashes that the policy looks at, and the match that results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streams.domain.hashes.algorithms import ALGORITHMS
from streams.domain.hashes.notation import Hash, distance_bits
from streams.domain.match.images.comparison import ViewComparison, compare_pictures, match_pictures
from streams.domain.policy.policy import Policy
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
class PictureExplanation(Explanation):
    """The result of submitting one picture when another is known. The first of the `comparisons` decides."""

    known: PictureFile
    submitted: PictureFile
    comparisons: list[ViewComparison]

    def summary(self, known: str = "A", submitted: str = "B") -> str:
        if self.match is not None:
            return f"{submitted} would be called an {OUTCOME_WORDS[self.outcome]} of {known}. {self.match.explanation}"
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
        return {"hashes": self.hashes(), "comparisons": [_comparison_as_json(found) for found in self.comparisons]}

    def _why_no_copy(self, known: str, submitted: str) -> str:
        if not self.policy.near:
            return "The policy compares bytes alone, and these differ."
        if remark := too_little_structure(self, known, submitted, "its quality is"):
            return remark
        if not self.comparisons:
            return "They have no view in common that the policy compares."
        nearest = self.comparisons[0]
        views = f"{view_in_words(nearest.view)} of {submitted} and {view_in_words(nearest.known_view)} of {known}"
        return f"Nearest are {views}: {_distances_in_words(nearest, self.policy)}."


def explain_pictures(known: PictureFile, submitted: PictureFile, policy: Policy) -> PictureExplanation:
    match = match_pictures(known.facts, submitted.facts, policy, media_id=known.name)
    comparisons = compare_pictures(known.facts, submitted.facts, policy)
    return PictureExplanation(known, submitted, policy, match, comparisons)


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
