"""Submissions of media, verdicts on them and deletions of them, by their place in the log of one partition."""

from __future__ import annotations

from dataclasses import replace

import orjson

from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.moderation.effects import LogPosition
from streams.domain.policy.policy import Policy
from streams.domain.records import Fingerprint, ModerationEvent
from tests.support.partition import Partition
from tests.support.stories import T0_MS, facts, fingerprint, moderation_event

SECOND_MS = 1_000


def submission(number: int, *, content: int, medium: str, at: int, near: bool = True) -> MatchInput:
    """Submission `number` of a medium whose bytes are those of a content; `at` is its place in the log."""
    made = replace(fingerprint(number), facts=facts(content), media_id=medium, policy=Policy.of(near=near))
    return MatchInput.of(Fingerprint.from_json(made.to_json()), T0_MS + at * SECOND_MS, at)


def deleted(number: int, at: int, *, medium: str | None = None, content: int | None = None) -> ModerationInput:
    event = moderation_event(number)
    content_id = None if content is None else facts(content).content_id
    event = replace(event, event="deletion", media_id=medium, content_id=content_id, status=None, labels=[])
    return ModerationInput(
        ModerationEvent.from_json(event.to_json()), LogPosition(at, T0_MS + at * SECOND_MS), b"default"
    )


def said(number: int, at: int, *, content: int) -> ModerationInput:
    event = moderation_event(number, content=content)
    return ModerationInput(ModerationEvent.from_json(event.to_json()), LogPosition(at, T0_MS + at * SECOND_MS), b"k")


def outcomes(partition: Partition, *records: MatchInput | ModerationInput) -> list[tuple[str, str, int]]:
    """Medium, outcome and revision of every decision that these records bring."""
    values = [orjson.loads(each.value) for each in partition.process(records).decisions]
    return [(value["media_id"], value["outcome"], value["revision"]) for value in values]
