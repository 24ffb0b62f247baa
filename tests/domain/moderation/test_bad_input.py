"""What nobody should send: contradictions, floods, cycles of merges, splits of a content from itself, unknown media."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.match.result import MatchResult
from streams.domain.moderation import groups, walk
from streams.domain.moderation.corrections import MAX_VERDICTS
from streams.domain.moderation.effects import LogPosition
from streams.domain.moderation.waiting import MAX_WAITING, MAX_WAITING_PER_SUBJECT, WAITING_DAYS
from streams.domain.policy.policy import DAY_MS
from streams.domain.records import Fingerprint, ModerationEvent, VerdictSource
from streams.domain.records.moderation import EventName
from streams.domain.state.keys import GROUP_PREFIX, WAITING_PREFIX
from streams.errors import Reason
from tests.support.partition import Partition
from tests.support.stories import T0_MS, facts, fingerprint, moderation_event


class Log:
    """A partition and the end of its log."""

    def __init__(self) -> None:
        self.partition = Partition()
        self.offset = 0

    def submit(self, contents: Iterable[int]) -> list[dict[str, Any]]:
        inputs = []
        for content in contents:
            made = replace(fingerprint(self.offset), facts=facts(content), media_id=f"m{self.offset}")
            inputs.append(MatchInput.of(Fingerprint.from_json(made.to_json()), T0_MS + self.offset, self.offset))
            self.offset += 1
        return [orjson.loads(each.value) for each in self.partition.process(inputs).decisions]

    def given(self, event: ModerationEvent, later_ms: int = 0) -> ModerationInput:
        self.offset += 1
        at = LogPosition(self.offset, T0_MS + self.offset + later_ms)
        return ModerationInput(ModerationEvent.from_json(event.to_json()), at, b"default")

    def say(self, *events: ModerationEvent, later_ms: int = 0) -> MatchResult:
        """Apply events in one batch, and all steps that follow."""
        result = self.partition.process([self.given(event, later_ms) for event in events])
        steps = list(result.continuations)
        while steps:
            self.offset += 1
            at = LogPosition(self.offset, T0_MS + self.offset + later_ms)
            following = self.partition.process([ModerationInput(steps.pop(0).step, at, b"default")])
            result.decisions.extend(following.decisions)
            steps += following.continuations
        return result

    def current(self, content: int) -> dict[str, Any]:
        """The decision about a new copy."""
        [decision] = self.submit([content])
        return decision


def by(source: str, number: int, status: str = "blocked", *, content: int = 0, kind: str = "person") -> ModerationEvent:
    event = moderation_event(number, content=content)
    return replace(event, by=VerdictSource(kind, source), status=status)  # type: ignore[arg-type]


def pair(event: EventName, one: int, other: int, number: int) -> ModerationEvent:
    made = moderation_event(number, content=one, event=event)
    return replace(made, other_content_id=facts(other).content_id)


def test_contradictory_verdicts_of_one_batch_have_one_order_and_are_all_told() -> None:
    log = Log()
    log.submit([0])

    result = log.say(
        by("ann", 1, "blocked"),
        by("bob", 2, "allowed"),
        by("m1", 3, "blocked", kind="model"),
        by("ann", 4, "review"),
        by("bob", 5, "allowed"),
    )

    told = [orjson.loads(each.value) for each in result.decisions]
    said = [(each["revision"], each["verdict"]["status"], each["verdict"]["by"]) for each in told]
    assert said == [(1, "blocked", "ann"), (2, "allowed", "bob"), (3, "review", "ann"), (4, "allowed", "bob")]
    assert log.current(0)["verdict"]["status"] == "allowed"


def test_a_flood_of_verdicts_on_one_content_leaves_one_of_each_source_and_refuses_further_sources() -> None:
    log = Log()
    log.submit([0])
    for at in range(0, 1_000, 100):
        log.say(
            *(by(f"source-{number % 3}", number, ("blocked", "allowed")[number % 2]) for number in range(at, at + 100))
        )
    small = state_bytes(log, GROUP_PREFIX)

    refused = Counter[Reason]()
    for number in range(3_000, 3_000 + MAX_VERDICTS + 20):
        result = log.say(by(f"other-{number}", number, kind="rule"))
        refused.update(refusal.error.reason for refusal in result.refusals)

    assert small < 4_000
    assert state_bytes(log, GROUP_PREFIX) < MAX_VERDICTS * 1_000
    assert refused == {Reason.TOO_MANY_VERDICTS: 23}
    assert log.current(0)["verdict"]["by"].startswith("source-")
    log.say(by("source-0", 9_999, "review"))  # a source that is known may still change its mind
    assert log.current(0)["verdict"]["status"] == "review"


def state_bytes(log: Log, prefix: bytes) -> int:
    """The size of all entries with a prefix."""
    return sum(len(key) + len(value) for key, value in log.partition.items() if key.startswith(prefix))


def test_a_cycle_of_merges_is_one_group_whose_verdict_all_have() -> None:
    log = Log()
    log.submit([0, 1, 2])
    log.say(
        *(pair("merge", one, other, number) for number, (one, other) in enumerate([(0, 1), (1, 2), (2, 0), (1, 0)]))
    )

    log.say(by("ann", 9, content=2))

    assert {log.current(each)["verdict"]["status"] for each in range(3)} == {"blocked"}
    assert {log.current(each)["group_content_id"] for each in range(3)} == {facts(0).content_id}
    # the links are those that were needed: to undo one of them parts the group
    log.say(pair("undo", 0, 1, 10))
    assert [log.current(each)["verdict"]["status"] for each in range(3)] == ["pending", "blocked", "blocked"]


def test_more_merges_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MAX_MERGED_GROUPS", 4)
    log = Log()
    log.submit(range(6))

    result = log.say(*(pair("merge", 0, other, other) for other in range(1, 6)))

    assert [refusal.error.reason for refusal in result.refusals] == [Reason.TOO_MANY_MERGES] * 2


def test_a_content_cannot_be_split_from_itself_by_naming_its_medium() -> None:
    log = Log()
    [decision] = log.submit([0])
    event = replace(pair("split", 0, 1, 1), content_id=None, media_id=decision["media_id"])

    result = log.say(replace(event, other_content_id=facts(0).content_id))

    assert [refusal.error.reason for refusal in result.refusals] == [Reason.BAD_FIELD]
    assert log.current(0)["outcome"] == "duplicate"


def test_events_about_unknown_media_are_bounded_and_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.domain.moderation.waiting.MAX_WAITING", 20)
    assert MAX_WAITING == 10_000
    log = Log()

    flood = log.say(*(by("ann", number, content=number) for number in range(50)))
    one = log.say(*(by(f"s{number}", number + 50, content=0) for number in range(MAX_WAITING_PER_SUBJECT + 2)))

    assert [refusal.error.reason for refusal in flood.refusals] == [Reason.TOO_MANY_WAITING] * 30
    assert [refusal.error.reason for refusal in one.refusals] == [Reason.TOO_MANY_WAITING] * 3
    assert Counter(fate for _, fate in flood.handled) == {"waiting": 20, "refused": 30}
    assert log.partition.indexes.moderated.waiting == {"default": 20}
    assert len([key for key in log.partition if key.startswith(WAITING_PREFIX)]) == 21

    log.say(by("late", 99, content=200), later_ms=(WAITING_DAYS + 1) * DAY_MS)
    assert log.submit([0])[0]["verdict"]["status"] == "pending"
    assert log.partition.indexes.moderated.waiting == {"default": 19}


def test_a_walk_through_many_members_is_bounded_in_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "CHUNK", 50)
    log = Log()
    log.submit([0] * 1_000)

    result = log.partition.process([log.given(by("ann", 2_000))])
    told = len(result.decisions)
    while result.continuations:
        log.offset += 1
        at = LogPosition(log.offset, T0_MS + log.offset)
        submission = replace(fingerprint(log.offset), facts=facts(0), media_id=f"new{log.offset}")
        live = MatchInput.of(Fingerprint.from_json(submission.to_json()), T0_MS + log.offset, log.offset)
        result = log.partition.process([live, ModerationInput(result.continuations[0].step, at, b"default")])
        assert len(result.decisions) <= 1 + walk.CHUNK
        told += len(result.decisions) - 1

    assert told == 1_000  # those that came meanwhile had the verdict at once
