"""Slow work: many records at once, equal keys in order, and offsets that never pass an unfinished record."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import Message

from streams.errors import BrokenInfrastructure
from streams.kafka.topics import FINGERPRINTS, SUBMISSIONS
from streams.runtime.runners.concurrent import DIGESTED_AT_ONCE_BYTES, DIGESTED_BYTES, ConcurrentStage, RecordTask
from streams.runtime.runners.output_groups import MAX_GROUP_RECORDS
from tests.runtime.conftest import Bench, eventually


class Gates:
    """A stage that processes `at once…` without waiting. Work on `wait:NAME` ends when the test opens the gate NAME."""

    def __init__(self) -> None:
        self.gates: dict[str, asyncio.Event] = {}
        self.at_work = 0
        self.most_at_work = 0

    def gate(self, name: str) -> asyncio.Event:
        return self.gates.setdefault(name, asyncio.Event())

    def handle(self, task: RecordTask) -> Coroutine[Any, Any, None] | None:
        value = (task.record.value or b"").decode()
        if value == "broken at once":
            raise BrokenInfrastructure("the disk is gone")
        if not value.startswith("at once"):
            return self.wait(task, value)
        task.emit(FINGERPRINTS, task.record.key, value.encode(), None)
        return None

    async def wait(self, task: RecordTask, value: str) -> None:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            if value.startswith("wait:"):
                await self.gate(value.removeprefix("wait:")).wait()
            if value == "broken":
                raise BrokenInfrastructure("the disk is gone")
        finally:
            self.at_work -= 1
        task.emit(FINGERPRINTS, task.record.key, value.encode(), None)

    @property
    def stage(self) -> ConcurrentStage:
        return ConcurrentStage(name="fingerprint", reads=(SUBMISSIONS,), writes=(FINGERPRINTS,), handle=self.handle)


def values(messages: list[Message]) -> list[str]:
    return [(message.value() or b"").decode() for message in messages]


async def test_a_slow_record_delays_the_commit_and_no_other_record(bench: Bench) -> None:
    gates = Gates()
    bench.publish(
        SUBMISSIONS, [(b"a", b"first", 0), (b"b", b"wait:slow", 0), *((f"{n}".encode(), b"fast", 0) for n in range(50))]
    )
    async with bench.worker(gates.stage):
        messages = await asyncio.to_thread(bench.read, FINGERPRINTS, lambda found: len(found) >= 51)
        assert sorted(set(values(messages))) == ["fast", "first"]
        await eventually(lambda: bench.committed(SUBMISSIONS, 0, "fingerprint") == 1, blocking=True)
        await asyncio.sleep(0.5)
        assert await asyncio.to_thread(bench.committed, SUBMISSIONS, 0, "fingerprint") == 1
        gates.gate("slow").set()
        await eventually(lambda: bench.committed(SUBMISSIONS, 0, "fingerprint") == 52, blocking=True)


async def test_large_records_have_a_digest_before_they_are_handled(bench: Bench) -> None:
    digests: dict[int, str | None] = {}

    def handle(task: RecordTask) -> None:
        digests[task.record.offset] = task.digest

    large = b"large".ljust(DIGESTED_BYTES, b".")
    bench.publish(SUBMISSIONS, [(b"a", large, 0), (b"b", b"small", 0), (b"c", None, 0), (b"d", large + b"!", 0)])
    stage = ConcurrentStage(
        name="fingerprint", reads=(SUBMISSIONS,), handle=handle, digest=lambda value: value.decode().replace(".", "")
    )
    async with bench.worker(stage):
        await eventually(lambda: len(digests) == 4)
    assert digests == {0: "large", 1: None, 2: None, 3: "large!"}


async def test_more_bytes_than_the_event_loop_digests_at_once_have_digests(bench: Bench) -> None:
    digests: dict[tuple[int, int], str | None] = {}

    def handle(task: RecordTask) -> None:
        digests[task.record.partition, task.record.offset] = task.digest

    value = b"".ljust(DIGESTED_AT_ONCE_BYTES // 6, b".")
    bench.publish(SUBMISSIONS, [(b"k", b"%d-%d" % (n % 2, n // 2) + value, n % 2) for n in range(16)])
    stage = ConcurrentStage(
        name="fingerprint", reads=(SUBMISSIONS,), handle=handle, digest=lambda value: value.decode().replace(".", "")
    )
    async with bench.worker(stage):
        await eventually(lambda: len(digests) == 16)
    assert digests == {(partition, offset): f"{partition}-{offset}" for partition in range(2) for offset in range(8)}


async def test_outputs_of_a_backlog_are_sent_together_and_keep_their_order(bench: Bench) -> None:
    gates = Gates()
    keys = 16
    bench.publish(SUBMISSIONS, [(f"{n % keys}".encode(), b"wait:all", n % keys % 8) for n in range(20 * keys)])
    bench.publish(SUBMISSIONS, [(f"{n}".encode(), b"at once", n % 8) for n in range(keys)])
    async with bench.worker(gates.stage) as worker:
        await eventually(lambda: gates.at_work >= MAX_GROUP_RECORDS)
        gates.gate("all").set()
        await eventually(
            lambda: sum(bench.committed(SUBMISSIONS, n, "fingerprint") for n in range(8)) == 21 * keys, blocking=True
        )
        assert worker.apps[0].batch_consumer.in_flight.held_bytes == 0
    messages = await asyncio.to_thread(bench.read, FINGERPRINTS, lambda found: len(found) >= 21 * keys)
    for key in range(keys):
        assert values([each for each in messages if each.key() == f"{key}".encode()]) == ["wait:all"] * 20 + ["at once"]


async def test_outputs_of_a_key_keep_its_order(bench: Bench) -> None:
    gates = Gates()
    bench.publish(SUBMISSIONS, [(b"k", b"wait:one", 0), (b"k", b"two", 0), (b"k", b"three", 0), (b"other", b"x", 0)])
    async with bench.worker(gates.stage):
        messages = await asyncio.to_thread(bench.read, FINGERPRINTS, bool)
        assert values(messages) == ["x"]
        gates.gate("one").set()
        messages = await asyncio.to_thread(bench.read, FINGERPRINTS, lambda found: len(found) >= 4)
    assert [value for value in values(messages) if value != "x"] == ["wait:one", "two", "three"]


async def test_outputs_of_a_key_keep_its_order_if_some_records_need_no_waiting(bench: Bench) -> None:
    gates = Gates()
    order = [b"at once 1", b"wait:one", b"at once 2", b"at once 3", b"fast", b"at once 4"]
    bench.publish(SUBMISSIONS, [*((b"k", value, 0) for value in order), (b"other", b"at once", 0)])
    async with bench.worker(gates.stage):
        messages = await asyncio.to_thread(bench.read, FINGERPRINTS, lambda found: len(found) >= 2)
        assert sorted(values(messages)) == ["at once", "at once 1"]
        gates.gate("one").set()
        messages = await asyncio.to_thread(bench.read, FINGERPRINTS, lambda found: len(found) >= 7)
        await eventually(lambda: bench.committed(SUBMISSIONS, 0, "fingerprint") == 7, blocking=True)
    assert [value.encode() for value in values(messages) if value != "at once"] == order


async def test_a_record_that_needs_no_waiting_is_sent_while_others_wait_for_a_slot(bench: Bench) -> None:
    bench.overrides["fetch_concurrency"] = 2
    gates = Gates()
    waiting = [(f"{n}".encode(), b"wait:all", 0) for n in range(3)]
    bench.publish(SUBMISSIONS, [*waiting[:2], (b"a", b"at once", 0), waiting[2], (b"b", b"at once", 0)])
    async with bench.worker(gates.stage):
        messages = await asyncio.to_thread(bench.read, FINGERPRINTS, bool)
        assert values(messages) == ["at once"]
        gates.gate("all").set()
        await eventually(lambda: bench.committed(SUBMISSIONS, 0, "fingerprint") == 5, blocking=True)


async def test_a_task_that_is_cancelled_before_it_begins_releases_its_slot(bench: Bench) -> None:
    bench.overrides["fetch_concurrency"] = 1
    gates = Gates()

    def handle(task: RecordTask) -> Coroutine[Any, Any, None] | None:
        if task.record.value == b"given up":
            runner = worker.apps[0].runner
            assert runner is not None
            asyncio.get_running_loop().call_soon(runner.on_revoked)  # runs before the task begins
        return gates.handle(task)

    async with bench.worker(replace(gates.stage, handle=handle)) as worker:
        bench.publish(SUBMISSIONS, [(b"a", b"given up", 0), (b"a", b"fast", 0), (b"b", b"fast", 0)])
        messages = await asyncio.to_thread(bench.read, FINGERPRINTS, lambda found: len(found) >= 2)
    assert values(messages) == ["fast", "fast"]


async def test_work_at_once_is_bounded(bench: Bench) -> None:
    bench.overrides["fetch_concurrency"] = 8
    gates = Gates()
    bench.publish(SUBMISSIONS, [(f"{n}".encode(), b"wait:all", n % 8) for n in range(600)])
    async with bench.worker(gates.stage) as worker:
        await eventually(lambda: gates.at_work == 8)
        await asyncio.sleep(0.5)
        assert gates.most_at_work == 8
        bounds = worker.apps[0].bounds
        assert worker.apps[0].batch_consumer.in_flight.records <= bounds.max_records + bounds.fetch_records < 600
        gates.gate("all").set()
        await eventually(lambda: bench.committed(SUBMISSIONS, 3, "fingerprint") == 75, blocking=True)
    assert gates.most_at_work == 8


async def test_work_that_still_waits_for_a_slot_is_given_up_when_the_worker_stops(bench: Bench) -> None:
    bench.overrides["fetch_concurrency"] = 1
    gates = Gates()
    bench.publish(SUBMISSIONS, [(f"{n}".encode(), b"wait:for ever", 0) for n in range(3)])
    async with bench.worker(gates.stage):
        await eventually(lambda: gates.at_work == 1)
    gc.collect()  # a coroutine that nobody awaited fails the test
    assert gates.at_work == 0


async def test_bytes_at_once_are_bounded(bench: Bench) -> None:
    bench.overrides["in_flight_bytes"] = 1 << 20
    gates = Gates()
    blob = b"wait:all".ljust(400_000, b".")
    name = blob.decode().removeprefix("wait:")
    bench.publish(SUBMISSIONS, [(f"{n}".encode(), blob, 0) for n in range(40)])
    async with bench.worker(gates.stage) as worker:
        in_flight = worker.apps[0].batch_consumer.in_flight
        await eventually(lambda: in_flight.full)
        await asyncio.sleep(0.5)
        if bench.namespace.kind != "embedded":  # which answers a fetch with all it has
            assert in_flight.size_bytes < (1 << 20) + (5 << 20)  # the bound, and one fetch in progress
        gates.gate(name).set()
        await eventually(lambda: bench.committed(SUBMISSIONS, 0, "fingerprint") == 40, blocking=True)
        assert in_flight.size_bytes == 0


async def test_the_next_worker_processes_what_was_unfinished_when_a_worker_stopped(bench: Bench) -> None:
    bench.overrides["drain_timeout_s"] = 0.2
    gates = Gates()
    bench.publish(SUBMISSIONS, [(b"a", b"wait:never", 0), (b"b", b"fast", 0)])
    async with bench.worker(gates.stage):
        await asyncio.to_thread(bench.read, FINGERPRINTS, bool)
    gates.gate("never").set()
    async with bench.worker(gates.stage):
        messages = await asyncio.to_thread(bench.read, FINGERPRINTS, lambda found: "wait:never" in values(found))
        await eventually(lambda: bench.committed(SUBMISSIONS, 0, "fingerprint") == 2, blocking=True)
    assert values(messages).count("wait:never") == 1


@pytest.mark.parametrize("when", ["broken", "broken at once"])
async def test_broken_infrastructure_ends_the_worker_and_is_not_blamed_on_the_input(bench: Bench, when: str) -> None:
    gates = Gates()
    bench.publish(SUBMISSIONS, [(b"a", when.encode(), 0)])
    async with bench.worker(gates.stage) as worker:
        await eventually(lambda: not worker.live)
    assert await asyncio.to_thread(bench.committed, SUBMISSIONS, 0, "fingerprint") < 0
