"""Random logs of submissions and moderation events: equal to the slow twin's, whatever is killed when."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.domain.match.batch import ModerationInput
from streams.domain.moderation import walk
from streams.domain.moderation.deletions import chunk as deletion_chunk
from streams.domain.moderation.hash_lists import walk as list_walk
from streams.domain.moderation.steps import DeletionStep, WalkStep
from streams.domain.records import ListEvent
from tests.reference.moderation import ModeratedTwin
from tests.support.moderation_streams import Record, decided, film_log, log
from tests.support.partition import Partition

CHUNK = 3
LOOKED_AT, LISTED = 6, 2
DELETION_CHUNK = 2
SECOND_MS = 1_000
DAY_MS = 86_400_000


@pytest.fixture(autouse=True, scope="module")
def small_chunks() -> Iterator[None]:
    """Walks of several chunks need few members."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "CHUNK", CHUNK)
        patch.setattr(list_walk, "CONTENTS", LOOKED_AT)
        patch.setattr(list_walk, "JUDGED", LISTED)
        patch.setattr(deletion_chunk, "CHUNK", DELETION_CHUNK)
        yield


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32), st.sampled_from((SECOND_MS, DAY_MS)))
def test_decisions_and_revisions_equal_the_twins(seed: int, gap_ms: int) -> None:
    equal_the_twins(log(seed, 120, gap_ms), may_change=gap_ms == DAY_MS)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1 << 32))
@example(15)  # a video was split from its group, which the index in memory did not know
@example(172)  # groups that were merged once are merged again, after their first content was deleted
@example(208)  # the canonical content of a group was deleted and comes again
@example(177763)  # likewise, and what looks like the group is counted
@example(100525)  # a content that was deleted comes again, joins a group and leaves it
def test_decisions_and_revisions_of_films_equal_the_twins(seed: int) -> None:
    """Walks visit contents that are known by all their bytes before those that are known by parts."""
    equal_the_twins(film_log(seed, 80), may_change=False)


def equal_the_twins(records: Sequence[Record], *, may_change: bool) -> None:
    """`may_change`: submissions that have expired are decided again."""
    twin = ModeratedTwin(chunk=CHUNK, deletion_chunk=DELETION_CHUNK, looked_at=LOOKED_AT, listed=LISTED)
    partition = Partition()
    refused, decisions = [], dict[str, bytes]()
    for record in records:
        result = partition.process([record])
        refused += [str(error.reason) for _, error in result.refusals]
        for decision in result.decisions:
            before = decisions.get(decision.decision_id, decision.value)
            assert before == decision.value or may_change
            decisions[decision.decision_id] = decision.value
        if not isinstance(record, ModerationInput):
            twin.read(record.fingerprint.to_json(), record.time_ms, record.offset)
        elif isinstance(record.event, WalkStep):
            twin.read_step(record.event.to_json(), record.at.time_ms)
        elif isinstance(record.event, ListEvent):
            twin.read_list_event(record.event.to_json(), record.at.time_ms, record.at.offset)
        elif isinstance(record.event, DeletionStep):
            twin.read_deletion_step(record.event.to_json(), record.at.time_ms, record.at.offset)
        else:
            twin.read_event(record.event.to_json(), record.at.time_ms, record.at.offset)
        assert decisions.keys() == twin.decisions.keys()
    for identity, expected in twin.decisions.items():
        assert orjson.loads(decisions[identity]) == expected
    assert set(twin.refused) <= set(refused)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32))
@example(1983397932)  # a quarantine read a list that the batch had looked up before the list changed
def test_batches_of_any_size_decide_the_same(seed: int) -> None:
    batches_decide_the_same(log(seed, 120, DAY_MS), seed)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1 << 32))
def test_batches_of_films_of_any_size_decide_the_same(seed: int) -> None:
    batches_decide_the_same(film_log(seed, 80), seed)


def batches_decide_the_same(records: Sequence[Record], seed: int) -> None:
    one_by_one, batched = Partition(), Partition()
    expected = [decision.value for record in records for decision in one_by_one.process([record]).decisions]
    assert decided(batched, records, random.Random(seed)) == expected
    assert dict(batched) == dict(one_by_one)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 1 << 32), st.data())
def test_a_crash_at_any_point_contradicts_nothing_and_completes_the_changelog(seed: int, data: st.DataObject) -> None:
    """As for submissions alone: see `tests.support.picture_streams.check_crash`."""
    check_crash(log(seed, 80, SECOND_MS), random.Random(seed), data)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1 << 32), st.data())
def test_a_crash_among_films_contradicts_nothing_and_completes_the_changelog(seed: int, data: st.DataObject) -> None:
    check_crash(film_log(seed, 60), random.Random(seed), data)


def check_crash(records: Sequence[Record], rng: random.Random, data: st.DataObject) -> None:
    killed_at = data.draw(st.integers(0, len(records)))
    committed = data.draw(st.integers(0, killed_at))
    truth, local = Partition(), Partition()
    decided(truth, records[:committed], rng)
    expected = decided(truth, records[committed:], rng)
    decided(local, records[:committed], rng)
    durable = len(local.log)
    decided(local, records[committed:killed_at], rng)
    in_changelog = local.log[: data.draw(st.integers(durable, len(local.log)))]
    for changes in (local.log, in_changelog):
        successor = Partition(changes)
        assert decided(successor, records[committed:], rng) == expected
        completed = dict([*in_changelog, *successor.log])
        assert {key: value for key, value in completed.items() if value is not None} == dict(truth)
