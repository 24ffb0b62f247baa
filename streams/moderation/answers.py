"""An answer as it was given, and its JSON in the journal."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from streams.domain.records import Label
from streams.moderation.moderator import Answer


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, when it was given, how long the call took, and which attempt it was.

    `answer` is None if the moderator had nothing to say.
    """

    answer: Answer | None
    at: str
    call_ms: float
    attempts: int

    def to_json(self) -> str:
        return orjson.dumps(self).decode()


def given_from_json(text: str) -> Given:
    """Raises KeyError or TypeError for what `to_json` did not write."""
    document = orjson.loads(text)
    answer = document["answer"]
    if answer is not None:
        labels = [Label(**label) for label in answer.pop("labels")]
        answer = Answer(labels=labels, **answer)
    return Given(answer, document["at"], document["call_ms"], document["attempts"])
