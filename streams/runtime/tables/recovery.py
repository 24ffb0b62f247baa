"""Recovery of tables from their changelogs: Faust's order of steps, with the reading done on a thread.

Faust passes every changelog record through its consumer, the event loop and a queue, and ends recovery when the last
one comes out of it. The queue is cleared when the flow resumes, and a compacted topic may have no last record: both
wait for ever. Here a reader beside (changelog.py) writes straight to RocksDB, and recovery ends when it does.
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

from streams.runtime.memory import give_back_freed_memory
from streams.runtime.tables.changelog import changelog_consumer, restore
from streams.runtime.tables.table import Table

logger = logging.getLogger(__name__)


class Restored:
    """Stands in for the event that Faust waits on: `wait` restores, and returns when no active table lacks a record."""

    def __init__(self, recovery: Recovery) -> None:
        self._recovery = recovery

    async def wait(self) -> bool:
        await self._recovery.restore()
        return True

    def set(self) -> None:
        """Faust's word for it is not needed."""

    def clear(self) -> None:
        """Nothing is remembered, so nothing is cleared."""


class Recovery(FaustRecovery):  # type: ignore[misc]
    """Reads on one thread, so that a reader that was given up has ended before the next one begins."""

    logger = logging.getLogger("faust.mediasieve")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="changelog")
        self._given_up = threading.Event()

    @property
    def signal_recovery_end(self) -> Restored:
        return Restored(self)

    async def restore(self) -> None:
        """Bring the active tables up to their high watermarks; given up when cancelled, as by the next rebalance.

        Raises:
            BrokerError: Kafka refuses to give a changelog.
            StateError: RocksDB refused.
        """
        lacking = [tp for tp, remaining in self.active_remaining().items() if remaining > 0]
        wanted = {tp: (self.active_offsets[tp], self.active_highwaters[tp]) for tp in lacking}
        table: Table = self.app.table
        before, begun_at = self.app.batch_consumer.restored_records, time.monotonic()
        self._given_up = given_up = threading.Event()

        def read() -> None:
            with contextlib.closing(self._consumer()) as consumer:
                restore(consumer, table, wanted, on_restored=self._on_restored, given_up=given_up)
            give_back_freed_memory()

        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, read)
        except asyncio.CancelledError:
            given_up.set()
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
        """Behind the end of a reader that was given up, which may still have written."""
        await asyncio.get_running_loop().run_in_executor(self._thread, int)
        await super()._build_offsets(consumer, tps, destination, title)

    async def _seek_offsets(self, *_: Any) -> None:
        """The reader begins where it has to; Faust's consumer reads no changelog."""

    async def on_stop(self) -> None:
        self._given_up.set()
        await asyncio.to_thread(self._thread.shutdown)
        await super().on_stop()


class TableManager(FaustTableManager):  # type: ignore[misc]
    """With our recovery; and without the second that Faust waits for tables to be declared late."""

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
