"""Recovery of tables from their changelogs: Faust's order of steps, with the waiting done by counting.

Faust passes every changelog record through a queue and ends recovery when the last one comes out of it. The
queue is cleared when the flow resumes, and a compacted topic may have no last record: both wait for ever. Here
the consumer writes fetched batches straight to RocksDB and says how far it is; recovery ends when that is far
enough, or when there is nothing left to read.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from faust.tables.manager import TableManager as FaustTableManager
from faust.tables.recovery import Recovery as FaustRecovery
from faust.types import TP

from streams.domain.records import RawRecord
from streams.runtime.table import PartitionClosed, Table

LOOK_EVERY_S = 0.01
POSITION_EVERY_S = 1.0


class Restored:
    """Stands in for the event that Faust waits on: `wait` returns when no active table lacks a record."""

    def __init__(self, recovery: Recovery) -> None:
        self._recovery = recovery

    async def wait(self) -> bool:
        positions_at = time.monotonic() + POSITION_EVERY_S
        while self._recovery.need_recovery():
            await asyncio.sleep(LOOK_EVERY_S)
            if time.monotonic() >= positions_at:
                await self._recovery.count_what_is_not_there()
                positions_at = time.monotonic() + POSITION_EVERY_S
        return True

    def set(self) -> None:
        """Faust's word for it is not needed."""

    def clear(self) -> None:
        """Nothing is remembered, so nothing is cleared."""


class Recovery(FaustRecovery):  # type: ignore[misc]
    logger = logging.getLogger("faust.mediasieve")

    @property
    def signal_recovery_end(self) -> Restored:
        return Restored(self)

    async def restore(self, tp: TP, records: Sequence[RawRecord]) -> None:
        """Write one fetched batch of a changelog partition; what a later batch holds of a key wins.

        Raises:
            StateError: RocksDB refused.
        """
        table: Table | None = self.tp_to_table.get(tp)
        if table is None or tp not in self.active_tps:
            return
        changes = [(record.key, record.value) for record in records if record.key is not None]
        try:
            await asyncio.to_thread(table.write, tp.partition, changes)
        except PartitionClosed:
            return
        self._active_events_received_at[tp] = time.monotonic()
        last = records[-1].offset
        if (self.active_offsets[tp] or -1) < last:
            self.active_offsets[tp] = last

    async def count_what_is_not_there(self) -> None:
        """Offsets that compaction removed at the end of a changelog never come: the position says they are passed."""
        for tp, remaining in self.active_remaining().items():
            if remaining > 0:
                position = await self.app.consumer.position(tp)
                if position is not None and position > self.active_highwaters[tp]:
                    self.active_offsets[tp] = self.active_highwaters[tp]


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
