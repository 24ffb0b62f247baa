"""The account of one partition's offsets: read, finished, committable. Pure; no Kafka client, no clock.

A batch holds the records that one fetch brought from one partition. The committed offset follows the oldest record that
is not finished, so no unfinished record is ever skipped, in whatever order the others finish.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from streams.domain.records import RawRecord
from streams.runtime.in_flight import InFlight

HEADER_BYTES = 64


def size_of(record: RawRecord) -> int:
    """Bytes of key and value, and 64 for every header."""
    return len(record.value or b"") + len(record.key or b"") + HEADER_BYTES * len(record.headers)


@dataclass(frozen=True, slots=True)
class FinishedRecord:
    """Stands for a finished record, whose bytes are given back."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: None = None
    value: None = None
    headers: tuple[()] = ()


class Batch:
    """Records of one partition in offset order, and which of them are finished.

    `size_bytes` is the size of the unfinished records. A record that is finished alone gives its bytes back at once,
    so that a slow record of the same batch does not hold them. `waits`: no runner has the batch yet. `started`: a
    runner works on the batch. `stale`: the partition was taken away, so the work may be dropped and is never committed.
    """

    __slots__ = (
        "_done",
        "_end_offset",
        "_ledger",
        "_low",
        "left",
        "partition",
        "records",
        "size_bytes",
        "stale",
        "started",
        "topic",
        "waits",
    )

    def __init__(self, topic: str, partition: int, records: Sequence[RawRecord], ledger: Ledger) -> None:
        self.topic = topic
        self.partition = partition
        self.records: list[RawRecord] = list(records)
        self._end_offset = records[-1].offset + 1
        self.size_bytes = sum(map(size_of, records))
        self.left = len(records)
        self.waits = True
        self.started = False
        self.stale = False
        self._done: bytearray | None = None
        self._low = 0
        self._ledger = ledger

    def hand_over(self) -> None:
        """A runner has the batch now."""
        if self.waits:
            self.waits = False
            self._ledger.on_handed_over()

    def finish(self) -> None:
        """All records are finished: everything they caused is durable."""
        if self.left:
            left, self.left = self.left, 0
            self._low = len(self.records)
            size_bytes, self.size_bytes = self.size_bytes, 0
            self._ledger.on_done(left, size_bytes)

    def finish_one(self, index: int) -> None:
        """The record at `index` is finished. Any order will do, and a second call does no harm."""
        if self._done is None:
            self._done = bytearray(len(self.records))
        if not self.left or self._done[index]:
            return
        self._done[index] = 1
        record = self.records[index]
        size_bytes = size_of(record)
        self.size_bytes -= size_bytes
        self.records[index] = FinishedRecord(record.topic, record.partition, record.offset, record.timestamp)
        while self._low < len(self.records) and self._done[self._low]:
            self._low += 1
        self.left -= 1
        self._ledger.on_done(1, size_bytes)

    @property
    def in_flight(self) -> InFlight:
        """The account that the records count in."""
        return self._ledger.in_flight

    @property
    def committable(self) -> int:
        """The offset of the first unfinished record, or the offset after the last record."""
        if self._low < len(self.records):
            return self.records[self._low].offset
        return self._end_offset


class Ledger:
    """All open batches of one partition, oldest first.

    `next_offset` is the first offset that was not delivered yet; delivery begins at the committed offset and leaves
    nothing out. `sought_offset` is the last offset from which the consumer was made to fetch a second time.
    `open_bytes` is the size of the unfinished records.
    """

    __slots__ = ("_batches", "_committable", "in_flight", "next_offset", "open_bytes", "sought_offset")

    def __init__(self, in_flight: InFlight, next_offset: int = 0) -> None:
        self._batches: deque[Batch] = deque()
        self._committable: int | None = None
        self.in_flight = in_flight
        self.open_bytes = 0
        self.next_offset = next_offset
        self.sought_offset = -1

    def open(self, topic: str, partition: int, records: Sequence[RawRecord]) -> Batch:
        batch = Batch(topic, partition, records, self)
        self._batches.append(batch)
        self.next_offset = records[-1].offset + 1
        self.open_bytes += batch.size_bytes
        self.in_flight.add(len(records), batch.size_bytes)
        return batch

    def on_handed_over(self) -> None:
        self.in_flight.hand_over()

    def on_done(self, records: int, size_bytes: int) -> None:
        self.open_bytes -= size_bytes
        self.in_flight.remove(records, size_bytes)

    def committable(self) -> int | None:
        """The offset up to which everything is finished, or None if nothing has finished since the ledger began."""
        batches = self._batches
        while batches and not batches[0].left:
            self._committable = batches.popleft().committable
        if batches and batches[0].left < len(batches[0].records):
            low = batches[0].committable
            if low > batches[0].records[0].offset:
                self._committable = low
        return self._committable

    def started_work(self) -> int:
        """The number of unfinished records in started batches."""
        return sum(batch.left for batch in self._batches if batch.started)

    @property
    def open_records(self) -> int:
        return sum(batch.left for batch in self._batches)

    def drop(self) -> None:
        """The partition was taken away: its open batches become stale and no longer count."""
        for batch in self._batches:
            batch.stale = True
            batch.hand_over()
            if batch.left:
                self.in_flight.remove(batch.left, batch.size_bytes)
                batch.left = 0
        self._batches.clear()
        self.open_bytes = 0


#: The records that one fetch brought from one topic: a batch of every partition that had some.
Delivery = Sequence[Batch]
