"""The watchdog tells a stage that stands still from a stage that is idle, waits for others or is slow."""

from __future__ import annotations

import asyncio
import threading

import pytest
from faust.types import TP

from streams.errors import BrokenInfrastructure
from streams.kafka.topics import FINGERPRINTS
from streams.runtime.in_flight import InFlight
from streams.runtime.runners.keyed import KeyedBatch, KeyedStage
from streams.runtime.transport import BatchConsumer
from streams.runtime.watchdog import Watchdog
from streams.runtime.worker import Worker
from tests.runtime.conftest import Bench, eventually
from tests.support.patience import PATIENCE_S


class Stub:
    """What a watchdog reads of a consumer."""

    def __init__(self) -> None:
        self.in_flight = InFlight(10, 1000)
        self.last_progress_at = 0.0
        self.restored_records = 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("streams.runtime.watchdog.time.monotonic", lambda: now[0])
    return now


def watchdog(work_timeout_s: float | None = 30.0) -> Watchdog:
    return Watchdog("match", 60.0, rebalance_timeout_s=20.0, work_timeout_s=work_timeout_s)


def consumer(clock: list[float]) -> BatchConsumer:
    stub = Stub()
    stub.last_progress_at = clock[0]
    return stub  # type: ignore[return-value]


LAG = {TP("t", 0): 7}
NO_LAG = {TP("t", 0): 0}


def test_being_behind_with_nothing_in_flight_is_standing_still(clock: list[float]) -> None:
    dog, seen = watchdog(), consumer(clock)
    assert dog.at_work(seen, LAG) is None
    clock[0] += 61
    assert "7 records behind" in (dog.at_work(seen, LAG) or "")


def test_an_idle_stage_may_be_idle_for_ever(clock: list[float]) -> None:
    dog, seen = watchdog(), consumer(clock)
    for _ in range(5):
        clock[0] += 1000
        assert dog.at_work(seen, NO_LAG) is None


@pytest.mark.parametrize(("work_timeout_s", "stuck"), [(30.0, True), (None, False)])
def test_work_that_never_ends_is_standing_still_unless_it_waits_for_others(
    clock: list[float], work_timeout_s: float | None, stuck: bool
) -> None:
    dog, seen = watchdog(work_timeout_s), consumer(clock)
    seen.in_flight.add(2, 100)
    assert dog.at_work(seen, LAG) is None
    clock[0] += 89
    assert dog.at_work(seen, LAG) is None
    clock[0] += 2
    assert (dog.at_work(seen, LAG) is not None) is stuck
    seen.in_flight.remove(1, 50)
    assert dog.at_work(seen, LAG) is None


def test_a_rebalance_may_take_as_long_as_it_recovers_something(clock: list[float]) -> None:
    dog, seen = watchdog(), consumer(clock)
    for _ in range(5):
        assert dog.in_rebalance(seen) is None
        clock[0] += 79
        seen.restored_records += 1
    assert dog.in_rebalance(seen) is None
    clock[0] += 81
    assert "rebalancing" in (dog.in_rebalance(seen) or "")


async def test_a_worker_whose_work_never_ends_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(batch: KeyedBatch) -> None:
        release.wait(60)

    monkeypatch.setattr("streams.runtime.runners.keyed.DELIVERY_TIMEOUT_S", 0.0)
    bench.overrides["watchdog_s"] = 5.0
    bench.publish(FINGERPRINTS, [(b"k", b"x", 0)])
    stage = KeyedStage(name="match", reads=(FINGERPRINTS,), table="contents", process=hang)
    worker = Worker(bench.settings(), [stage])
    running = asyncio.create_task(worker.run())
    try:
        await eventually(lambda: not worker.live, timeout_s=PATIENCE_S)
    finally:
        release.set()
        code = await running
    assert code == 1
    assert isinstance(worker._failure, BrokenInfrastructure)
    assert "in flight" in str(worker._failure)
