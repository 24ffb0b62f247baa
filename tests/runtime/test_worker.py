"""What the stages of one worker tell one another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streams.kafka.topics import DECISIONS, FINGERPRINTS, SUBMISSIONS
from streams.runtime.runners.concurrent import ConcurrentStage
from streams.runtime.runners.keyed import KeyedStage
from streams.runtime.worker import Worker
from tests.runtime.conftest import Bench

FIRST = ConcurrentStage(name="fingerprint", reads=(SUBMISSIONS,), writes=(FINGERPRINTS,), handle=lambda task: None)
SECOND = KeyedStage(
    name="match", reads=(FINGERPRINTS,), writes=(FINGERPRINTS, DECISIONS), table="contents", process=lambda batch: None
)


class Consumer:
    """Notes how it was nudged."""

    def __init__(self) -> None:
        self.nudges: list[bool] = []

    def nudge(self, *, ends_gathering: bool) -> None:
        self.nudges.append(ends_gathering)


class App:
    """A stage and its consumer."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.batch_consumer = Consumer()


async def test_a_stage_is_fed_by_another_one_and_not_by_itself(bench: Bench) -> None:
    outbox: Any = None
    worker = Worker(bench.settings(), [FIRST, SECOND])
    assert [worker._context(stage, outbox).fed for stage in (FIRST, SECOND)] == [False, True]
    assert not Worker(bench.settings(), [SECOND])._context(SECOND, outbox).fed
    both = replace(FIRST, reads=(SUBMISSIONS, DECISIONS))  # submissions come from elsewhere: nobody nudges for those
    assert not Worker(bench.settings(), [both, SECOND])._context(both, outbox).fed


@pytest.mark.parametrize(
    ("sender", "nudges"), [(FIRST, ([], [True])), (SECOND, ([], [False]))], ids=["another", "itself"]
)
async def test_what_a_stage_sends_ends_the_gathering_of_others_alone(
    bench: Bench, sender: Any, nudges: tuple[list[bool], list[bool]]
) -> None:
    worker = Worker(bench.settings(), [FIRST, SECOND])
    apps: Any = [App(FIRST), App(SECOND)]
    worker.apps = apps
    worker._on_sent(sender)
    assert tuple(app.batch_consumer.nudges for app in apps) == nudges
