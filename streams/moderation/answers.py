"""An answer as it was given, and its JSON in the journal."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from streams.domain.records import Label
from streams.moderation.moderator import ModeratorAnswer


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """An answer, when it was given, how long the call took, and which attempt it was.

    `answer` is None if the moderator had nothing to say.
    """

    answer: ModeratorAnswer | None
    at: str
    call_ms: float
    attempts: int

    def to_json(self) -> str:
        return orjson.dumps(self).decode()


def given_from_json(text: str) -> GivenVerdict:
    """Raises KeyError or TypeError for what `to_json` did not write."""
    document = orjson.loads(text)
    answer = document["answer"]
    if answer is not None:
        labels = [Label(**label) for label in answer.pop("labels")]
        answer = ModeratorAnswer(labels=labels, **answer)
    return GivenVerdict(answer, document["at"], document["call_ms"], document["attempts"])
