"""Faust's consumer, changed to give an agent one event for each fetch, and to commit only finished records.

Every method names the method of Faust that it replaces, and the reason; everything else stays Faust's. An event's
value is a `Delivery`. Nothing is decoded on the way, so nothing can fail on the way.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

from aiokafka.errors import ConsumerStoppedError, IllegalStateError
from faust.serializers.schemas import Schema
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.runtime.consumer_thread import FetchingThread
from streams.runtime.in_flight import InFlight
from streams.runtime.ledger import Batch, Delivery, Ledger

logger = logging.getLogger(__name__)


class BatchSchema(Schema):  # type: ignore[misc]
    """Passes a `Delivery` through as the event's value."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Awaitable[Any]]:
        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(b"", message.value, message.headers, message)

        return decode


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """One event for each fetch and topic; offsets follow the ledgers; changelogs are read by tables/recovery.py.

    `in_flight` bounds the delivered records that are not finished, by count and bytes. A revocation waits up to
    `drain_timeout_s` for started work; the next owner of a partition repeats what has not finished by then.
    """

    logger = logging.getLogger("faust.mediasieve")
    in_flight: InFlight
    drain_timeout_s: float

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bounds = self.app.bounds
        self.in_flight = InFlight(bounds.max_records, bounds.max_bytes)
        self.in_flight.on_room = self._on_room
        self.drain_timeout_s = self.app.settings.runtime.drain_timeout_s
        self.ledgers: dict[TP, Ledger] = {}
        self._refetch: set[TP] = set()
        self._sought = False
        self.restored_records = 0
        self.last_progress_at = time.monotonic()
        # If the thread and a caller both asked for the queue first, each would make its own: make it now.
        self._calls = self._thread.method_queue
        self._room = asyncio.Event()
        self._room.set()
        self._drained = asyncio.Event()
        self.stop_flow()

    def _new_consumer_thread(self) -> FetchingThread:
        return FetchingThread(self, loop=self.loop, beacon=self.beacon)

    def _on_room(self) -> None:
        self._room.set()
        self._drained.set()
        self._thread.wake_fetcher()

    def nudge(self, *, ends_gathering: bool) -> None:
        """A stage of this worker has sent records: look for them now. Costs little while the consumer is at work.

        `ends_gathering`: also if records are being gathered.
        """
        self._thread.nudge_fetcher(ends_gathering)

    def open_bytes_of(self, tp: TP) -> int:
        """The size of a partition's delivered and unfinished records. Call from any thread."""
        ledger = self.ledgers.get(tp)
        return ledger.open_bytes if ledger is not None else 0

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109
        """Faust yields single messages, and each costs several tasks; this yields one message for a fetch and topic."""
        if self.in_flight.full:
            self._room.clear()
            await self.wait(self._room)
        if self.flow_active and self._refetch:
            await self._fetch_again()
        records, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if not records or self.should_stop:
            return
        self.in_flight.handed_bytes = 0
        deliveries: dict[str, list[Batch]] = {}
        for raw_tp, batch in records.items():
            tp = ensure_TP(raw_tp)
            ledger = self.ledgers.get(tp)
            if (
                ledger is None
                or not self.flow_active
                or self.app.consumer_generation_id != generation
                or (active is not None and tp not in active)
            ):
                self._refetch.add(tp)
                continue
            if batch[0].offset < ledger.next_offset:
                batch = [record for record in batch if record.offset >= ledger.next_offset]
            elif batch[0].offset > ledger.next_offset != ledger.sought_offset:
                # Either the log lost the offsets between (retention, a transaction's marker), or we did: fetch again.
                self._refetch.add(tp)
                continue
            if batch:
                self._read_offset[tp] = batch[-1].offset
                deliveries.setdefault(tp.topic, []).append(ledger.open(tp.topic, tp.partition, batch))
        for delivery in deliveries.values():
            message = self._to_message_of(delivery)
            yield message.tp, message

    async def _fetch_again(self) -> None:
        """Records came while nothing could take them: fetch again from the first record that was not delivered."""
        refetch = {tp: ledger for tp in self._refetch if (ledger := self.ledgers.get(tp)) is not None}
        self._refetch.clear()
        for ledger in refetch.values():
            ledger.sought_offset = ledger.next_offset
        try:
            await self.seek_wait({tp: ledger.next_offset for tp, ledger in refetch.items()})
        except (IllegalStateError, TimeoutError) as error:  # revoked meanwhile, or the broker is away
            self.log.info("could not seek %r, trying again: %r", list(refetch), error)
            self._refetch.update(refetch)
            await self.sleep(0.1)

    async def perform_seek(self) -> None:
        """The end of a rebalance: delivery begins at the committed offsets, or at 0 if there is none.

        Faust does not seek a partition without a committed offset, although its position may have moved already.
        """
        await super().perform_seek()
        for tp in self.assignment():
            if not self._is_changelog_tp(tp) and tp not in self.ledgers:
                self.ledgers[tp] = Ledger(self.in_flight, self._committed_offset[tp] or 0)
                self._refetch.add(tp)
        self._sought = True

    def resume_flow(self) -> None:
        """Records flow only after the seek that ends a rebalance.

        Faust also resumes the flow for the recovery of tables. Before it resumes the flow for the last time, it clears
        the queues to the agents: records that came in earlier would be lost.
        """
        if self._sought:
            super().resume_flow()

    def _to_message_of(self, delivery: Delivery) -> ConsumerMessage:
        """Looks like the last record of the delivery's first partition."""
        topic, partition, last = delivery[0].topic, delivery[0].partition, delivery[0].records[-1]
        return ConsumerMessage(
            topic,
            partition,
            last.offset,
            last.timestamp / 1000,
            0,
            [],
            b"",
            delivery,
            None,
            tp=TP(topic, partition),
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """Faust pauses a partition with a long queue, and sleeps a second if all are long. `in_flight` bounds us."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing was paused; see `on_buffer_full`."""

    async def _add_gap(self, *_: Any) -> None:
        """Faust keeps account of missing offsets; the ledger needs no such account."""

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self.ledgers) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """Faust's own method can skip records in flight; the ledger cannot."""
        ledger = self.ledgers.get(tp)
        return ledger.committable() if ledger is not None else None

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        try:
            committed = bool(await super()._commit_offsets(offsets, start_new_transaction))
        except ConsumerStoppedError:  # the next owner of the partitions processes these records again
            return False
        if committed:
            self.last_progress_at = time.monotonic()
            self.app.on_committed(offsets)
        return committed

    async def drain(self) -> None:
        """Deliver nothing more, wait up to `drain_timeout_s` for started work, and commit what has finished."""
        self.stop_flow()
        self.app.flow_control.suspend()
        deadline = time.monotonic() + self.drain_timeout_s
        while (left := sum(ledger.started_work() for ledger in self.ledgers.values())) > 0:
            remaining_s = deadline - time.monotonic()
            if remaining_s <= 0:
                self.log.warning(
                    "%d records were not finished in %.1f s; they will be processed again", left, self.drain_timeout_s
                )
                break
            self._drained.clear()
            try:
                await asyncio.wait_for(self._drained.wait(), min(remaining_s, 0.1))
            except TimeoutError:
                continue
        await self.commit()

    def drop_ledgers(self) -> None:
        """Records in flight become stale, and are never committed."""
        for ledger in self.ledgers.values():
            ledger.drop()
        self.ledgers.clear()
        self._refetch.clear()
        self._sought = False

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Faust drops its offsets before it drains; here finished records are committed first."""
        await self.drain()
        self.drop_ledgers()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self.drop_ledgers()
        self.last_progress_at = time.monotonic()
        mine = sorted((tp.topic, tp.partition) for tp in assigned)
        shown = ", ".join(f"{topic}/{partition}" for topic, partition in mine) or "none; other workers have them all"
        logger.info("%s: partitions %s", self.app.stage.name, shown)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_stop(self) -> None:
        await self.drain()
        self.drop_ledgers()
        self._thread.leave_group()


class BatchTransport(driver.Transport):  # type: ignore[misc]
    Consumer = BatchConsumer
