"""Recovery of tables from their changelogs: Faust's steps in Faust's order, but a thread reads the changelog.

Faust passes every changelog record through its consumer, the event loop and a queue. Its recovery ends when the last
record leaves the queue. But the queue is cleared when the flow resumes, and compaction may remove the last record: in
both cases recovery never ends. Here changelog.py writes straight to RocksDB, and recovery ends when it has read all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from confluent_kafka import Consumer
from faust.tables.manager import TableManager as FaustTableManager
from faust.tables.recovery import Recovery as FaustRecovery
from faust.types import TP

from streams.runtime.memory import return_freed_memory
from streams.runtime.tables.changelog import changelog_consumer, restore
from streams.runtime.tables.table import Table

logger = logging.getLogger(__name__)


class Restored:
    """Replaces the event that Faust waits for: `wait` restores, and returns once no active table lacks a record."""

    def __init__(self, recovery: Recovery) -> None:
        self._recovery = recovery

    async def wait(self) -> bool:
        await self._recovery.restore()
        return True

    def set(self) -> None:
        """`wait` needs no signal from Faust."""

    def clear(self) -> None:
        """`wait` keeps no state."""


class Recovery(FaustRecovery):  # type: ignore[misc]
    """Reads on one thread, so that a cancelled reader has ended before the next one begins."""

    logger = logging.getLogger("faust.mediasieve")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="changelog")
        self._cancelled = threading.Event()

    @property
    def signal_recovery_end(self) -> Restored:
        return Restored(self)

    async def restore(self) -> None:
        """Bring the active tables up to their high watermarks. The next rebalance cancels it, and the reader ends.

        Raises:
            BrokerError: Kafka refuses to give a changelog.
            StateError: RocksDB refused.
        """
        lacking = [tp for tp, remaining in self.active_remaining().items() if remaining > 0]
        ranges = {tp: (self.active_offsets[tp], self.active_highwaters[tp]) for tp in lacking}
        table: Table = self.app.table
        before, begun_at = self.app.batch_consumer.restored_records, time.monotonic()
        self._cancelled = cancelled = threading.Event()

        def read() -> None:
            with contextlib.closing(self._consumer()) as consumer:
                restore(consumer, table, ranges, on_restored=self._on_restored, cancelled=cancelled)
            return_freed_memory()

        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, read)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        for tp in lacking:
            self.active_offsets[tp] = self.active_highwaters[tp]
        logger.info(
            "%s: %d records of %d partitions restored in %.1f s",
            self.app.stage.name,
            self.app.batch_consumer.restored_records - before,
            len(lacking),
            time.monotonic() - begun_at,
        )

    def _consumer(self) -> Consumer:
        return changelog_consumer(self.app.settings, f"{self.app.conf.id}-changelog")

    def _on_restored(self, records: int) -> None:
        self.app.batch_consumer.restored_records += records

    async def _build_offsets(self, consumer: Any, tps: set[TP], destination: Counter[TP], title: str) -> None:
        """Waits for a cancelled reader to end, because it may still write."""
        await asyncio.get_running_loop().run_in_executor(self._thread, int)
        await super()._build_offsets(consumer, tps, destination, title)

    async def _seek_offsets(self, *_: Any) -> None:
        """The reader knows where to begin; Faust's consumer reads no changelog."""

    async def on_stop(self) -> None:
        self._cancelled.set()
        await asyncio.to_thread(self._thread.shutdown)
        await super().on_stop()


class TableManager(FaustTableManager):  # type: ignore[misc]
    """Uses our recovery, and does not wait a second for tables that are declared late, as Faust does."""

    logger = logging.getLogger("faust.mediasieve")
    _recovery: Recovery | None

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()
