"""Requests planned windows ahead of the reader, bounded by count and bytes. Runs on the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from streams.sources.budget import Reservation
from streams.sources.video.windows import WINDOW_BYTES, Window

#: Requests under way at once for one source.
AHEAD_REQUESTS = 4
#: The most bytes of requests under way and of responses that the reader has not taken. One request is always permitted.
AHEAD_BYTES = 4 * WINDOW_BYTES

Fetch = Callable[[int, int], Awaitable[bytes]]


class SharedReservation:
    """A reservation that several requests add bytes to and release bytes of. One request at a time may wait."""

    def __init__(self, reservation: Reservation) -> None:
        self._reservation = reservation
        self._bytes = reservation.size_bytes
        self._waited_s = 0.0
        self._waiting_since: float | None = None

    @property
    def waited_s(self) -> float:
        """The time that requests have waited for room, including a wait under way. Callable from any thread."""
        since = self._waiting_since
        return self._waited_s + (time.monotonic() - since if since is not None else 0.0)

    def try_add(self, size_bytes: int) -> bool:
        if not self._reservation.try_grow_to(self._bytes + size_bytes):
            return False
        self._bytes += size_bytes
        return True

    async def add(self, size_bytes: int) -> None:
        """Waits for room. A cancelled call changes nothing."""
        self._bytes += size_bytes
        self._waiting_since = time.monotonic()
        try:
            await self._reservation.grow_to(self._bytes)
        except BaseException:
            self._bytes -= size_bytes
            raise
        finally:
            self._waited_s = self.waited_s
            self._waiting_since = None
        self._reservation.shrink_to(self._bytes)  # bytes that were released during the wait

    def release(self, size_bytes: int) -> None:
        self._bytes -= size_bytes
        self._reservation.shrink_to(self._bytes)


@dataclass(slots=True, eq=False)
class _Request:
    """A window that is being fetched or has arrived. `reserved` once its bytes are on the reservation."""

    window: Window
    reserved: bool
    task: asyncio.Task[bytes] | None = None


class Prefetcher:
    """Fetches windows for one reader, which takes one at a time.

    Args:
        fetch: gets the bytes at an offset and of a length. The reader of that window gets its errors.
        reservation: holds all bytes that are under way or wait for the reader. Taken bytes stay on it until the reader
            releases them.
    """

    def __init__(self, fetch: Fetch, reservation: SharedReservation) -> None:
        self._fetch = fetch
        self._reservation = reservation
        self._planned: deque[Window] = deque()
        self._requests: dict[Window, _Request] = {}
        self._closed = False

    def plan(self, windows: Sequence[Window]) -> None:
        """Replace the plan: the reader will take these windows next, in this order."""
        if self._closed:
            return
        self._planned = deque(dict.fromkeys(windows))
        for window in self._requests.keys() - set(windows):
            self._drop(window)
        self._request_ahead()

    async def take(self, window: Window, released_bytes: int) -> bytes:
        """The bytes of a window, planned or not. Windows planned before this one are dropped.

        Args:
            released_bytes: how many of the taken bytes the reader has dropped since the last call.

        Raises:
            CancelledError: the prefetcher is closed.
        """
        if self._closed:
            raise asyncio.CancelledError
        self._reservation.release(released_bytes)
        if window in self._planned:
            while (skipped := self._planned.popleft()) != window:
                self._drop(skipped)
        request = self._requests.get(window) or self._request(window, reserved=False)
        self._request_ahead()
        assert request.task is not None
        try:
            return await asyncio.shield(request.task)
        finally:
            if self._requests.get(window) is request:
                del self._requests[window]
            self._request_ahead()

    def _request_ahead(self) -> None:
        """Request the next planned windows while there is room."""
        if self._closed:
            return
        running = sum(not (request.task and request.task.done()) for request in self._requests.values())
        ahead_bytes = sum(window.length for window in self._requests)
        for window in self._planned:
            if window in self._requests:
                continue
            if running >= AHEAD_REQUESTS or ahead_bytes + window.length > AHEAD_BYTES:
                return
            if not self._reservation.try_add(window.length):
                return
            self._request(window, reserved=True)
            running += 1
            ahead_bytes += window.length

    def _request(self, window: Window, *, reserved: bool) -> _Request:
        request = self._requests[window] = _Request(window, reserved)
        request.task = asyncio.create_task(self._fetch_reserved(request))
        request.task.add_done_callback(lambda task: self._finished(request, task))
        return request

    async def _fetch_reserved(self, request: _Request) -> bytes:
        window = request.window
        if not request.reserved:
            await self._reservation.add(window.length)
            request.reserved = True
        return await self._fetch(window.offset, window.length)

    def _finished(self, request: _Request, task: asyncio.Task[bytes]) -> None:
        """Releases the bytes of a failed request. `take` raises its error; nobody needs the error of other requests."""
        if task.cancelled() or task.exception() is not None:
            self._release(request)
        self._request_ahead()

    def _drop(self, window: Window) -> None:
        request = self._requests.pop(window, None)
        if request is not None and request.task is not None and not request.task.cancel():
            self._release(request)  # its bytes have arrived already

    def _release(self, request: _Request) -> None:
        if request.reserved:
            request.reserved = False
            self._reservation.release(request.window.length)

    def close(self) -> None:
        """Cancel all requests, and the reader that waits for one. The caller gives the reservation back."""
        self._closed = True
        self._planned.clear()
        for request in self._requests.values():
            if request.task is not None:
                request.task.cancel()
