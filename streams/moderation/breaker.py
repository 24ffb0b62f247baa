"""The circuit breaker: a moderator that fails again and again is left alone for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

#: The pause doubles with every trial that fails, up to this multiple of the first pause.
MAX_GROWTH: Final = 10


class Breaker:
    """Closed: calls go out. Open: none do. After a pause one call is tried, which closes the breaker or opens it again.

    Args:
        failures: in a row, that open the breaker.
        open_s: the first pause.
        clock: monotonic seconds.
    """

    def __init__(self, failures: int, open_s: float, clock: Callable[[], float]) -> None:
        self._limit, self._open_s, self._clock = failures, open_s, clock
        self._in_a_row = 0
        self._pauses = 0
        self._closed_again_at: float | None = None
        self._is_trying = False
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return self._closed_again_at is not None

    async def permit(self) -> None:
        """Returns once a call may be made. Every permitted call must be followed by `on_success`, `on_failure` or
        `on_nothing`.
        """
        while self._closed_again_at is not None:
            wait_s = self._closed_again_at - self._clock()
            if wait_s <= 0 and not self._is_trying:
                self._is_trying = True
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), None if self._is_trying else wait_s)
            except TimeoutError:
                continue

    def on_success(self) -> None:
        """The moderator answered."""
        self._in_a_row = self._pauses = 0
        self._closed_again_at, self._is_trying = None, False
        self._changed.set()

    def on_failure(self, retry_after_s: float | None = None) -> None:
        """The moderator failed. `retry_after_s` is how long it wants to be left alone."""
        self._in_a_row += 1
        was_trial, self._is_trying = self._is_trying, False
        if self._in_a_row >= self._limit and (was_trial or not self.is_open):
            pause_s = self._open_s * min(2 ** min(self._pauses, MAX_GROWTH), MAX_GROWTH)
            self._pauses += 1
            self._closed_again_at = self._clock() + pause_s
        if retry_after_s is not None:
            self._closed_again_at = max(self._closed_again_at or 0.0, self._clock() + retry_after_s)
        self._changed.set()

    def on_nothing(self) -> None:
        """The permitted call was not made."""
        self._is_trying = False
        self._changed.set()
