"""A video read by ranges: the side of the decode thread, which blocks while the event loop fetches."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections import deque
from collections.abc import Sequence

from streams.errors import BadInput, Reason
from streams.sources.budget import Hold
from streams.sources.http.range_client import RangeClient
from streams.sources.video.opened import OpenVideo, given_up
from streams.sources.video.prefetch import AHEAD_BYTES, Account, Prefetcher
from streams.sources.video.windows import WINDOW_BYTES, Window, block_bytes, coalesce, gap_bytes

#: After so much has been read without a break, the next part is asked for while this one is used.
STEADY_BYTES = WINDOW_BYTES
#: What was read stays at hand up to here, for readers of containers go back a little now and then.
RECENT_BYTES = 2 * WINDOW_BYTES
#: The most that one video has in memory: what is ahead, what is at hand, what is being asked for and its copy.
MOST_HELD_BYTES = AHEAD_BYTES + RECENT_BYTES + 2 * WINDOW_BYTES
#: How often one that waits looks whether there still is a loop to wait for.
LOOK_S = 1.0


class RangeVideo(OpenVideo):
    """A `VideoSource` over range requests.

    What is planned is asked for in advance, neighbours at once. Where something else is read, a block is asked for,
    and more where one read follows the other: up to half of what has been read so, and after 1 MiB the next part as
    well. `read` gives fewer bytes than it was asked for only at the end of the file and of what is planned.
    `read_bytes` counts the windows that were read of, not those fetched in vain: so it depends on nothing but what was
    read.

    Args:
        client: fetches; used on the loop only.
        head: the first bytes of the file, which are there already, on the hold.
        hold: what counts the bytes; at most MOST_HELD_BYTES.
        timeout_s: for all waiting together; one request has a limit of its own.
    """

    way = "ranges"
    cheap_to_read = False

    def __init__(
        self, client: RangeClient, head: bytes, size_bytes: int, hold: Hold, timeout_s: float, identity: str | None
    ) -> None:
        super().__init__(size_bytes, identity)
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._account = Account(hold)
        self._prefetcher = Prefetcher(client.part, self._account)
        self._timeout_s = timeout_s
        self._recent: deque[tuple[Window, bytes, bool]] = deque([(Window(0, len(head)), head, False)])
        self._recent_bytes = len(head)
        self._let_go_bytes = 0
        self._block_bytes = block_bytes(size_bytes)
        self._planned: list[Window] = []
        self._next: Window | None = None  # of what is read without a plan, and asked for already
        self._run_end = len(head)  # where one read after the other has come to, from `_run_begin` on
        self._run_begin = 0
        self._waited_s = 0.0
        self._waiting_since: float | None = None
        self._ended = False
        self.read_bytes = self._head_bytes = len(head)

    def plan(self, extents: Sequence[tuple[int, int]], /) -> None:
        windows = coalesce(extents, self._size, point_bytes=self._block_bytes, gap_bytes=gap_bytes(self._size))
        self._planned = [window for window in windows if not self._has(window)]
        self._next = None
        self._prefetch(self._planned)

    def _prefetch(self, windows: Sequence[Window]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._prefetcher.plan, tuple(windows))
        except RuntimeError:  # the loop is closed; the next read says so
            return

    def read(self, n: int, /) -> bytes:
        if self.failure is not None:
            raise self.failure
        wanted = max(0, min(n, self._size - self._position))
        parts: list[bytes] = []
        while wanted:
            found = self._at_hand(self._position)
            if found is None:
                if parts and self._is_end_of_planned(self._position):
                    break
                found = self._fetched(self._position, wanted)
            window, data, _ = found
            start = self._position - window.offset
            part = data[start : start + wanted]
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _has(self, window: Window) -> bool:
        return any(each.offset <= window.offset and window.end <= each.end for each, _, _ in self._recent)

    def _at_hand(self, position: int) -> tuple[Window, bytes, bool] | None:
        return next((each for each in self._recent if each[0].holds(position)), None)

    def _is_end_of_planned(self, position: int) -> bool:
        """Whether what was planned ends here, so that more of it may be read without being wanted."""
        if any(window.holds(position) for window in self._planned):
            return False
        return any(planned and window.end == position for window, _, planned in self._recent)

    def _fetched(self, position: int, wanted: int) -> tuple[Window, bytes, bool]:
        place = next((place for place, each in enumerate(self._planned) if each.holds(position)), None)
        if place is None:
            window = self._unplanned(position, wanted)
        else:
            window = self._planned[place]
            del self._planned[: place + 1]
        entry = (window, self._take(window), place is not None)
        self.read_bytes += window.length
        self._keep(entry)
        return entry

    def _unplanned(self, position: int, wanted: int) -> Window:
        """What to ask for at once where nothing is planned: more, the longer one read has followed the other."""
        if position != self._run_end:
            self._run_begin = position
        if self._next is not None and self._next.offset == position:
            window = self._next
        else:
            window = self._part_from(position, wanted)
        self._run_end = window.end
        if window.end - self._run_begin > STEADY_BYTES and window.end < self._size:
            self._next = self._part_from(window.end, 1)
            self._prefetch((window, self._next, *self._planned))
        else:
            self._next = None
        return window

    def _part_from(self, position: int, wanted: int) -> Window:
        """As much as is wanted and the reading so far allows, up to what is known already."""
        length = max(self._block_bytes, min(WINDOW_BYTES, max(wanted, (position - self._run_begin) // 2)))
        known = [each for each, _, _ in self._recent] + self._planned
        end = min([self._size, position + length, *(each.offset for each in known if each.offset > position)])
        return Window(position, end - position)

    def _keep(self, entry: tuple[Window, bytes, bool]) -> None:
        self._recent.appendleft(entry)
        self._recent_bytes += entry[0].length
        while self._recent_bytes > RECENT_BYTES:
            oldest = self._recent.pop()[0]
            self._recent_bytes -= oldest.length
            self._let_go_bytes += oldest.length

    def _take(self, window: Window) -> bytes:
        """Have the loop fetch a window, and wait for it."""
        let_go, self._let_go_bytes = self._let_go_bytes, 0
        self._waiting_since = time.monotonic()
        try:
            return self._outcome(self._begun(window, let_go))
        except concurrent.futures.CancelledError as error:  # this has ended, or the loop has
            raise self._failed(given_up()) from error
        except BadInput as error:
            raise self._failed(error) from None
        finally:
            self._waited_s = self.waited_s
            self._waiting_since = None

    def _begun(self, window: Window, let_go_bytes: int) -> concurrent.futures.Future[bytes]:
        if self._ended:
            raise given_up()
        work = self._prefetcher.take(window, let_go_bytes)
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop is closed
            work.close()
            raise given_up() from None

    def _outcome(self, future: concurrent.futures.Future[bytes]) -> bytes:
        while True:
            try:
                return future.result(LOOK_S)
            except TimeoutError:
                if self.waited_s - self._account.waited_s > self._timeout_s:
                    future.cancel()
                    raise BadInput(
                        Reason.SOURCE_TIMEOUT, f"its parts were waited for longer than {self._timeout_s:g} s in all"
                    ) from None
                if self._ended or not self._loop.is_running():
                    raise given_up() from None

    def _failed(self, failure: BadInput) -> BadInput:
        self.failure = failure
        return failure

    @property
    def waited_s(self) -> float:
        since = self._waiting_since
        return self._waited_s + (time.monotonic() - since if since is not None else 0.0)

    @property
    def fetched_bytes(self) -> int:
        return self._head_bytes + self._client.fetched_bytes

    def end(self) -> None:
        self._ended = True
        self._prefetcher.end()
