"""How many questions may go out: in a second and in a day, with each API key. Counts for one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from streams.moderation.moderation_file import LimitsPart


class CallLimits:
    """Permits questions in the order in which they ask for it.

    In a second, up to `per_second` questions may come at once; then one every 1 / `per_second` seconds. A day is one of
    UTC.

    Args:
        limits: of every key.
        keys: how many keys there are.
        clock: monotonic seconds.
        today: the date in UTC.
        used: calls made today before the worker started, by key.
    """

    def __init__(
        self,
        limits: LimitsPart,
        keys: int,
        clock: Callable[[], float],
        today: Callable[[], datetime],
        used: Mapping[int, int],
    ) -> None:
        self._limits, self._clock, self._today = limits, clock, today
        self._free_at = [float("-inf")] * keys
        self._day = today().date()
        self._used = [used.get(key, 0) for key in range(keys)]
        self._turn = asyncio.Lock()

    async def acquire(self, count: int) -> int:
        """Waits until `count` questions may go out in one call; returns the key to use."""
        async with self._turn:
            while True:
                key, wait_s = self._best()
                if wait_s <= 0:
                    self._take(key, count)
                    return key
                await asyncio.sleep(min(wait_s, 60.0))

    def _best(self) -> tuple[int, float]:
        """The key that is free first, and in how many seconds."""
        today = self._today()
        if today.date() != self._day:
            self._day, self._used = today.date(), [0] * len(self._used)
        midnight = datetime.combine(today.date() + timedelta(days=1), datetime.min.time(), UTC)
        until_tomorrow_s = (midnight - today).total_seconds()
        waits = []
        for key, free_at in enumerate(self._free_at):
            is_used_up = self._limits.per_day is not None and self._used[key] >= self._limits.per_day
            waits.append((until_tomorrow_s if is_used_up else free_at - self._clock(), key))
        wait_s, key = min(waits)
        return key, wait_s

    def _take(self, key: int, count: int) -> None:
        self._used[key] += count
        if self._limits.per_second is not None:
            # As a bucket that holds what a second brings: an idle second is not saved up for longer.
            now, burst = self._clock(), max(1.0, self._limits.per_second)
            began = max(self._free_at[key], now - (burst - 1) / self._limits.per_second)
            self._free_at[key] = began + count / self._limits.per_second
