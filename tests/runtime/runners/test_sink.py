"""Sinks: rows by count, bytes and age; offsets follow the rows; retries while the other side is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from streams.domain.records import RawRecord
from streams.errors import BadInput, Reason, SinkError
from streams.kafka.topics import DEAD_LETTERS, DECISIONS
from streams.runtime.runners.sink import SinkStage
from tests.runtime.conftest import Bench, eventually


class Rows:
    """A sink that is away as long as the test wants."""

    def __init__(self, *, max_rows: int = 100, max_age_s: float = 0.2) -> None:
        self.away = False
        self.tries = 0
        self.inserts: list[tuple[str, list[bytes]]] = []
        self.stage = SinkStage(
            name="record",
            reads=(DECISIONS, DEAD_LETTERS),
            writes=(DEAD_LETTERS,),
            write=self.write,
            ping=self.ping,
            max_rows=max_rows,
            max_bytes=1 << 20,
            max_age_s=max_age_s,
        )

    async def ping(self) -> bool:
        return not self.away

    async def write(self, topic: str, records: Sequence[RawRecord]) -> list[tuple[RawRecord, BadInput]]:
        self.tries += 1
        if self.away:
            raise SinkError("no rows today")
        self.inserts.append((topic, [record.value or b"" for record in records if record.value != b"bad"]))
        return [(record, BadInput(Reason.NOT_JSON, "bad")) for record in records if record.value == b"bad"]

    def count(self, topic: str) -> int:
        return sum(len(values) for name, values in self.inserts if name == topic)


async def test_rows_arrive_by_age_and_offsets_follow(bench: Bench) -> None:
    rows = Rows()
    bench.publish(DECISIONS, [(b"k", b"%d" % n, n % 2) for n in range(30)])
    async with bench.worker(rows.stage):
        await eventually(lambda: rows.count(DECISIONS) == 30)
        await eventually(lambda: bench.committed(DECISIONS, 1, "record") == 15, blocking=True)


async def test_while_the_other_side_is_away_nothing_is_committed_and_then_everything_arrives(bench: Bench) -> None:
    rows = Rows()
    rows.away = True
    bench.publish(DECISIONS, [(b"k", b"%d" % n, 0) for n in range(20)])
    async with bench.worker(rows.stage) as worker:
        await eventually(lambda: rows.tries >= 2)
        assert await asyncio.to_thread(bench.committed, DECISIONS, 0, "record") < 0
        assert worker.live
        assert worker.not_ready() == ["record: where its rows go is out of reach"]
        rows.away = False
        await eventually(lambda: rows.count(DECISIONS) == 20)
        await eventually(lambda: bench.committed(DECISIONS, 0, "record") == 20, blocking=True)
        await eventually(lambda: not worker.not_ready())


async def test_a_record_that_cannot_be_a_row_becomes_a_dead_letter_once(bench: Bench) -> None:
    rows = Rows()
    bench.publish(DECISIONS, [(b"k", b"1", 0), (b"k", b"bad", 0), (b"k", b"2", 0)])
    async with bench.worker(rows.stage):
        await eventually(lambda: rows.count(DECISIONS) == 2)
        (letter,) = await asyncio.to_thread(bench.read, DEAD_LETTERS, bool)
        assert (letter.value(), dict(letter.headers() or [])["dl_reason"]) == (b"bad", b"not_json")
        # The dead letter cannot be stored either, and must not cause another dead letter.
        await eventually(lambda: bench.committed(DEAD_LETTERS, letter.partition() or 0, "record") == 1, blocking=True)
        assert len(await asyncio.to_thread(bench.read, DEAD_LETTERS, lambda found: len(found) > 1, 1.0)) == 1


async def test_many_rows_go_in_few_inserts(bench: Bench) -> None:
    rows = Rows(max_rows=500, max_age_s=5.0)
    bench.publish(DECISIONS, [(b"k", b"%d" % n, n % 8) for n in range(4000)])
    async with bench.worker(rows.stage):
        await eventually(lambda: rows.count(DECISIONS) == 4000)
    assert len(rows.inserts) <= 10
