"""A stage with an admission: its batches wait for it, and hold up nothing while they do."""

from __future__ import annotations

import asyncio

from streams.kafka.topics import BULK_SUBMISSIONS, FINGERPRINTS
from streams.runtime.runners.bulk import STEP_RECORDS, BulkStage
from streams.runtime.runners.concurrent import RecordTask
from tests.runtime.conftest import Bench, eventually


class Gate:
    """An admission that the test opens."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.admitted: list[int] = []
        self.finished = self.given_up = self.asked = 0

    async def admit(self, records: int) -> None:
        self.asked += 1
        await self.open.wait()
        self.admitted.append(records)

    def finish(self, records: int) -> None:
        self.finished += records

    def give_up(self) -> None:
        self.given_up += 1


def stage(gate: Gate) -> BulkStage:
    def handle(task: RecordTask) -> None:
        task.emit(FINGERPRINTS, task.record.key, task.record.value, None)

    return BulkStage(
        name="bulk", reads=(BULK_SUBMISSIONS,), writes=(FINGERPRINTS,), handle=handle, admission=gate, max_records=32
    )


async def test_batches_wait_for_their_admission_and_few_records_come_at_once(bench: Bench) -> None:
    gate = Gate()
    bench.publish(BULK_SUBMISSIONS, [(f"{n}".encode(), b"x", n % 4) for n in range(200)])
    async with bench.worker(stage(gate)) as worker:
        await eventually(lambda: gate.asked > 0)
        assert worker.apps[0].batch_consumer.in_flight.records <= 32 + STEP_RECORDS
        assert (gate.admitted, gate.finished) == ([], 0)
        gate.open.set()
        await eventually(lambda: gate.finished == 200)
        assert sum(gate.admitted) == 200
        assert max(gate.admitted) <= STEP_RECORDS
        await eventually(
            lambda: sum(max(0, bench.committed(BULK_SUBMISSIONS, p, "bulk")) for p in range(4)) == 200, blocking=True
        )


async def test_a_batch_that_waits_for_its_admission_has_not_started_and_is_left_to_the_next_owner(bench: Bench) -> None:
    closed, gate = Gate(), Gate()
    bench.publish(BULK_SUBMISSIONS, [(b"a", b"x", 0)])
    async with bench.worker(stage(closed)) as worker:
        await eventually(lambda: closed.asked > 0)
        ledgers = worker.apps[0].batch_consumer.ledgers.values()
        assert sum(ledger.open_records for ledger in ledgers) == 1
        assert sum(ledger.started_work() for ledger in ledgers) == 0, "a stop would wait for it"
    assert (closed.admitted, closed.finished) == ([], 0)
    gate.open.set()
    async with bench.worker(stage(gate)):
        await eventually(lambda: gate.finished == 1)
