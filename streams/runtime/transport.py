"""Faust's consumer, made to hand an agent one event per fetch, and to commit only what is done.

What is replaced and why stands at each method; everything else stays Faust's. An event's value is a
`Delivery`; nothing is decoded on the way, so nothing can fail on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

from aiokafka.errors import IllegalStateError
from faust.serializers.schemas import Schema
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.runtime.ledger import Batch, Delivery, Ledger, Load

logger = logging.getLogger(__name__)

#: A fetch that brought fewer records than this is followed by a pause, so that a thin stream comes in small batches
#: instead of one by one, each at the price of a batch.
FEW_RECORDS = 50
COALESCE_S = 0.004


class BatchSchema(Schema):  # type: ignore[misc]
    """Passes a `Delivery` through as the event's value."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Awaitable[Any]]:
        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(b"", message.value, message.headers, message)

        return decode


class PacedThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Asks for records with patience, and hands out those of each partition in turn.

    Where there are none it asks at most 50 times a second, and waits for the answer no longer than WAIT_MS. Apache
    Kafka waits with its answer until there are some; the embedded broker answers at once, and its consumers asked a
    thousand times a second. The partition of which records have just come is not in the next question, which is the
    only one at a time: while the others have none, it would go on only after Faust's 1.5 s.
    """

    logger = logging.getLogger("faust.mediasieve")
    EMPTY_S = 0.02
    WAIT_MS = 40

    async def on_start(self) -> None:
        await super().on_start()
        fetcher = self._consumer._fetcher
        fetcher._fetch_max_wait_ms = self.WAIT_MS
        fetch = fetcher._proc_fetch_request

        async def paced(*args: Any) -> bool:
            begun_at = time.monotonic()
            found = bool(await fetch(*args))
            early_s = begun_at + self.EMPTY_S - time.monotonic()
            if not found and early_s > 0:
                with contextlib.suppress(asyncio.CancelledError):  # as the fetcher's own: nobody wants it any more
                    await asyncio.sleep(early_s)
            return found

        fetcher._proc_fetch_request = paced

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Runs on this thread, before the event loop hears of the partitions.

        The thread waits here for the event loop. Code that runs there must not wait for the thread in turn: a thread
        that is stopping takes no more calls, and both would wait for ever.
        """
        self._leave_alone({tp for tp in assigned if self.consumer._is_changelog_tp(tp)})
        await super().on_partitions_assigned(assigned, generation_id)

    def _leave_alone(self, partitions: set[TP]) -> None:
        """Fetch nothing of the changelogs: tables/changelog.py reads them."""
        consumer = self._ensure_consumer()
        for partition in [each for each in consumer.assignment() if each in partitions]:
            consumer.seek(partition, 0)  # else it would ask the broker where to begin
            consumer.pause(partition)

    async def _fetch_records(self, consumer: Any, *args: Any, **kwargs: Any) -> Any:
        """By itself aiokafka empties one partition before it gives any of the next.

        After the death of another worker, the last with a backlog would wait for all others.
        """
        records = await super()._fetch_records(consumer, *args, **kwargs)
        buffered = consumer._fetcher._records
        for tp in records:
            if tp in buffered:
                buffered.move_to_end(tp)
        return records


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """One event per fetch and topic; offsets by ledger; changelogs are read elsewhere (recovery.py).

    `load` bounds what is delivered and not done, by count and bytes. `drain_timeout_s` is how long a
    revocation waits for work that has begun; what is not done by then is done again by the next owner.
    """

    logger = logging.getLogger("faust.mediasieve")
    load: Load
    drain_timeout_s: float

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bounds = self.app.bounds
        self.load = Load(bounds.max_records, bounds.max_bytes)
        self.load.on_room = self._on_room
        self.drain_timeout_s = bounds.drain_timeout_s
        self.ledgers: dict[TP, Ledger] = {}
        self._overlooked: set[TP] = set()
        self._sought = False
        self._fetch_not_before = 0.0
        self.restored_records = 0
        self.last_progress_at = time.monotonic()
        # The thread and its caller would each make a queue of their own when both ask for it first: make it now.
        self._calls = self._thread.method_queue
        self._room = asyncio.Event()
        self._room.set()
        self._drained = asyncio.Event()
        self.stop_flow()

    def _new_consumer_thread(self) -> PacedThread:
        return PacedThread(self, loop=self.loop, beacon=self.beacon)

    def _on_room(self) -> None:
        self._room.set()
        self._drained.set()

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109
        """Faust yields messages one by one, each at the price of several tasks; this yields one per fetch and topic."""
        if self.load.full:
            self._room.clear()
            await self.wait(self._room)
        if self.flow_active and self._overlooked:
            await self._look_again()
        early_s = self._fetch_not_before - time.monotonic()
        if early_s > 0:
            await asyncio.sleep(early_s)
        records, active = await self._wait_next_records(timeout)
        few = sum(map(len, records.values())) < FEW_RECORDS if records else True
        self._fetch_not_before = time.monotonic() + COALESCE_S if few else 0.0
        generation = self.app.consumer_generation_id
        if not records or self.should_stop:
            return
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
                self._overlooked.add(tp)
                continue
            if batch[0].offset < ledger.next_offset:
                batch = [record for record in batch if record.offset >= ledger.next_offset]
            elif batch[0].offset > ledger.next_offset != ledger.sought_offset:
                # Did the log lose these (retention, a transaction's marker), or we? Look once more to know.
                self._overlooked.add(tp)
                continue
            if batch:
                self._read_offset[tp] = batch[-1].offset
                deliveries.setdefault(tp.topic, []).append(ledger.open(tp.topic, tp.partition, batch))
        for delivery in deliveries.values():
            message = self._to_message_of(delivery)
            yield message.tp, message

    async def _look_again(self) -> None:
        """Records came while nobody could take them: read on behind what was delivered last."""
        overlooked = {tp: ledger for tp in self._overlooked if (ledger := self.ledgers.get(tp)) is not None}
        self._overlooked.clear()
        for ledger in overlooked.values():
            ledger.sought_offset = ledger.next_offset
        try:
            await self.seek_wait({tp: ledger.next_offset for tp, ledger in overlooked.items()})
        except (IllegalStateError, TimeoutError) as error:  # taken away meanwhile, or the broker is
            self.log.info("could not seek %r, trying again: %r", list(overlooked), error)
            self._overlooked.update(overlooked)
            await self.sleep(0.1)

    async def perform_seek(self) -> None:
        """The end of a rebalance: delivery begins at the committed offsets, or at 0 where there is none.

        Faust does not seek a partition that has no committed offset, whose position may have moved on already.
        """
        await super().perform_seek()
        for tp in self.assignment():
            if not self._is_changelog_tp(tp) and tp not in self.ledgers:
                self.ledgers[tp] = Ledger(self.load, self._committed_offset[tp] or 0)
                self._overlooked.add(tp)
        self._sought = True

    def resume_flow(self) -> None:
        """Records flow from the resumption on that ends a rebalance, which is the first behind its seek.

        Faust resumes the flow for the recovery of a table, too, and clears the queues that lead to the agents right
        before the last time: what was put in there meanwhile would never be seen again.
        """
        if self._sought:
            super().resume_flow()

    def _to_message_of(self, delivery: Delivery) -> ConsumerMessage:
        """As if it were the last record of its first partition."""
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
        """Faust stops fetching where a queue is long, and sleeps a second once all are; `load` is the bound here."""

    def on_buffer_drop(self, tp: TP) -> None:
        """See `on_buffer_full`."""

    async def _add_gap(self, *_: Any) -> None:
        """Offsets between batches are no gaps."""

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self.ledgers) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """Faust's own can jump over work in flight; the ledger cannot."""
        ledger = self.ledgers.get(tp)
        return ledger.committable() if ledger is not None else None

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        done = bool(await super()._commit_offsets(offsets, start_new_transaction))
        if done:
            self.last_progress_at = time.monotonic()
            self.app.on_committed(offsets)
        return done

    async def drain(self) -> None:
        """Deliver nothing new, wait for begun work up to `drain_timeout_s`, and commit what is done."""
        self.stop_flow()
        self.app.flow_control.suspend()
        deadline = time.monotonic() + self.drain_timeout_s
        while (left := sum(ledger.started_work() for ledger in self.ledgers.values())) > 0:
            remaining_s = deadline - time.monotonic()
            if remaining_s <= 0:
                self.log.warning(
                    "%d records were not done in %.1f s; they will be done again", left, self.drain_timeout_s
                )
                break
            self._drained.clear()
            try:
                await asyncio.wait_for(self._drained.wait(), min(remaining_s, 0.1))
            except TimeoutError:
                continue
        await self.commit()

    def forget(self) -> None:
        for ledger in self.ledgers.values():
            ledger.drop()
        self.ledgers.clear()
        self._overlooked.clear()
        self._sought = False

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Faust drops what is known of the offsets before it drains; here what is done is committed first."""
        await self.drain()
        self.forget()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self.forget()
        self.last_progress_at = time.monotonic()
        mine = sorted((tp.topic, tp.partition) for tp in assigned)
        shown = ", ".join(f"{topic}/{partition}" for topic, partition in mine) or "none; others have them all"
        logger.info("%s: partitions %s", self.app.stage.name, shown)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_stop(self) -> None:
        await self.drain()
        self.forget()
        self._leave_on_close()

    def _leave_on_close(self) -> None:
        """Static members do not leave when they close, so that a restart moves nothing; a stop on purpose should.

        Others then take over at once instead of after the session timeout.
        """
        consumer = self._thread._consumer
        if consumer is not None:
            consumer._coordinator._group_instance_id = None


class BatchTransport(driver.Transport):  # type: ignore[misc]
    Consumer = BatchConsumer
