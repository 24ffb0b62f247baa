"""A stopped worker ends in time and without an error, whatever its consumers are doing."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.protocol.group import JoinGroupRequest
from confluent_kafka.admin import AdminClient
from faust.types import TP

from streams.kafka.topics import FINGERPRINTS, consumer_group, group_member
from streams.runtime.prompt_coordinator import PromptCoordinator
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
    await eventually(lambda: not second.not_ready())
    second.stop()
    assert await joining == 0


async def _leave(consumer: BatchConsumer) -> None:
    consumer._thread.leave_group()


@pytest.mark.parametrize("stopped", ["old", "new"])
async def test_a_worker_that_is_stopped_while_its_group_waits_for_another_member_ends_and_leaves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, stopped: str
) -> None:
    """The group would wait for ten minutes; a stop that hangs is given up after 20 s."""
    bench.overrides["rebalance_timeout_s"] = 600.0
    slow_waits, go_on = asyncio.Event(), asyncio.Event()
    joining: set[str] = set()
    on_partitions_revoked, send_req = BatchConsumer.on_partitions_revoked, PromptCoordinator._send_req

    async def slowly(consumer: BatchConsumer, revoked: set[TP]) -> None:
        await on_partitions_revoked(consumer, revoked)
        if "new" in running and consumer.app.settings.runtime.worker_id == "slow":
            slow_waits.set()
            await go_on.wait()

    async def noted(coordinator: PromptCoordinator, request: object) -> object:
        if isinstance(request, JoinGroupRequest) and "new" in running:
            joining.add(coordinator._group_instance_id)
        return await send_req(coordinator, request)

    monkeypatch.setattr(BatchConsumer, "on_partitions_revoked", slowly)
    monkeypatch.setattr(PromptCoordinator, "_send_req", noted)
    workers = {name: Worker(bench.settings(name), [STAGE]) for name in ("slow", "old", "new")}
    running = {name: asyncio.create_task(workers[name].run()) for name in ("slow", "old")}
    await eventually(lambda: not any(workers[name].not_ready() for name in ("slow", "old")))
    running["new"] = asyncio.create_task(workers["new"].run())
    member = group_member(bench.settings(stopped), "match")
    try:
        await eventually(lambda: slow_waits.is_set() and member in joining)
        workers[stopped].stop()
        assert await running[stopped] == 0
        assert "did not stop" not in caplog.text
        assert not go_on.is_set()
        assert member not in await asyncio.to_thread(members, bench)
    finally:
        go_on.set()
        for name in workers:
            workers[name].stop()
        assert await asyncio.gather(*running.values()) == [0, 0, 0]
    assert "did not stop" not in caplog.text


def members(bench: Bench) -> set[str]:
    """The names of the members of the stage's group, as the broker has them."""
    admin = AdminClient({"bootstrap.servers": bench.namespace.bootstrap})
    group = consumer_group(bench.settings(), "match")
    described = admin.describe_consumer_groups([group])[group].result(30.0)
    return {member.group_instance_id for member in described.members}
