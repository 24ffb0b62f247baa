"""When bulk submissions may be taken, so that they delay no live ones: by live work that waits, and by match.

Bulk and live fingerprints stand in one log, which match reads in order. So only as many bulk records may be on
their way to a decision as match decides in a moment, and they come a few at a time. While nobody else writes to the
log, there is room for many times as many.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from streams import metrics
from streams.errors import BrokerError
from streams.kafka.readers.match_progress import MatchProgress

logger = logging.getLogger(__name__)

LOOK_INTERVAL_S: Final = 0.2
POLL_S: Final = 0.005
#: A window of records is let through in this time at the least, so that they never come all at once.
WINDOW_S: Final = 1.0
#: Nobody else is at work if nobody wrote to the log for so long; then so many windows have room, at any pace.
ALONE_S: Final = 5.0
ALONE_WINDOWS: Final = 16
#: Bulk work gets one medium for this many live ones even if live work always waits, and may save up `MAX_CREDIT`.
LIVE_PER_BULK, MAX_CREDIT = 20, 64
WARN_INTERVAL_S: Final = 60.0


class LiveWork(Protocol):
    """The part of the live `Fingerprinter` that this file needs."""

    fingerprinted: int

    @property
    def crowded(self) -> bool: ...


class BulkWindow:
    """How many admitted records match has not decided yet. Pure.

    A look at the log notes where the log ends. Once match has reached that end, all records that Kafka had before the
    look are decided.
    """

    def __init__(self, max_records: int) -> None:
        self.max_records = max_records
        self.taken = self.written = self.decided = 0
        self._looks: deque[tuple[int, dict[int, int]]] = deque()

    @property
    def outstanding(self) -> int:
        return self.taken - self.decided

    @property
    def undecided(self) -> bool:
        """Whether Kafka has records that match has not decided."""
        return self.written > self.decided

    def has_room(self, records: int, windows: int = 1) -> bool:
        """A window that is empty has room for any number."""
        return self.outstanding == 0 or self.outstanding + records <= self.max_records * windows

    def give_up(self) -> None:
        """Admitted records that were not written are left to other workers."""
        self.taken = self.written

    def on_written(self, records: int) -> None:
        self.written += records
        self.taken = max(self.taken, self.written)

    def on_look(self, written_before: int, progress: MatchProgress) -> None:
        """`written_before` is the value of `written` before the look."""
        if not self._looks or self._looks[-1][0] < written_before:
            self._looks.append((written_before, progress.ends))
        while self._looks and all(progress.decided.get(p, 0) >= end for p, end in self._looks[0][1].items()):
            self.decided = self._looks.popleft()[0]


class BulkAdmission:
    """The `admission` of the bulk stage; for one event loop.

    Args:
        live: the live work of this worker.
        read_progress: how far match is; blocks.
        window: the most records between their admission and their decision.
    """

    def __init__(self, live: LiveWork, read_progress: Callable[[], MatchProgress], window: int) -> None:
        self._live = live
        self._read_progress = read_progress
        self._window = BulkWindow(window)
        self._credit = 0.0
        self._seen_live = live.fingerprinted
        self._not_before = 0.0
        self._others_at = time.monotonic()
        self._written_by_others = 0
        self._looking: asyncio.Task[None] | None = None
        self._warned_at = -WARN_INTERVAL_S
        metrics.begin_at_zero(metrics.BULK_WAITS, ("live",), ("match",), ("pace",))

    async def admit(self, records: int) -> None:
        """Return once `records` records may begin."""
        while (cause := self._cause(records)) is not None:
            begun_at = time.monotonic()
            await asyncio.sleep(POLL_S)
            metrics.BULK_WAITS.labels(cause).inc(time.monotonic() - begun_at)
        self._window.taken += records
        self._not_before = time.monotonic() + records * WINDOW_S / self._window.max_records
        self._measure()

    def finish(self, records: int) -> None:
        """Kafka has the fingerprints of `records` records."""
        self._window.on_written(records)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def give_up(self) -> None:
        """Records that were admitted and not finished are left to the next owners of their partitions."""
        self._window.give_up()
        self._measure()

    def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    def _cause(self, records: int) -> str | None:
        """What the records must wait for; None if they may begin."""
        live, now = self._live, time.monotonic()
        self._credit = min(MAX_CREDIT, self._credit + (live.fingerprinted - self._seen_live) / LIVE_PER_BULK)
        if live.fingerprinted != self._seen_live:
            self._seen_live, self._others_at = live.fingerprinted, now
        alone = now - self._others_at > ALONE_S
        if not self._window.has_room(records, ALONE_WINDOWS if alone else 1):
            return "match"
        if not alone and now < self._not_before:
            return "pace"
        if live.crowded:
            if self._credit < records:
                return "live"
            self._credit -= records
        return None

    async def _look(self) -> None:
        """Look at the log as long as match has something of ours to decide."""
        while self._window.undecided:
            written = self._window.written
            try:
                progress = await asyncio.to_thread(self._read_progress)
                self._window.on_look(written, progress)
                self._notice_others(sum(progress.ends.values()))
            except BrokerError as error:
                if time.monotonic() - self._warned_at >= WARN_INTERVAL_S:
                    self._warned_at = time.monotonic()
                    logger.warning("%s", error)
            self._measure()
            await asyncio.sleep(LOOK_INTERVAL_S)

    def _notice_others(self, log_end: int) -> None:
        """Others are at work if the log has more than ever that is not of this worker.

        Records of this worker that Kafka has and `written` does not count yet are taken for those of others, a few at
        most: their number settles soon.
        """
        of_others = log_end - self._window.written
        if of_others > self._written_by_others:
            self._written_by_others, self._others_at = of_others, time.monotonic()

    def _measure(self) -> None:
        metrics.BULK_OUTSTANDING.set(self._window.outstanding)
