"""A stopped worker ends in time and without an error, whatever its consumers are doing."""

from __future__ import annotations

import asyncio

import pytest
from faust.types import TP

from streams.kafka.topics import FINGERPRINTS
from streams.runtime.runners.keyed import KeyedBatch, KeyedStage
from streams.runtime.transport import BatchConsumer
from streams.runtime.worker import Worker
from tests.runtime.conftest import Bench, eventually


def nothing(batch: KeyedBatch) -> None:
    """The stage has a table, so its consumer is assigned a changelog, which it must leave alone."""


STAGE = KeyedStage(name="match", reads=(FINGERPRINTS,), table="contents", process=nothing)


async def test_a_worker_that_is_stopped_while_partitions_are_assigned_ends_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The consumer's thread waits for the event loop then, so the event loop must not wait for the thread."""
    assigning = asyncio.Event()
    on_partitions_assigned = BatchConsumer.on_partitions_assigned

    async def after_the_thread_stopped(consumer: BatchConsumer, assigned: set[TP], generation_id: int = 0) -> None:
        assigning.set()
        await eventually(consumer._thread.method_queue._stopped.is_set)
        await on_partitions_assigned(consumer, assigned, generation_id)

    monkeypatch.setattr(BatchConsumer, "on_partitions_assigned", after_the_thread_stopped)
    worker = Worker(bench.settings(), [STAGE])
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(assigning.wait(), 30.0)
    worker.stop()
    code = await running
    assert code == 0
    assert "did not stop" not in caplog.text, "a stop that hangs is given up after 20 s"
    await eventually(lambda: not worker.apps[0].batch_consumer._thread._thread.is_alive())


async def test_a_worker_that_is_stopped_while_partitions_are_taken_away_ends(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has finished by then is to be committed, for which the consumer's thread takes no calls any more."""
    bench.overrides["commit_interval_s"] = 600.0
    revoking = asyncio.Event()
    on_partitions_revoked = BatchConsumer.on_partitions_revoked

    async def after_the_thread_stopped(consumer: BatchConsumer, revoked: set[TP]) -> None:
        if not revoking.is_set() and consumer.in_flight.removals:
            revoking.set()
            await eventually(consumer._thread.method_queue._stopped.is_set)
        await on_partitions_revoked(consumer, revoked)

    monkeypatch.setattr(BatchConsumer, "on_partitions_revoked", after_the_thread_stopped)
    # The drain of a stop would commit before: here only the revocation has something to commit.
    monkeypatch.setattr(BatchConsumer, "on_stop", _leave)
    first = Worker(bench.settings("first"), [STAGE])
    running = asyncio.create_task(first.run())
    await eventually(lambda: bool(first.apps) and not first.not_ready())
    bench.publish(FINGERPRINTS, [(b"key", b"value", partition) for partition in range(8)])
    await eventually(lambda: first.apps[0].batch_consumer.in_flight.removals > 0)
    second = Worker(bench.settings("second"), [STAGE])
    joining = asyncio.create_task(second.run())
    await asyncio.wait_for(revoking.wait(), 30.0)
    first.stop()
    assert await running == 0
    await eventually(lambda: not first.apps[0].batch_consumer._thread._thread.is_alive())
    # aiokafka answers no stop while it waits for the group's other members, which is up to 20 s then.
    await eventually(lambda: not second.not_ready())
    second.stop()
    assert await joining == 0


async def _leave(consumer: BatchConsumer) -> None:
    consumer._leave_on_close()
