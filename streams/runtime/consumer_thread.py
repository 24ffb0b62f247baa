"""The thread that fetches for a consumer: it paces its questions, and takes turns among partitions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP


class PacedThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Limits how often the broker is asked for records, and returns records of all partitions in turn.

    While there are no records, it asks at most 50 times a second, and lets the broker wait at most MAX_WAIT_MS with
    its answer. Apache Kafka delays an empty answer until then; the embedded broker answers at once, and would be asked
    a thousand times a second. Only one question is open at a time, and it leaves out partitions whose records are
    still being handed out. While the other partitions have no records, such a partition would have to wait for the
    1.5 s that Faust lets the broker wait.
    """

    logger = logging.getLogger("faust.mediasieve")
    EMPTY_INTERVAL_S = 0.02
    MAX_WAIT_MS = 40

    async def on_start(self) -> None:
        await super().on_start()
        fetcher = self._consumer._fetcher
        fetcher._fetch_max_wait_ms = self.MAX_WAIT_MS
        fetch = fetcher._proc_fetch_request

        async def paced(*args: Any) -> bool:
            begun_at = time.monotonic()
            found = bool(await fetch(*args))
            early_s = begun_at + self.EMPTY_INTERVAL_S - time.monotonic()
            if not found and early_s > 0:
                with contextlib.suppress(asyncio.CancelledError):  # like the fetcher's own: its answer is not needed
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
        """By itself, aiokafka returns all records of one partition before any of the next.

        After another worker's death, the last partition with a backlog would wait for all others.
        """
        records = await super()._fetch_records(consumer, *args, **kwargs)
        buffered = consumer._fetcher._records
        for tp in records:
            if tp in buffered:
                buffered.move_to_end(tp)
        return records
