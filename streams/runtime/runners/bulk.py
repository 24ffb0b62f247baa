"""Concurrent stages whose work may wait: few records at once, and they wait for others as long as it takes."""

from __future__ import annotations

from dataclasses import dataclass

import faust

from streams.config.byte_shares import BULK_WEIGHT
from streams.config.settings import Settings
from streams.runtime.context import StageContext
from streams.runtime.runners.concurrent import ConcurrentRunner, ConcurrentStage
from streams.runtime.stage import Bounds, Runner

#: The records of one fetch: the step in which bulk work is admitted.
STEP_RECORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkStage(ConcurrentStage):
    """A concurrent stage with an `admission`.

    Args:
        max_records: in flight at once, those that wait for their admission included.
    """

    max_records: int

    @property
    def weight(self) -> int:
        return BULK_WEIGHT

    def bounds(self, settings: Settings, share_bytes: int) -> Bounds:
        return Bounds(self.max_records, share_bytes, STEP_RECORDS, 4 << 20)

    def runner(self, context: StageContext, app: faust.App) -> Runner:
        return ConcurrentRunner(context, self, self.max_records)

    def work_timeout_s(self, settings: Settings) -> None:
        """Records wait as long as others are first."""
