"""One process of several stages: brings them up, watches them, ends loudly when one cannot go on.

A worker that ends with an error has committed nothing that is not durable; start it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from streams import metrics
from streams.config.settings import Settings
from streams.errors import BrokenInfrastructure, ConfigurationError
from streams.kafka.clients import producer_config
from streams.runtime.app import StageApp, lag_of, stage_app
from streams.runtime.context import Context
from streams.runtime.memory import collect_seldom, keep_freed_memory
from streams.runtime.outbox import DELIVERY_TIMEOUT_S, Outbox
from streams.runtime.runners.sink import SinkRunner
from streams.runtime.stage import ConcurrentStage, SinkStage, Stage
from streams.runtime.watchdog import Watchdog

logger = logging.getLogger(__name__)

STOP_DEADLINE_S = 20.0
LOOK_EVERY_S = 1.0


class Worker:
    """The stages of one process. `run` returns the exit code: 0 when asked to stop, 1 when it could not go on."""

    def __init__(self, settings: Settings, stages: Sequence[Stage]) -> None:
        self._settings = settings
        self._stages = stages
        self._stop: asyncio.Event = asyncio.Event()
        self._failure: BaseException | None = None
        self._watchdogs = {stage.name: watchdog_of(stage, settings) for stage in stages}
        self._loop = asyncio.get_running_loop()
        self.apps: list[StageApp] = []

    def fail(self, error: BaseException) -> None:
        """End the worker because of `error`; from any thread, the first counts."""
        if self._failure is None:
            self._failure = error
            logger.error(
                "the worker ends: %s", error, exc_info=None if isinstance(error, BrokenInfrastructure) else error
            )
        self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        self._stop.set()

    @property
    def live(self) -> bool:
        return self._failure is None

    def not_ready(self) -> list[str]:
        """What is still missing until every stage works; empty when ready."""
        missing = []
        if len(self.apps) < len(self._stages):
            missing.append("starting")
        for app in self.apps:
            if app.rebalancing or not app.tables.recovery.completed.is_set():
                missing.append(f"{app.stage.name}: partitions are being assigned or its table recovered")
            if isinstance(app.runner, SinkRunner) and not app.runner.reachable:
                missing.append(f"{app.stage.name}: where its rows go is out of reach")
        return missing

    async def run(self) -> int:
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(_only_one(self._settings.paths.data_dir / "state" / self._settings.runtime.worker_id))
            outbox = Outbox(producer_config(self._settings), self.fail)
            stack.callback(outbox.close)
            context = Context(self._settings, outbox, self._loop, self.fail)
            for stage in self._stages:
                await stage.open()
                stack.push_async_callback(stage.close)
                self.apps.append(stage_app(context, stage))
            await stack.enter_async_context(self._started())
            collect_seldom()
            await self._stop.wait()
        return 1 if self._failure is not None else 0

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
                    "stages did not stop in %.0f s; what they had not done will be done again", STOP_DEADLINE_S
                )
            for app in self.apps:
                if app.runner is not None:
                    await app.runner.close()
            for task in starting:
                task.cancel()

    def _on_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.fail(task.exception() or RuntimeError("a task ended"))

    async def _watch(self) -> None:
        """Look at each stage: crashed? stuck? And keep its gauges."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for app in self.apps:
                if app.crashed:
                    self.fail(app.crash_reason or RuntimeError(f"stage {app.stage.name} crashed"))
                    return
                await self._look_at(app)

    async def _look_at(self, app: StageApp) -> None:
        name, consumer = app.stage.name, app.batch_consumer
        metrics.IN_FLIGHT_RECORDS.labels(name).set(consumer.load.records)
        metrics.IN_FLIGHT_BYTES.labels(name).set(consumer.load.size_bytes)
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
            self.fail(BrokenInfrastructure(f"{problem}. Start it again; if that recurs, check Kafka."))


def watchdog_of(stage: Stage, settings: Settings) -> Watchdog:
    """A sink waits for the other side as long as it is away; everything else comes to an end."""
    work_timeout_s: float | None = DELIVERY_TIMEOUT_S
    if isinstance(stage, SinkStage):
        work_timeout_s = None
    elif isinstance(stage, ConcurrentStage):
        work_timeout_s = DELIVERY_TIMEOUT_S + max(
            settings.source.timeout_s + settings.limits.decode_timeout_s,
            settings.source.video_timeout_s + settings.limits.video_decode_timeout_s,
        )
    return Watchdog(
        stage.name,
        settings.runtime.watchdog_timeout_s,
        rebalance_timeout_s=settings.kafka.rebalance_timeout_s,
        work_timeout_s=work_timeout_s,
    )


@contextlib.contextmanager
def _only_one(state_dir: Path) -> Iterator[None]:
    """RocksDB and static membership both want one process to a worker id."""
    state_dir.mkdir(parents=True, exist_ok=True)
    lock: IO[str]
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                f"another worker uses {state_dir}; give this one an id of its own with --id or MEDIASIEVE_WORKER_ID"
            ) from error
        yield


def run_stages(
    settings: Settings,
    make_stages: Callable[[], Sequence[Stage]],
    serve: Callable[[Worker], contextlib.AbstractAsyncContextManager[None]],
) -> int:
    """Run stages until SIGTERM or SIGINT; returns the exit code. `serve` runs beside them (health, metrics).

    Raises:
        ConfigurationError: before anything was started.
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
