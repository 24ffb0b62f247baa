"""Expiry removes expired entries of the state, in small steps, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from streams.config.settings import load_settings
from streams.domain.match import expiry
from streams.domain.match.batch import ANSWER_DAYS, MatchInput, ModerationInput
from streams.domain.match.expiry import remove_expired
from streams.domain.moderation.effects import LogPosition, Refusal
from streams.domain.moderation.waiting import WAITING_DAYS
from streams.domain.policy.policy import Policy
from streams.domain.records import ModerationEvent, VerdictSource
from streams.domain.state.keys import (
    DECISION_PREFIX,
    EVENT_PREFIX,
    EVIDENCE_PREFIX,
    FRAMES_PREFIX,
    MEDIUM_PREFIX,
    MEMBER_PREFIX,
    WAITING_PREFIX,
    waiting_key,
)
from streams.errors import Reason
from streams.kafka.topics import FINGERPRINTS, load_topics
from tests.support.partition import Partition
from tests.support.picture_streams import DAY_MS, stream
from tests.support.video_streams import stream as videos

AT = "2026-01-01T00:00:00.000Z"
SHORT, LONG = Policy.of(name="short", retention_days=2), Policy.of(name="long")


def sweep_all(partition: Partition, before_ms: int) -> list[bytes]:
    """Sweep the whole state, and return the keys that were removed."""
    removed: list[bytes] = []
    after = b""
    while True:
        entries: Iterator[tuple[bytes, bytes]] = iter(sorted(item for item in partition.items() if item[0] > after))
        partition.log.clear()
        after = remove_expired(entries, before_ms, partition, partition.indexes).last_key
        removed += [key for key, value in partition.log if value is None]
        if not after:
            return removed


def records_of_day(policy: Policy, day: int, seed: int) -> list[MatchInput]:
    records = [each.fingerprint for each in stream(seed, 30)]
    return [
        MatchInput.of(replace(each, policy=policy, submission_id=f"{policy.name}{day} {number}"), day * DAY_MS)
        for number, each in enumerate(records)
    ]


@pytest.mark.parametrize("per_sweep", [1, 7, 2_000])
def test_only_entries_that_expired_before_the_time_are_removed(per_sweep: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "ENTRIES_PER_SWEEP", per_sweep)
    partition = Partition()
    partition.decide(records_of_day(SHORT, 0, 2))
    old = dict(partition)
    partition.decide(records_of_day(SHORT, 5, 4))
    partition.decide(records_of_day(LONG, 0, 6))
    old = {key: value for key, value in old.items() if partition[key] == value}  # other keys were renewed
    known = len(partition.indexes)

    assert sweep_all(partition, 2 * DAY_MS) == []
    removed = sweep_all(partition, 2 * DAY_MS + 1)

    assert {key[:1] for key in old} >= {DECISION_PREFIX, MEMBER_PREFIX, MEDIUM_PREFIX, EVIDENCE_PREFIX}
    assert set(removed) == set(old)
    assert not set(old) & set(partition)
    assert 0 < len(partition.indexes) < known
    assert len(Partition(partition.items()).indexes) == len(partition.indexes)


def test_frames_are_removed_with_their_video_and_so_are_orphaned_frames() -> None:
    partition = Partition()
    partition.decide([MatchInput.of(replace(each.fingerprint, policy=SHORT), 0) for each in videos(7, 25)])
    frames = {key for key in partition if key.startswith(FRAMES_PREFIX)}
    known = len(partition.indexes)
    partition[orphan := b"fshop\0sha256:00"] = b"of no content"

    assert sweep_all(partition, DAY_MS) == [orphan]
    removed = sweep_all(partition, 2 * DAY_MS + 1)

    assert len(frames) > 4
    assert frames < set(removed)
    assert known > 4
    assert len(partition.indexes) == len(Partition(partition.items()).indexes) == 0
    assert not partition


def test_evidence_is_removed_with_its_picture_and_so_is_orphaned_evidence() -> None:
    partition = Partition()
    partition.decide(records_of_day(SHORT, 0, 2))
    evidence = {key for key in partition if key.startswith(EVIDENCE_PREFIX)}
    partition[orphan := b"eshop\0sha256:00"] = b"of no content"

    assert sweep_all(partition, DAY_MS) == [orphan]
    removed = sweep_all(partition, 2 * DAY_MS + 1)

    assert len(evidence) > 4
    assert evidence < set(removed)
    assert not partition


def test_frames_are_removed_when_equal_bytes_are_submitted_under_a_policy_without_near_matching() -> None:
    partition = Partition()
    batch = [each.fingerprint for each in videos(7, 25)]
    partition.decide([MatchInput.of(replace(each, policy=SHORT), 0) for each in batch])
    exact = Policy.of(name="exact", near=False)
    again = [replace(each, policy=exact, submission_id=f"again {number}") for number, each in enumerate(batch)]
    partition.decide([MatchInput.of(each, 5 * DAY_MS) for each in again])

    sweep_all(partition, 0)

    assert not [key for key in partition if key.startswith(FRAMES_PREFIX)]
    assert len(partition.indexes) == 0


def test_decisions_are_the_same_with_and_without_sweeping() -> None:
    unswept, swept = Partition(), Partition()
    for day in range(0, 12, 3):
        batch = records_of_day(SHORT, day, 2)
        assert [orjson.loads(each.value) for each in unswept.decide(batch)] == [
            orjson.loads(each.value) for each in swept.decide(batch)
        ]
        assert bool(sweep_all(swept, day * DAY_MS)) == (day > 0)


def test_entries_that_the_batch_renewed_are_kept() -> None:
    partition = Partition()
    partition.decide(records_of_day(SHORT, 0, 2))
    before = dict(partition)
    partition.decide(records_of_day(SHORT, 2, 2))
    renewed = {key for key, value in before.items() if partition[key] != value}
    assert renewed
    remove_expired(iter(sorted(before.items())), 2 * DAY_MS + 1, partition, partition.indexes)
    assert renewed <= set(partition)


def test_decisions_are_remembered_for_the_answer_days_and_contents_for_ever() -> None:
    partition = Partition()
    records = records_of_day(LONG, 0, 6)
    first = [answer.value for answer in partition.decide(records)]
    again = [each._replace(time_ms=38 * DAY_MS) for each in records]
    later = [each._replace(time_ms=38 * DAY_MS + 1) for each in records]

    assert [answer.value for answer in partition.decide(again)] == first
    assert sweep_all(partition, 38 * DAY_MS) == []
    removed = sweep_all(partition, 38 * DAY_MS + 1)

    assert removed
    assert {key[:1] for key in removed} == {DECISION_PREFIX, MEMBER_PREFIX, MEDIUM_PREFIX}
    assert not [key for key in partition if key.startswith(DECISION_PREFIX)]
    assert {orjson.loads(answer.value)["outcome"] for answer in partition.decide(later)} == {"duplicate", "failed"}


def test_the_answer_days_cover_what_the_log_may_still_hold() -> None:
    """Kafka deletes whole segments, which are a week long by default."""
    kept_ms = int(load_topics()[FINGERPRINTS].config["retention.ms"])
    assert kept_ms + 8 * DAY_MS <= ANSWER_DAYS * DAY_MS
    assert load_settings(broker="x:1").runtime.answer_days == ANSWER_DAYS


def verdict(number: int, media_id: str, day: float) -> ModerationInput:
    event = ModerationEvent(
        f"events#{number}", "verdict", "shop", VerdictSource("person", "ann"), AT, media_id=media_id, status="blocked"
    )
    return ModerationInput(event, LogPosition(number, round(day * DAY_MS)), b"shop")


def waited_too_long(partition: Partition, before_ms: int) -> list[Refusal]:
    return remove_expired(sorted(partition.items()), before_ms, partition, partition.indexes).refusals


def test_events_that_waited_too_long_are_refused_one_by_one_and_counted_no_longer() -> None:
    partition = Partition()
    partition.process([verdict(0, "a", 0), verdict(1, "b", 1), verdict(2, "a", 1), verdict(3, "c", 3)])
    over_ms = (1 + WAITING_DAYS) * DAY_MS

    assert waited_too_long(partition, over_ms) == []
    refusals = waited_too_long(partition, over_ms + 1)

    assert [event.event_id for event, _ in refusals] == ["events#0", "events#2", "events#1"]
    assert {error.reason for _, error in refusals} == {Reason.WAITED_TOO_LONG}
    assert "'b' of collection 'shop' was not submitted within 7 days" in refusals[2].error.detail
    assert {key for key in partition if key.startswith(WAITING_PREFIX)} == {
        waiting_key("shop", "c"),
        waiting_key("shop", ""),
    }
    assert waited_too_long(partition, over_ms + 1) == []
    assert [event.subject for event, _ in waited_too_long(partition, over_ms + 3 * DAY_MS)] == ["c"]
    assert not [key for key in partition if key.startswith(WAITING_PREFIX)]


def test_an_event_that_waited_too_long_is_refused_when_its_medium_comes_before_the_sweep() -> None:
    partition = Partition()
    partition.process([verdict(0, "m1", 0), verdict(1, "m1", 5)])
    record = next(each for each in stream(2, 30) if each.fingerprint.facts is not None)
    late = replace(record.fingerprint, collection="shop", media_id="m1")

    result = partition.process([MatchInput.of(late, round((WAITING_DAYS + 1) * DAY_MS), 2)])

    assert [event.event_id for event, _ in result.refusals] == ["events#0"]
    assert {error.reason for _, error in result.refusals} == {Reason.WAITED_TOO_LONG}
    assert [orjson.loads(each.value)["verdict"]["status"] for each in result.decisions] == ["pending", "blocked"]
    assert not [key for key in partition if key.startswith(WAITING_PREFIX)]


def test_what_events_brought_about_is_forgotten_with_the_answer_days() -> None:
    partition = Partition()
    partition.process([verdict(0, "a", 0)])
    answers = {key for key in partition if key.startswith(EVENT_PREFIX)}
    assert len(answers) == 1

    assert not answers & set(sweep_all(partition, 38 * DAY_MS))
    assert answers <= set(sweep_all(partition, 38 * DAY_MS + 1))
