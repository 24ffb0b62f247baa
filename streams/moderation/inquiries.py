"""What is asked of a moderator, and the queue of it: live contents before those of imports, in batches."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from streams.domain.records import Decision
from streams.errors import BadInput
from streams.moderation.answers import GivenVerdict
from streams.moderation.journal import Subject
from streams.moderation.moderator import ModeratorFailure


@dataclass(frozen=True, slots=True)
class Medium:
    """The part of a medium that goes to the moderator."""

    url: str | None = None
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question before its medium is loaded.

    Attributes:
        decision: brings the content.
        load: opens the medium, or the part that the moderator gets, just before the call; raises BadInput.
        is_moot: whether nobody needs the answer any more.
        is_bulk: whether the content comes from an import. Live contents are asked about first.
    """

    decision: Decision
    load: Callable[[], AbstractAsyncContextManager[Medium]]
    is_moot: Callable[[], bool] = lambda: False
    is_bulk: bool = False


@dataclass(slots=True)
class AskedQuestion:
    """A question that is asked until it has an answer, however many wait for it.

    Attributes:
        inquiry: of the first who asked.
        subject: what the answer is about.
        note: what the moderator kept of a call before.
        future: the answer; None if nobody needs one.
        waiters: how many wait.
        failures: calls without an answer.
        answered_before: answers of the moderator when it was first asked.
        is_at_fault: it failed where the moderator answered others.
        last_failure: the reason of the last failed call.
    """

    inquiry: Inquiry
    subject: Subject
    note: str | None
    future: asyncio.Future[GivenVerdict | None]
    waiters: int = 0
    failures: int = 0
    answered_before: int = 0
    is_at_fault: bool = False
    last_failure: ModeratorFailure | BadInput | None = None

    @property
    def is_wanted(self) -> bool:
        """Somebody waits, and there is no answer yet."""
        return not self.future.done() and self.waiters > 0


class QuestionQueue:
    """Questions that wait for a call. For one event loop.

    Args:
        batch_size: of one call.
        wait_s: how long a call waits for further questions.
    """

    def __init__(self, batch_size: int, wait_s: float) -> None:
        self._batch_size, self._wait_s = batch_size, wait_s
        self._live: deque[AskedQuestion] = deque()
        self._bulk: deque[AskedQuestion] = deque()
        self._arrived = asyncio.Event()

    def put(self, item: AskedQuestion) -> None:
        """Add a question behind the others of its lane."""
        (self._bulk if item.inquiry.is_bulk else self._live).append(item)
        self._arrived.set()

    async def wait(self) -> None:
        """Wait until there is a question."""
        while not self._next:
            self._arrived.clear()
            await self._arrived.wait()

    async def next_batch(self) -> list[AskedQuestion]:
        """Questions for one call: whatever comes within `wait_s`. A question that has failed is asked alone."""
        batch: list[AskedQuestion] = []
        ends_at = time.monotonic() + self._wait_s
        while len(batch) < self._batch_size:
            if not self._next:
                left_s = ends_at - time.monotonic()
                if not batch or left_s <= 0:
                    break
                self._arrived.clear()
                try:
                    await asyncio.wait_for(self._arrived.wait(), left_s)
                except TimeoutError:
                    break
            if batch and self._next[0].failures:
                break
            item = self._next.popleft()
            if not item.is_wanted:
                item.future.cancel()
                continue
            if item.inquiry.is_moot():
                item.future.set_result(None)
                continue
            batch.append(item)
            if item.failures:
                break
        return batch

    @property
    def _next(self) -> deque[AskedQuestion]:
        """From which the next question is taken."""
        return self._live or self._bulk
