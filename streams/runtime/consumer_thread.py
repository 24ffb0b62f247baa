"""The thread that fetches for a consumer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import ServiceThread

from streams.runtime.bounded_fetcher import BoundedFetcher

#: A stage that is told when there is something to fetch gathers for longer than the stage that tells it. Else its
#: question would be open at the broker, which answers once it has the first of all records that were sent together.
FED_GATHER_S = 0.03


class PatientThread(ServiceThread):  # type: ignore[misc]
    """Its event loop goes on while it waits for the thread to end.

    Faust's own `stop` blocks the event loop. A thread that is in a rebalance then waits for this loop, and both wait
    for ever.
    """

    async def stop(self) -> None:
        if self._started.is_set():
            await super(ServiceThread, self).stop()
            if self._thread is not None:
                await asyncio.to_thread(self._thread.stop)


class FetchingThread(PatientThread, driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Fetches under the bound of its consumer's account; see bounded_fetcher.py.

    Only one question to a broker is open at a time, and it leaves out partitions whose records are still being handed
    out. While the other partitions have no records, such a partition would have to wait for the 1.5 s that Faust lets
    the broker wait.
    """

    logger = logging.getLogger("faust.mediasieve")
    fetcher: BoundedFetcher | None = None

    async def on_start(self) -> None:
        await super().on_start()
        self.fetcher = BoundedFetcher.bound(
            self._consumer._fetcher, self.consumer.in_flight, self.consumer.open_bytes_of, self._gather_s
        )

    @property
    def _gather_s(self) -> float:
        own_s: float = self.consumer.app.bounds.gather_s
        return max(own_s, FED_GATHER_S) if self.consumer.app.fed else own_s

    def wake_fetcher(self) -> None:
        """There is room again. Call from any thread; costs little if the fetcher does not wait for room."""
        if self.fetcher is not None and self.fetcher.starved:
            self.fetcher.starved = False
            self._call_soon(self.fetcher.wake)

    def nudge_fetcher(self, ends_gathering: bool) -> None:
        """Records were produced that this consumer may be waiting for. Call from any thread.

        A stage that gathers for longer than `FED_GATHER_S` is in no hurry.
        """
        fetcher = self.fetcher
        if fetcher is None:
            return
        if fetcher.idle or (ends_gathering and fetcher.gathering and fetcher.gather_s <= FED_GATHER_S):
            fetcher.idle = fetcher.gathering = False
            self._call_soon(fetcher.nudge)

    def _call_soon(self, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the thread's loop is closed
            self.thread_loop.call_soon_threadsafe(call)

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
