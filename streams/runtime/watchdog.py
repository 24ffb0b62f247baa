"""Tells when a stage stands still: it has lag and makes no progress, or a rebalance never ends. The worker acts.

Faust's recovery and consumer can wait for an event that has happened already, and a broker may forget a waiting
member. A restarted worker joins its groups again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from faust.types import TP

from streams.runtime.transport import BatchConsumer


class Watchdog:
    """Checks one stage's consumer whenever it is called.

    Args:
        stage: the stage's name, for the message.
        timeout_s: how long the stage may have lag with nothing in flight and nothing committed.
        rebalance_timeout_s: how much longer a rebalance may take that recovers no table.
        work_timeout_s: how much longer records may be in flight while none finishes; None for a stage that waits
            for others as long as it takes.
    """

    def __init__(
        self, stage: str, timeout_s: float, *, rebalance_timeout_s: float, work_timeout_s: float | None
    ) -> None:
        self._stage = stage
        self._timeout_s = timeout_s
        self._rebalance_timeout_s = timeout_s + rebalance_timeout_s
        self._work_timeout_s = None if work_timeout_s is None else timeout_s + work_timeout_s
        self._last_sign: tuple[bool, int] | None = None
        self._unchanged_since = 0.0

    def in_rebalance(self, consumer: BatchConsumer) -> str | None:
        """Call instead of `at_work` while the stage is rebalancing; returns the problem, or None."""
        consumer.last_progress_at = time.monotonic()
        if self._unchanged_s((False, consumer.restored_records)) <= self._rebalance_timeout_s:
            return None
        return f"stage {self._stage} has been rebalancing for {self._rebalance_timeout_s:.0f} s and recovers nothing"

    def at_work(self, consumer: BatchConsumer, lags: Mapping[TP, int]) -> str | None:
        """Returns the problem, or None. `lags` are in records, by partition."""
        now, in_flight = time.monotonic(), consumer.in_flight
        unchanged_s = self._unchanged_s((True, in_flight.removals)) if in_flight.records else 0.0
        if self._work_timeout_s is not None and unchanged_s > self._work_timeout_s:
            return (
                f"stage {self._stage} has {in_flight.records} records in flight and finished none for "
                f"{self._work_timeout_s:.0f} s"
            )
        if not any(lags.values()) or in_flight.records:
            consumer.last_progress_at = now
        if now - consumer.last_progress_at <= self._timeout_s:
            return None
        return (
            f"stage {self._stage} is {sum(lags.values())} records behind, has none in flight and committed "
            f"nothing for {self._timeout_s:.0f} s"
        )

    def _unchanged_s(self, sign: tuple[bool, int]) -> float:
        """How long this sign of life has stayed the same."""
        now = time.monotonic()
        if sign != self._last_sign:
            self._last_sign, self._unchanged_since = sign, now
        return now - self._unchanged_since
