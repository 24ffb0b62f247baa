"""The account of one partition's offsets: read, finished, committable. Pure; no Kafka client, no clock.

A batch holds the records that one fetch brought from one partition. The committed offset follows the oldest record that
is not finished, so no unfinished record is ever skipped, in whatever order the others finish.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from streams.domain.records import RawRecord

HEADER_BYTES = 64


class Batch:
    """Records of one partition in offset order, and which of them are finished.

    `size_bytes` counts keys, values and 64 bytes for every header. `waits`: no runner has the batch yet. `started`: a
    runner works on the batch. `stale`: the partition was taken away, so the work may be dropped and is never committed.
    """

    __slots__ = (
        "_done",
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
        self.records = records
        size_bytes = 0
        for record in records:
            size_bytes += len(record.value or b"") + len(record.key or b"") + HEADER_BYTES * len(record.headers)
        self.size_bytes = size_bytes
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
            self._ledger.on_done(self, left)

    def finish_one(self, index: int) -> None:
        """The record at `index` is finished. Any order will do, and a second call does no harm."""
        if self._done is None:
            self._done = bytearray(len(self.records))
        if not self.left or self._done[index]:
            return
        self._done[index] = 1
        while self._low < len(self.records) and self._done[self._low]:
            self._low += 1
        self.left -= 1
        self._ledger.on_done(self, 1)

    @property
    def committable(self) -> int:
        """The offset of the first unfinished record, or the offset after the last record."""
        if self._low < len(self.records):
            return self.records[self._low].offset
        return self.records[-1].offset + 1


class Ledger:
    """All open batches of one partition, oldest first.

    `next_offset` is the first offset that was not delivered yet; delivery begins at the committed offset and leaves
    nothing out. `sought_offset` is the last offset from which the consumer was made to fetch a second time.
    """

    __slots__ = ("_batches", "_committable", "_in_flight", "next_offset", "sought_offset")

    def __init__(self, in_flight: InFlight, next_offset: int = 0) -> None:
        self._batches: deque[Batch] = deque()
        self._committable: int | None = None
        self._in_flight = in_flight
        self.next_offset = next_offset
        self.sought_offset = -1

    def open(self, topic: str, partition: int, records: Sequence[RawRecord]) -> Batch:
        batch = Batch(topic, partition, records, self)
        self._batches.append(batch)
        self.next_offset = records[-1].offset + 1
        self._in_flight.add(len(records), batch.size_bytes)
        return batch

    def on_handed_over(self) -> None:
        self._in_flight.hand_over()

    def on_done(self, batch: Batch, records: int) -> None:
        self._in_flight.remove(records, batch.size_bytes if batch.left == 0 else 0)

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
                self._in_flight.remove(batch.left, batch.size_bytes)
                batch.left = 0
        self._batches.clear()


#: The records that one fetch brought from one topic: a batch of every partition that had some.
Delivery = Sequence[Batch]


class InFlight:
    """The delivered, unfinished records of one consumer, by count and bytes, and their bounds.

    `waiting` counts the batches that no runner has yet. `removals` counts how often records were finished or dropped:
    as long as it stays the same, the stage makes no progress.
    """

    __slots__ = ("max_bytes", "max_records", "on_room", "records", "removals", "size_bytes", "waiting")

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self.max_records = max_records
        self.max_bytes = max_bytes
        self.records = 0
        self.size_bytes = 0
        self.removals = 0
        self.waiting = 0
        self.on_room: Callable[[], None] = lambda: None

    @property
    def full(self) -> bool:
        """Whether nothing more should be delivered now.

        While a batch waits for its runner, later records had better stay in the client and come as one larger batch.
        Many small batches cost more than few large ones, and a worker that is behind would never catch up.
        """
        return self.waiting > 0 or self.records >= self.max_records or self.size_bytes >= self.max_bytes

    def add(self, records: int, size_bytes: int) -> None:
        self.records += records
        self.size_bytes += size_bytes
        self.waiting += 1

    def hand_over(self) -> None:
        self.waiting -= 1
        if not self.full:
            self.on_room()

    def remove(self, records: int, size_bytes: int) -> None:
        self.records -= records
        self.size_bytes -= size_bytes
        self.removals += 1
        if not self.full:
            self.on_room()
