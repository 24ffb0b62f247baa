"""Limits how many times a second something happens."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """For one thread.

    Args:
        per_second: the most.
        sleep: waits.
    """

    def __init__(self, per_second: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._interval_s, self._sleep = 1 / per_second, sleep
        self._next_at = time.monotonic()

    def wait(self) -> None:
        now = time.monotonic()
        if self._next_at > now:
            self._sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + self._interval_s
