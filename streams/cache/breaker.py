"""Leaves a shared store alone for a while after it failed several times in a row. Unlike a moderator's breaker, nobody
waits for it: what is not permitted is answered without the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

FAILURES: Final = 3
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0


class StoreBreaker:
    """Closed: calls go out. Open: none do. After a pause one call is tried, which closes the breaker or opens it for
    twice as long.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._in_a_row = 0
        self._pause_s = FIRST_PAUSE_S
        self._opens_until: float | None = None
        self._is_trying = False

    @property
    def is_open(self) -> bool:
        return self._opens_until is not None

    def permits(self) -> bool:
        """Whether a call may go out now. It must be followed by `succeeded`, `failed` or `ended`."""
        if self._opens_until is None:
            return True
        if self._is_trying or self._clock() < self._opens_until:
            return False
        self._is_trying = True
        return True

    def succeeded(self) -> bool:
        """The store answered; whether that closed the breaker."""
        was_open = self.is_open
        self._in_a_row, self._pause_s = 0, FIRST_PAUSE_S
        self._opens_until, self._is_trying = None, False
        return was_open

    def failed(self) -> bool:
        """The store did not answer; whether that opened the breaker, which was closed."""
        self._in_a_row += 1
        was_open, was_trial, self._is_trying = self.is_open, self._is_trying, False
        if self._in_a_row < FAILURES or (was_open and not was_trial):
            return False
        self._opens_until = self._clock() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return not was_open

    def ended(self) -> None:
        """The permitted call was given up; nothing is known of the store."""
        self._is_trying = False
