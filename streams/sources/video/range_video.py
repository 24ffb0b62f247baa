"""A video that is read by HTTP ranges. The decode thread blocks here while the event loop fetches."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from streams.errors import BadInput, Reason
from streams.sources.budget import Reservation
from streams.sources.http.range_client import RangeClient
from streams.sources.video.open_video import OpenVideo, reading_abandoned
from streams.sources.video.prefetch import AHEAD_BYTES, Prefetcher, SharedReservation
from streams.sources.video.windows import WINDOW_BYTES, Window, block_bytes, gap_bytes, plan_windows

#: After this many bytes in sequence, the next window is requested while the current one is used.
SEQUENTIAL_BYTES = WINDOW_BYTES
#: The bytes read last stay in memory, because container readers go back a little now and then.
RECENT_BYTES = 2 * WINDOW_BYTES
#: The most that one video has in memory: prefetched windows, recent windows, a window that arrives, and its copy.
MAX_HELD_BYTES = AHEAD_BYTES + RECENT_BYTES + 2 * WINDOW_BYTES
#: How often a waiting reader checks that the event loop still runs.
POLL_S = 1.0


class _Recent(NamedTuple):
    """A window in memory, and whether it was planned."""

    window: Window
    data: bytes
    planned: bool


class RangeVideo(OpenVideo):
    """A `VideoSource` over range requests.

    Planned windows are requested in advance, several at once. An unplanned read requests a block. While reads follow
    each other, requests grow to half of the bytes read in sequence, and after 1 MiB the next window is requested
    early. `read` returns fewer bytes than requested only at the end of the file and at the end of the plan.
    `read_bytes` counts windows that were read from, not windows fetched in vain, so it depends on the reads alone.

    Args:
        client: fetches ranges, on the event loop only.
        head: the first bytes of the file, already on the reservation.
        reservation: counts the bytes in memory, at most MAX_HELD_BYTES.
        timeout_s: for all waits together. One request has its own limit.
    """

    way = "ranges"
    cheap_to_read = False

    def __init__(
        self,
        client: RangeClient,
        head: bytes,
        size_bytes: int,
        reservation: Reservation,
        timeout_s: float,
        identity: str | None,
    ) -> None:
        super().__init__(size_bytes, identity)
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._reservation = SharedReservation(reservation)
        self._prefetcher = Prefetcher(client.fetch, self._reservation)
        self._timeout_s = timeout_s
        self._recent = deque([_Recent(Window(0, len(head)), head, False)])
        self._recent_bytes = len(head)
        self._released_bytes = 0  # dropped from memory since the last request
        self._block_bytes = block_bytes(size_bytes)
        self._planned: list[Window] = []
        self._next: Window | None = None  # the unplanned window that has been requested early
        self._sequence_begin = 0
        self._sequence_end = len(head)
        self._waited_s = 0.0
        self._waiting_since: float | None = None
        self._closed = False
        self.read_bytes = self._head_bytes = len(head)

    def plan(self, extents: Sequence[tuple[int, int]], /) -> None:
        windows = plan_windows(extents, self._size, point_bytes=self._block_bytes, gap_bytes=gap_bytes(self._size))
        self._planned = [window for window in windows if not self._has(window)]
        self._next = None
        self._prefetch(self._planned)

    def _prefetch(self, windows: Sequence[Window]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._prefetcher.plan, tuple(windows))
        except RuntimeError:  # the loop is closed; the next read raises
            return

    def read(self, n: int, /) -> bytes:
        if self.failure is not None:
            raise self.failure
        missing = max(0, min(n, self._size - self._position))
        parts: list[bytes] = []
        while missing:
            recent = self._find_recent(self._position)
            if recent is None:
                if parts and self._is_end_of_plan(self._position):
                    break
                recent = self._fetch(self._position, missing)
            start = self._position - recent.window.offset
            part = recent.data[start : start + missing]
            parts.append(part)
            self._position += len(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _has(self, window: Window) -> bool:
        return any(known.offset <= window.offset and window.end <= known.end for known, _, _ in self._recent)

    def _find_recent(self, position: int) -> _Recent | None:
        return next((recent for recent in self._recent if recent.window.contains(position)), None)

    def _is_end_of_plan(self, position: int) -> bool:
        """Whether a planned run of windows ends here. The caller may not need the bytes after it."""
        if any(window.contains(position) for window in self._planned):
            return False
        return any(recent.planned and recent.window.end == position for recent in self._recent)

    def _fetch(self, position: int, missing: int) -> _Recent:
        index = next((index for index, window in enumerate(self._planned) if window.contains(position)), None)
        if index is None:
            window = self._unplanned_window(position, missing)
        else:
            window = self._planned[index]
            del self._planned[: index + 1]
        recent = _Recent(window, self._take(window), index is not None)
        self.read_bytes += window.length
        self._keep(recent)
        return recent

    def _unplanned_window(self, position: int, missing: int) -> Window:
        """The window to request for an unplanned read. It grows with the length of the sequence of reads."""
        if position != self._sequence_end:
            self._sequence_begin = position
        if self._next is not None and self._next.offset == position:
            window = self._next
        else:
            window = self._window_from(position, missing)
        self._sequence_end = window.end
        if window.end - self._sequence_begin > SEQUENTIAL_BYTES and window.end < self._size:
            self._next = self._window_from(window.end, 1)
            self._prefetch((window, self._next, *self._planned))
        else:
            self._next = None
        return window

    def _window_from(self, position: int, missing: int) -> Window:
        """As long as the read and the sequence justify, but not into known or planned windows."""
        length = max(self._block_bytes, min(WINDOW_BYTES, max(missing, (position - self._sequence_begin) // 2)))
        known = [recent.window for recent in self._recent] + self._planned
        end = min([self._size, position + length, *(window.offset for window in known if window.offset > position)])
        return Window(position, end - position)

    def _keep(self, recent: _Recent) -> None:
        self._recent.appendleft(recent)
        self._recent_bytes += recent.window.length
        while self._recent_bytes > RECENT_BYTES:
            oldest = self._recent.pop().window
            self._recent_bytes -= oldest.length
            self._released_bytes += oldest.length

    def _take(self, window: Window) -> bytes:
        """Lets the event loop fetch a window, and waits for its bytes."""
        released, self._released_bytes = self._released_bytes, 0
        self._waiting_since = time.monotonic()
        try:
            return self._wait_for(self._submit(window, released))
        except concurrent.futures.CancelledError as error:  # the video was closed, or the loop has ended
            raise self._fail(reading_abandoned()) from error
        except BadInput as error:
            raise self._fail(error) from None
        finally:
            self._waited_s = self.waited_s
            self._waiting_since = None

    def _submit(self, window: Window, released_bytes: int) -> concurrent.futures.Future[bytes]:
        if self._closed:
            raise reading_abandoned()
        work = self._prefetcher.take(window, released_bytes)
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop is closed
            work.close()
            raise reading_abandoned() from None

    def _wait_for(self, future: concurrent.futures.Future[bytes]) -> bytes:
        while True:
            try:
                return future.result(POLL_S)
            except TimeoutError:
                if self.waited_s - self._reservation.waited_s > self._timeout_s:
                    future.cancel()
                    raise BadInput(
                        Reason.SOURCE_TIMEOUT, f"the reader waited longer than {self._timeout_s:g} s in total"
                    ) from None
                if self._closed or not self._loop.is_running():
                    raise reading_abandoned() from None

    def _fail(self, failure: BadInput) -> BadInput:
        self.failure = failure
        return failure

    @property
    def waited_s(self) -> float:
        since = self._waiting_since
        return self._waited_s + (time.monotonic() - since if since is not None else 0.0)

    @property
    def fetched_bytes(self) -> int:
        return self._head_bytes + self._client.fetched_bytes

    def close(self) -> None:
        self._closed = True
        self._prefetcher.close()
