"""Bounds how many bytes all fetches hold together. Knows nothing about the bytes or their sources.

A fetch reserves only bytes that have arrived, step by step, so a slow source holds little. With a plain bound, all
fetches could wait for each other. The budget therefore sets aside the room of one largest fetch. When the shared room
is full, the fetch that has waited longest gets this spare room and never waits again, so one fetch always makes
progress. For one event loop; call it in the thread of that loop only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Reservation:
    """The bytes that one fetch holds. Made by `ByteBudget.reserve`."""

    __slots__ = ("_budget", "size_bytes")

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self.size_bytes = 0

    def try_grow_to(self, size_bytes: int) -> bool:
        """Reserve at least this many bytes in total. Returns False if that would mean waiting."""
        return self._budget._try(self, size_bytes)

    async def grow_to(self, size_bytes: int) -> None:
        """Reserve at least this many bytes in total; first come, first served. A cancelled call changes nothing."""
        if self.try_grow_to(size_bytes):
            return
        await self._budget._wait(self, size_bytes)

    def shrink_to(self, size_bytes: int) -> None:
        """Give back all bytes beyond this many."""
        if size_bytes < self.size_bytes:
            self._budget._give_back(self, self.size_bytes - size_bytes)


@dataclass(frozen=True, slots=True)
class _Waiter:
    reservation: Reservation
    size_bytes: int
    granted: asyncio.Future[None]


class ByteBudget:
    """Bounds the sum of all reservations to `max(total_bytes, largest_bytes)`.

    Args:
        total_bytes: for all reservations together.
        largest_bytes: the most that one reservation ever asks for.
    """

    def __init__(self, total_bytes: int, largest_bytes: int) -> None:
        self._shared_bytes = max(0, total_bytes - largest_bytes)
        self._spare_owner: Reservation | None = None  # the reservation that has the spare room
        self._waiters: deque[_Waiter] = deque()
        self.reserved_bytes = 0

    @contextmanager
    def reserve(self) -> Iterator[Reservation]:
        """An empty reservation. Everything it has grown to is given back at the end of the block."""
        reservation = Reservation(self)
        try:
            yield reservation
        finally:
            if self._spare_owner is reservation:
                self._spare_owner = None
            self._give_back(reservation, reservation.size_bytes)

    def _try(self, reservation: Reservation, size_bytes: int) -> bool:
        extra_bytes = size_bytes - reservation.size_bytes
        if extra_bytes <= 0:
            return True
        if self._spare_owner is not reservation:
            if self._waiters:
                return False
            return self._grant(reservation, extra_bytes)
        self._add(reservation, extra_bytes)
        return True

    def _grant(self, reservation: Reservation, extra_bytes: int) -> bool:
        spare_bytes = self._spare_owner.size_bytes if self._spare_owner else 0
        if self.reserved_bytes - spare_bytes + extra_bytes > self._shared_bytes:
            if self._spare_owner is not None:
                return False
            self._spare_owner = reservation
        self._add(reservation, extra_bytes)
        return True

    def _add(self, reservation: Reservation, extra_bytes: int) -> None:
        reservation.size_bytes += extra_bytes
        self.reserved_bytes += extra_bytes

    async def _wait(self, reservation: Reservation, size_bytes: int) -> None:
        waiter = _Waiter(reservation, size_bytes, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter.granted
        finally:
            if waiter in self._waiters:  # cancelled; smaller requests after this one may fit now
                self._waiters.remove(waiter)
                self._wake()

    def _give_back(self, reservation: Reservation, size_bytes: int) -> None:
        reservation.size_bytes -= size_bytes
        self.reserved_bytes -= size_bytes
        self._wake()

    def _wake(self) -> None:
        while self._waiters:
            first = self._waiters[0]
            if first.granted.done():  # cancelled, but its task has not run yet
                self._waiters.popleft()
                continue
            if not self._grant(first.reservation, first.size_bytes - first.reservation.size_bytes):
                return
            self._waiters.popleft()
            first.granted.set_result(None)
