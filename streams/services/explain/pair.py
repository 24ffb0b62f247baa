"""Explains two files in both directions: which is known and which is submitted can change the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streams.domain.policy.policy import Policy
from streams.services.explain.explanation import Explanation
from streams.services.explain.pictures import explain_pictures
from streams.services.media_files import MediaFile, PictureFile


@dataclass(frozen=True, slots=True)
class ExplanationPair:
    """`forward` knows A and submits B, `reverse` knows B and submits A."""

    collection: str
    forward: Explanation
    reverse: Explanation

    def as_json(self) -> dict[str, Any]:
        return {"collection": self.collection, **self.forward.as_json(), "reverse": self.reverse.as_json()}


def explain_pair(a: MediaFile, b: MediaFile, policy: Policy, collection: str) -> ExplanationPair:
    return ExplanationPair(collection, explain(a, b, policy), explain(b, a, policy))


def explain(known: MediaFile, submitted: MediaFile, policy: Policy) -> Explanation:
    """A `PictureExplanation` of two pictures, else a `VideoExplanation`."""
    if isinstance(known, PictureFile) and isinstance(submitted, PictureFile):
        return explain_pictures(known, submitted, policy)
    from streams.services.explain.videos import explain_videos

    return explain_videos(known, submitted, policy)
