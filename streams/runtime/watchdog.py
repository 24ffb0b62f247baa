"""Tells when a stage stands still: it is behind and does nothing about it, or a rebalance never ends. No acting here.

Faust's recovery and its consumer have gaps in which they wait for what has happened already, and a broker may forget a
member that waits for it. A worker that is started again joins anew.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from faust.types import TP

from streams.runtime.transport import BatchConsumer


class Watchdog:
    """Looks at one stage's consumer now and then.

    Args:
        stage: its name, for the message.
        timeout_s: how long it may be behind with nothing in flight and nothing committed.
        rebalance_timeout_s: how much longer a rebalance may take in which no table is being recovered.
        work_timeout_s: how much longer nothing of what is in flight may be finished; None where it waits for others as
            long as it takes.
    """

    def __init__(
        self, stage: str, timeout_s: float, *, rebalance_timeout_s: float, work_timeout_s: float | None
    ) -> None:
        self._stage = stage
        self._timeout_s = timeout_s
        self._rebalance_timeout_s = timeout_s + rebalance_timeout_s
        self._work_timeout_s = None if work_timeout_s is None else timeout_s + work_timeout_s
        self._last_sign: tuple[bool, int] | None = None
        self._standing_since = 0.0

    def in_rebalance(self, consumer: BatchConsumer) -> str | None:
        """Call instead of `at_work` while the stage is rebalancing; says what is wrong, if anything is."""
        consumer.last_progress_at = time.monotonic()
        if self._stands_s((False, consumer.restored_records)) <= self._rebalance_timeout_s:
            return None
        return f"stage {self._stage} has been rebalancing for {self._rebalance_timeout_s:.0f} s and recovers nothing"

    def at_work(self, consumer: BatchConsumer, lags: Mapping[TP, int]) -> str | None:
        """`lags` in records by partition; says what is wrong, if anything is."""
        now, load = time.monotonic(), consumer.load
        stands_s = self._stands_s((True, load.removals)) if load.records else 0.0
        if self._work_timeout_s is not None and stands_s > self._work_timeout_s:
            return (
                f"stage {self._stage} has {load.records} records in flight and finished none for "
                f"{self._work_timeout_s:.0f} s"
            )
        if not any(lags.values()) or load.records:
            consumer.last_progress_at = now
        if now - consumer.last_progress_at <= self._timeout_s:
            return None
        return (
            f"stage {self._stage} is {sum(lags.values())} records behind, has none in flight and committed "
            f"nothing for {self._timeout_s:.0f} s"
        )

    def _stands_s(self, sign: tuple[bool, int]) -> float:
        """For how long this sign of life has been the same."""
        now = time.monotonic()
        if sign != self._last_sign:
            self._last_sign, self._standing_since = sign, now
        return now - self._standing_since
