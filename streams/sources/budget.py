"""How many bytes all fetches together may hold; nothing here knows what the bytes are or where they come from.

A fetch takes what it has really received, step by step, so a slow source holds little. Since everybody could then
wait for everybody, room for one largest fetch is kept apart: whoever finds the rest taken gets it, the longest waiting
first, and never waits again; hence somebody always goes on. For one event loop; call it in the loop's thread only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Hold:
    """The bytes of one fetch; get one from `ByteBudget.hold`."""

    __slots__ = ("_budget", "size_bytes")

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self.size_bytes = 0

    def try_grow_to(self, size_bytes: int) -> bool:
        """Hold at least this many bytes if that is possible without waiting."""
        return self._budget._try(self, size_bytes)

    async def grow_to(self, size_bytes: int) -> None:
        """Hold at least this many bytes in total; first come, first served. Being cancelled changes nothing."""
        if self.try_grow_to(size_bytes):
            return
        await self._budget._wait(self, size_bytes)

    def shrink_to(self, size_bytes: int) -> None:
        """Give back what turned out not to be needed."""
        if size_bytes < self.size_bytes:
            self._budget._give_back(self, self.size_bytes - size_bytes)


@dataclass(frozen=True, slots=True)
class _Waiter:
    hold: Hold
    size_bytes: int
    granted: asyncio.Future[None]


class ByteBudget:
    """Bounds the sum of all holds to `max(total_bytes, largest_bytes)`.

    Args:
        total_bytes: for all holds together.
        largest_bytes: the most that one hold ever asks for.
    """

    def __init__(self, total_bytes: int, largest_bytes: int) -> None:
        self._shared_bytes = max(0, total_bytes - largest_bytes)
        self._apart: Hold | None = None  # who has the room that is kept apart
        self._waiters: deque[_Waiter] = deque()
        self.held_bytes = 0

    @contextmanager
    def hold(self) -> Iterator[Hold]:
        """A hold of nothing yet; all it grew to is given back at the end."""
        hold = Hold(self)
        try:
            yield hold
        finally:
            if self._apart is hold:
                self._apart = None
            self._give_back(hold, hold.size_bytes)

    def _try(self, hold: Hold, size_bytes: int) -> bool:
        extra = size_bytes - hold.size_bytes
        if extra <= 0:
            return True
        if self._apart is not hold:
            if self._waiters:
                return False
            return self._grant(hold, extra)
        self._take(hold, extra)
        return True

    def _grant(self, hold: Hold, extra: int) -> bool:
        apart_bytes = self._apart.size_bytes if self._apart else 0
        if self.held_bytes - apart_bytes + extra > self._shared_bytes:
            if self._apart is not None:
                return False
            self._apart = hold
        self._take(hold, extra)
        return True

    def _take(self, hold: Hold, extra: int) -> None:
        hold.size_bytes += extra
        self.held_bytes += extra

    async def _wait(self, hold: Hold, size_bytes: int) -> None:
        waiter = _Waiter(hold, size_bytes, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter.granted
        finally:
            if waiter in self._waiters:  # cancelled; those behind may fit where it did not
                self._waiters.remove(waiter)
                self._wake()

    def _give_back(self, hold: Hold, size_bytes: int) -> None:
        hold.size_bytes -= size_bytes
        self.held_bytes -= size_bytes
        self._wake()

    def _wake(self) -> None:
        while self._waiters:
            first = self._waiters[0]
            if first.granted.done():  # cancelled, and has not come to leave yet
                self._waiters.popleft()
                continue
            if not self._grant(first.hold, first.size_bytes - first.hold.size_bytes):
                return
            self._waiters.popleft()
            first.granted.set_result(None)
