"""What the explanations of pictures and of videos have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from streams.domain.policy.policy import Policy
from streams.domain.records import Match, Outcome
from streams.services.media_files import MediaFile


@dataclass(frozen=True, slots=True)
class Explanation(ABC):
    """The result of submitting one medium when only another is known. `match` is that of the decision."""

    known: MediaFile
    submitted: MediaFile
    policy: Policy
    match: Match | None

    @property
    def is_reviewed(self) -> bool:
        """Whether a person must look at the match: the submission is in a group of its own."""
        match, own_content_id = self.match, self.submitted.facts.content_id
        return match is not None and match.method != "exact" and match.group_content_id == own_content_id

    @property
    def outcome(self) -> Outcome:
        if self.match is None:
            return "unique"
        return "duplicate" if self.match.method == "exact" else "near_duplicate"

    @abstractmethod
    def summary(self, known: str = "A", submitted: str = "B") -> str:
        """One or two sentences: what the submission would be called, and the distances that decide it."""

    @abstractmethod
    def evidence_as_json(self) -> dict[str, Any]:
        """The compared hashes or frames."""

    def as_json(self) -> dict[str, Any]:
        return {
            "policy": self.policy.version,
            "known": _file_as_json(self.known),
            "submitted": _file_as_json(self.submitted),
            "outcome": self.outcome,
            "review": self.is_reviewed,
            "summary": self.summary(self.known.name, self.submitted.name),
            "match": self.match,
            **self.evidence_as_json(),
        }


def too_little_structure(explanation: Explanation, known: str, submitted: str, quality: str) -> str:
    """Says which medium has less quality than the policy needs; empty if neither has."""
    min_quality = explanation.policy.min_quality
    for name, medium in ((known, explanation.known), (submitted, explanation.submitted)):
        if medium.facts.quality < min_quality:
            about = f"{quality} {medium.facts.quality:.2f}, and the policy asks for {min_quality:.2f}"
            return f"There is too little to see in {name} ({about}), so that only equal bytes match."
    return ""


def _file_as_json(file: MediaFile) -> dict[str, Any]:
    """Without evidence and the packed hashes of views and frames, which nobody can read."""
    return {"file": file.name, "facts": file.facts.published()}
