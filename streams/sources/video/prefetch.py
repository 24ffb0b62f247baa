"""Windows on their way: what is planned is asked for ahead of the reader, bounded by count and bytes. On the loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from streams.sources.budget import Hold
from streams.sources.video.windows import WINDOW_BYTES, Window

#: Requests under way at once, of one source.
AHEAD_REQUESTS = 4
#: What they and their answers that nobody has taken yet have together, at most; one may always be under way.
AHEAD_BYTES = 4 * WINDOW_BYTES

Fetch = Callable[[int, int], Awaitable[bytes]]


class Account:
    """A hold that many add to and give back to; one at a time may wait."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._bytes = hold.size_bytes
        self._waited_s = 0.0
        self._waiting_since: float | None = None

    @property
    def waited_s(self) -> float:
        """How long it was waited for room, this moment included; asked from any thread."""
        since = self._waiting_since
        return self._waited_s + (time.monotonic() - since if since is not None else 0.0)

    def try_add(self, size_bytes: int) -> bool:
        if not self._hold.try_grow_to(self._bytes + size_bytes):
            return False
        self._bytes += size_bytes
        return True

    async def add(self, size_bytes: int) -> None:
        """Being cancelled changes nothing."""
        self._bytes += size_bytes
        self._waiting_since = time.monotonic()
        try:
            await self._hold.grow_to(self._bytes)
        except BaseException:
            self._bytes -= size_bytes
            raise
        finally:
            self._waited_s = self.waited_s
            self._waiting_since = None
        self._hold.shrink_to(self._bytes)  # what was given back while this waited

    def give(self, size_bytes: int) -> None:
        self._bytes -= size_bytes
        self._hold.shrink_to(self._bytes)


@dataclass(slots=True, eq=False)
class _Request:
    """A window under way or come in; `paid` once it is on the account."""

    window: Window
    paid: bool
    task: asyncio.Task[bytes] | None = None


class Prefetcher:
    """Fetches windows for one reader, who takes one at a time.

    Args:
        fetch: offset and length to bytes; may raise, and who takes that window gets it.
        account: every byte that is under way or waits is on it. What was taken stays on it until it is given back.
    """

    def __init__(self, fetch: Fetch, account: Account) -> None:
        self._fetch = fetch
        self._account = account
        self._planned: deque[Window] = deque()
        self._requests: dict[Window, _Request] = {}
        self._ended = False

    def plan(self, windows: Sequence[Window]) -> None:
        """These are taken next, in this order; what was planned before is not."""
        if self._ended:
            return
        self._planned = deque(dict.fromkeys(windows))
        for window in self._requests.keys() - set(windows):
            self._forget(window)
        self._advance()

    async def take(self, window: Window, given_back_bytes: int) -> bytes:
        """The bytes of a window, planned or not. Those planned before it will not be taken any more.

        Args:
            given_back_bytes: how much of what was taken the reader has let go.

        Raises:
            CancelledError: this has ended.
        """
        if self._ended:
            raise asyncio.CancelledError
        self._account.give(given_back_bytes)
        if window in self._planned:
            while (skipped := self._planned.popleft()) != window:
                self._forget(skipped)
        request = self._requests.get(window) or self._begin(window, paid=False)
        self._advance()
        assert request.task is not None
        try:
            return await asyncio.shield(request.task)
        finally:
            if self._requests.get(window) is request:
                del self._requests[window]
            self._advance()

    def _advance(self) -> None:
        """Begin what is planned next, as far as there is room."""
        if self._ended:
            return
        running = sum(not (each.task and each.task.done()) for each in self._requests.values())
        held = sum(window.length for window in self._requests)
        for window in self._planned:
            if window in self._requests:
                continue
            if running >= AHEAD_REQUESTS or held + window.length > AHEAD_BYTES:
                return
            if not self._account.try_add(window.length):
                return
            self._begin(window, paid=True)
            running += 1
            held += window.length

    def _begin(self, window: Window, *, paid: bool) -> _Request:
        request = self._requests[window] = _Request(window, paid)
        request.task = asyncio.create_task(self._bytes_of(request))
        request.task.add_done_callback(lambda task: self._finished(request, task))
        return request

    async def _bytes_of(self, request: _Request) -> bytes:
        window = request.window
        if not request.paid:
            await self._account.add(window.length)
            request.paid = True
        return await self._fetch(window.offset, window.length)

    def _finished(self, request: _Request, task: asyncio.Task[bytes]) -> None:
        """Whoever takes the window gets its error; if nobody does, nobody needs to know."""
        if task.cancelled() or task.exception() is not None:
            self._give_back(request)
        self._advance()

    def _forget(self, window: Window) -> None:
        request = self._requests.pop(window, None)
        if request is not None and request.task is not None and not request.task.cancel():
            self._give_back(request)  # it has come in already

    def _give_back(self, request: _Request) -> None:
        if request.paid:
            request.paid = False
            self._account.give(request.window.length)

    def end(self) -> None:
        """Stop everything; who waits for a window is cancelled. The hold is the caller's to give back."""
        self._ended = True
        self._planned.clear()
        for request in self._requests.values():
            if request.task is not None:
                request.task.cancel()
