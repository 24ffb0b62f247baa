"""One process that runs several stages: starts them, watches them, and ends with an error if one cannot continue.

A worker that ends with an error has committed nothing that is not durable: start it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO

from streams import metrics
from streams.config.byte_shares import stage_shares
from streams.config.settings import Settings
from streams.errors import BrokenInfrastructure, ConfigurationError, Reason
from streams.kafka.clients import producer_config
from streams.kafka.topics import DEAD_LETTERS
from streams.runtime.app import StageApp, lag_of, stage_app
from streams.runtime.context import StageContext
from streams.runtime.memory import MemoryReturn, collect_garbage_rarely, keep_freed_memory, return_unused_memory
from streams.runtime.outbox import Outbox
from streams.runtime.stage import Stage

logger = logging.getLogger(__name__)

STOP_DEADLINE_S = 20.0
WATCH_INTERVAL_S = 1.0
#: A worker that holds this part of its budget is busy; once it is not any more, it returns memory to the system.
BUSY_PART = 64


class Worker:
    """The stages of one process. `run` returns the exit code: 0 after `stop`, 1 after a failure."""

    def __init__(self, settings: Settings, stages: Sequence[Stage]) -> None:
        self._settings = settings
        self._stages = stages
        self._stop: asyncio.Event = asyncio.Event()
        self._failure: BaseException | None = None
        self._watchdogs = {stage.name: stage.watchdog(settings) for stage in stages}
        self._loop = asyncio.get_running_loop()
        self.apps: list[StageApp] = []

    def fail(self, error: BaseException) -> None:
        """End the worker because of `error`. Call from any thread; the first error counts."""
        if self._failure is None:
            self._failure = error
            explained = isinstance(error, (BrokenInfrastructure, ConfigurationError))
            logger.error("the worker ends: %s", error, exc_info=None if explained else error)
        self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        self._stop.set()

    @property
    def live(self) -> bool:
        return self._failure is None

    def not_ready(self) -> list[str]:
        """Why some stages do not work yet; empty once the worker is ready."""
        missing = []
        if len(self.apps) < len(self._stages):
            missing.append("starting")
        for app in self.apps:
            if app.rebalancing or not app.tables.recovery.completed.is_set():
                missing.append(f"{app.stage.name}: partitions are being assigned or its table recovered")
            if app.runner.obstacle is not None:
                missing.append(f"{app.stage.name}: {app.runner.obstacle}")
        return missing

    async def run(self) -> int:
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(
                _lock_worker_id(self._settings.paths.data_dir / "state" / self._settings.runtime.worker_id)
            )
            outbox = Outbox(producer_config(self._settings), self.fail)
            stack.callback(outbox.close)
            opening = [asyncio.ensure_future(stage.open()) for stage in self._stages]
            for task in opening:
                stack.callback(task.cancel)
            for stage, opened in zip(self._stages, opening, strict=True):
                await opened
                stack.push_async_callback(stage.close)
                self.apps.append(stage_app(self._context(stage, outbox), stage))
            await stack.enter_async_context(self._started())
            collect_garbage_rarely()
            await self._stop.wait()
        return 1 if self._failure is not None else 0

    def _context(self, stage: Stage, outbox: Outbox) -> StageContext:
        runtime = self._settings.runtime
        weights = {each.name: each.weight for each in self._stages}
        shares = stage_shares(runtime.max_in_flight_bytes, weights, decoding_processes=runtime.decoders == "processes")
        share_bytes = shares[stage.name]
        writes = frozenset(stage.writes)
        if DEAD_LETTERS in writes:
            metrics.begin_at_zero(metrics.ERRORS, *((stage.name, str(reason)) for reason in Reason))
        fed = set(stage.reads) <= {topic for other in self._stages if other is not stage for topic in other.writes}
        return StageContext(stage.name, writes, self._settings, outbox, self._loop, self.fail, share_bytes, fed)

    @contextlib.asynccontextmanager
    async def _started(self) -> AsyncIterator[None]:
        starting = [asyncio.create_task(app.start()) for app in self.apps]
        watching = asyncio.create_task(self._watch())
        for task in (*starting, watching):
            task.add_done_callback(self._on_ended)
        try:
            yield
        finally:
            watching.cancel()
            stopping = asyncio.gather(*(app.stop() for app in self.apps), return_exceptions=True)
            try:
                await asyncio.wait_for(stopping, STOP_DEADLINE_S)
            except TimeoutError:
                logger.warning(
                    "stages did not stop in %.0f s; their unfinished records will be processed again", STOP_DEADLINE_S
                )
            for app in self.apps:
                await app.runner.close()
            for task in starting:
                task.cancel()

    def _on_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.fail(task.exception() or RuntimeError("a task ended"))

    def _on_sent(self, sender: Stage) -> None:
        """What one stage has sent, another may be waiting for."""
        for app in self.apps:
            if _feeds(sender, app.stage):
                app.batch_consumer.nudge(ends_gathering=app.stage is not sender)

    async def _watch(self) -> None:
        """Check every stage for a crash or a standstill, and update its gauges."""
        memory_return = MemoryReturn(self._settings.runtime.max_in_flight_bytes // BUSY_PART)
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            held_bytes = sum(app.batch_consumer.in_flight.held_bytes for app in self.apps)
            if memory_return.is_due(held_bytes, time.monotonic()):
                for app in self.apps:
                    if app.table is not None:
                        await app.table.release_memory()
                await asyncio.to_thread(return_unused_memory)
            for app in self.apps:
                if app.crashed:
                    self.fail(app.crash_reason or RuntimeError(f"stage {app.stage.name} crashed"))
                    return
                await self._check(app)

    async def _check(self, app: StageApp) -> None:
        name, consumer = app.stage.name, app.batch_consumer
        consumer.in_flight.on_sent = partial(self._on_sent, app.stage)
        metrics.IN_FLIGHT_RECORDS.labels(name).set(consumer.in_flight.records)
        metrics.IN_FLIGHT_BYTES.labels(name).set(consumer.in_flight.held_bytes)
        metrics.IN_FLIGHT_MAX_BYTES.labels(name).set(consumer.in_flight.max_bytes)
        metrics.RESTORED.labels(name).set(consumer.restored_records)
        watchdog = self._watchdogs[name]
        if consumer._thread._consumer is None or app.rebalancing:
            problem = watchdog.in_rebalance(consumer)
        else:
            lags = await lag_of(app)
            metrics.ASSIGNED.labels(name).set(len(lags))
            for tp, lag in lags.items():
                metrics.LAG.labels(name, tp.topic, tp.partition).set(lag)
            problem = watchdog.at_work(consumer, lags)
        if problem is not None:
            self.fail(BrokenInfrastructure(f"{problem}. Start the worker again; if this recurs, check Kafka."))


def _feeds(writer: Stage, reader: Stage) -> bool:
    return not set(writer.writes).isdisjoint(reader.reads)


@contextlib.contextmanager
def _lock_worker_id(state_dir: Path) -> Iterator[None]:
    """RocksDB and static membership both need one process for each worker id."""
    state_dir.mkdir(parents=True, exist_ok=True)
    lock: IO[str]
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                f"another worker uses {state_dir}; give this worker its own id with --id or MEDIASIEVE_WORKER_ID"
            ) from error
        yield


def run_stages(
    settings: Settings,
    make_stages: Callable[[], Sequence[Stage]],
    serve: Callable[[Worker], contextlib.AbstractAsyncContextManager[None]],
) -> int:
    """Run stages until SIGTERM or SIGINT; returns the exit code. `serve` runs meanwhile (health, metrics).

    Raises:
        ConfigurationError: before anything has started.
    """

    async def main() -> int:
        worker = Worker(settings, make_stages())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        async with serve(worker):
            return await worker.run()

    threading.current_thread().name = "worker"
    keep_freed_memory()
    return asyncio.run(main())
