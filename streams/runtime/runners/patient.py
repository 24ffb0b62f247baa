"""Concurrent stages whose work waits for somebody else's service: for as long as it takes, and without the media."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import faust

from streams.config.byte_shares import SMALL_RECORDS_WEIGHT
from streams.config.settings import Settings
from streams.runtime.context import StageContext
from streams.runtime.runners.concurrent import ConcurrentRunner, ConcurrentStage
from streams.runtime.stage import Bounds, Runner

#: Records that may wait at once in one worker. Beyond, the stage reads no further.
MAX_WAITING_RECORDS: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientStage(ConcurrentStage):
    """A concurrent stage of small records. Hours without a finished record are not a standstill."""

    @property
    def weight(self) -> int:
        return SMALL_RECORDS_WEIGHT

    def bounds(self, settings: Settings, share_bytes: int) -> Bounds:
        return Bounds(MAX_WAITING_RECORDS, share_bytes, 512, 4 << 20)

    def runner(self, context: StageContext, app: faust.App) -> Runner:
        return ConcurrentRunner(context, self, MAX_WAITING_RECORDS)

    def work_timeout_s(self, settings: Settings) -> float | None:
        return None
