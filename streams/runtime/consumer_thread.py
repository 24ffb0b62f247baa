"""The thread that fetches for a consumer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import MethodQueue, QueuedMethod, QueueServiceThread, ServiceThread, WorkerThread
from mode.utils.futures import maybe_set_exception

from streams.runtime.bounded_fetcher import BoundedFetcher
from streams.runtime.prompt_coordinator import PromptCoordinator

#: A stage that another stage wakes gathers for longer than the stage that wakes it. Else its
#: question would be open at the broker, which answers once it has the first of all records that were sent together.
FED_GATHER_S = 0.03
#: How often it is looked whether a thread has ended.
ENDED_INTERVAL_S = 0.01


class CallQueue(MethodQueue):  # type: ignore[misc]
    """Refuses calls once it has stopped. Faust's own queue keeps such a call for ever, and its caller waits for ever.

    A caller may be part of a rebalance, for which the thread waits before it ends.
    """

    _closed = False

    async def on_stop(self) -> None:
        self._closed = True
        await super().on_stop()

    def _queue_put(self, method: QueuedMethod) -> None:
        if not self._closed:
            super()._queue_put(method)
            return
        promise = method.promise
        with contextlib.suppress(RuntimeError):  # the caller's loop is closed
            promise.get_loop().call_soon_threadsafe(maybe_set_exception, promise, ConsumerStoppedError())

    async def call(
        self, promise: asyncio.Future[Any], fun: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any
    ) -> asyncio.Future[Any]:
        """Raises ConsumerStoppedError, or lets the promise do so, if the thread has ended or is about to."""
        if self.loop.is_closed():
            raise ConsumerStoppedError
        called: asyncio.Future[Any] = await super().call(promise, fun, *args, **kwargs)
        return called


class DaemonThread(WorkerThread):  # type: ignore[misc]
    """A thread that cannot be stopped does not keep the process from ending."""

    def __init__(self, service: ServiceThread, **kwargs: Any) -> None:
        super().__init__(service, **kwargs)
        self.daemon = True


class PatientThread(QueueServiceThread):  # type: ignore[misc]
    """Its event loop goes on while it waits for the thread to end.

    Faust's own `stop` blocks the event loop. A thread that is in a rebalance then waits for this loop, and both wait
    for ever.
    """

    Worker = DaemonThread
    _method_queue: CallQueue | None

    @property
    def method_queue(self) -> CallQueue:
        if self._method_queue is None:
            self._method_queue = CallQueue(loop=self.thread_loop, beacon=self.beacon)
        return self._method_queue

    async def stop(self) -> None:
        """A thread of an executor, waiting here, would outlive a `stop` that is given up."""
        if self._started.is_set():
            await super(ServiceThread, self).stop()
            while self._thread is not None and not self._thread.is_stopped.is_set():  # noqa: ASYNC110  another thread sets it
                await asyncio.sleep(ENDED_INTERVAL_S)


class FetchingThread(PatientThread, driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Fetches under the bound of its consumer's account; see bounded_fetcher.py.

    Only one question to a broker is open at a time, and it leaves out partitions whose records are still being handed
    out. While the other partitions have no records, such a partition would have to wait for the 1.5 s that Faust lets
    the broker wait.
    """

    logger = logging.getLogger("faust.mediasieve")
    fetcher: BoundedFetcher | None = None
    coordinator: PromptCoordinator | None = None

    async def on_start(self) -> None:
        await super().on_start()
        self.coordinator = PromptCoordinator.bound(self._consumer._coordinator)
        self.fetcher = BoundedFetcher.bound(
            self._consumer._fetcher, self.consumer.in_flight, self.consumer.open_bytes_of, self._gather_s
        )

    def close(self) -> None:
        """Faust calls this when partitions come or go while the worker stops.

        Its own method closes the connections from the event loop, of another thread; the consumer then counts as
        closed, and nobody ends what runs on this thread. `on_thread_stop` closes the consumer in any case.
        """

    def leave_group(self) -> None:
        """The member leaves its group once the thread stops. Call from any thread."""
        if self.coordinator is not None:
            self.coordinator.leaves = True

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
        that is stopping accepts no further calls, and both would wait for ever.
        """
        self._leave_alone({tp for tp in assigned if self.consumer._is_changelog_tp(tp)})
        await super().on_partitions_assigned(assigned, generation_id)

    def _leave_alone(self, partitions: set[TP]) -> None:
        """Fetch nothing of the changelogs: tables/changelog.py reads them."""
        consumer = self._ensure_consumer()
        for partition in [each for each in consumer.assignment() if each in partitions]:
            consumer.seek(partition, 0)  # else it would ask the broker where to begin
            consumer.pause(partition)
