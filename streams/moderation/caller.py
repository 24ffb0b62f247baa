"""Asks one moderator: in batches, within its limits, again after failures, and never twice for one content.

    ask ──▶ queue ──▶ slot ──▶ breaker ──▶ batch ──▶ limits ──▶ load media ──▶ plug-in ──▶ journal ──▶ answer
              ▲                                                                   │
              └──────────────── wait, then ask again, alone ◀── failure ◀─────────┘

Calls wait for a moderator that is away for as long as it takes: the medium has no fault. A question is given up, with a
reason, once it has failed `attempts` times and the moderator has answered others since it was first asked.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from streams.domain.records import format_timestamp
from streams.errors import BadInput, Reason
from streams.moderation.answers import GivenVerdict, given_from_json
from streams.moderation.breaker import Breaker
from streams.moderation.call import CallAnswers, call_plugin
from streams.moderation.costs import Costs
from streams.moderation.inquiries import AskedQuestion, Inquiry, QuestionQueue
from streams.moderation.journal import Journal, Subject
from streams.moderation.limits import CallLimits
from streams.moderation.moderation_file import ModeratorPart, RetryPart
from streams.moderation.moderator import ItemAnswer, Moderator, ModeratorFailure, Question
from streams.moderation.verdict_rules import bounded

logger = logging.getLogger(__name__)

#: A source is read again if the reading failed for one of the following reasons.
PASSING_REASONS = frozenset({Reason.SOURCE_UNREACHABLE, Reason.SOURCE_TIMEOUT, Reason.SOURCE_HTTP_STATUS})


class Caller:
    """Asks one moderator. For one event loop; `open` it first.

    Args:
        name: of the moderator.
        part: its settings.
        moderator: the plug-in.
        journal: of the worker; its answers are asked for no second time.
    """

    def __init__(self, name: str, part: ModeratorPart, moderator: Moderator, journal: Journal) -> None:
        self.name, self.part, self.moderator = name, part, moderator
        self.costs = Costs(name, part.price)
        self._journal = journal
        self._breaker = Breaker(part.breaker.failures, part.breaker.open_s, time.monotonic)
        self._slots = asyncio.Semaphore(part.concurrency)
        self._queue = QuestionQueue(moderator.batch_size, part.batch.wait_s)
        self._items: dict[Subject, AskedQuestion] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered = 0
        self._is_open = False
        self._limits: CallLimits | None = None

    async def ask(self, inquiry: Inquiry) -> GivenVerdict | None:
        """The moderator's answer; None if it turned out that nobody needs one.

        Raises:
            BadInput: a source_ reason, moderator_refused, or moderator_unavailable or moderator_bad_answer for a
                question that alone gets no answer, or that waited too long.
        """
        decision = inquiry.decision
        assert decision.content_id is not None
        await self._open()
        subject = Subject(self.name, self.part.version or "", decision.collection, decision.content_id)
        item = self._items.get(subject)
        if item is None:
            known = None if self.moderator.is_free else await self._journal.look_up(subject)
            if known is not None and known.answer is not None:
                return given_from_json(known.answer)
            item = self._items.get(subject)  # another may have come meanwhile
        if item is None:
            future: asyncio.Future[GivenVerdict | None] = asyncio.get_running_loop().create_future()
            item = self._items[subject] = AskedQuestion(inquiry, subject, known.note if known else None, future)
            future.add_done_callback(lambda _: self._items.pop(subject, None))
            self._queue.put(item)
        return await self._wait(item)

    async def _wait(self, item: AskedQuestion) -> GivenVerdict | None:
        item.waiters += 1
        self.costs.waiting.inc()
        try:
            async with asyncio.timeout(self.part.retry.give_up_after_s):
                return await asyncio.shield(item.future)
        except TimeoutError as error:
            last = item.last_failure
            reason = last.reason if last else Reason.MODERATOR_UNAVAILABLE
            said = last.detail if last else "it was not asked"
            detail = f"moderator {self.name} gave no answer in {self.part.retry.give_up_after_s:g} s: {said}"
            raise BadInput(reason, detail) from error
        finally:
            self.costs.waiting.dec()
            item.waiters -= 1

    async def _open(self) -> None:
        if self._is_open:
            return
        self._is_open = True
        today = datetime.now(UTC).date().isoformat()
        used = {} if self.part.limits.per_day is None else await self._journal.used(self.name, today)
        self._limits = CallLimits(
            self.part.limits, self.moderator.keys, time.monotonic, lambda: datetime.now(UTC), used
        )
        self._start(self._pump(self._limits))

    def _start(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            try:
                await work
            except Exception as error:  # a bug or the disk: callers that wait must get the error
                for item in list(self._items.values()):
                    _fail(item, error)

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(self, limits: CallLimits) -> None:
        """Sends out call after call."""
        while True:
            await self._queue.wait()
            await self._slots.acquire()
            await self._breaker.permit()
            batch = await self._queue.next_batch()
            if not batch:
                self._breaker.on_nothing()
                self._slots.release()
                continue
            key = await limits.acquire(len(batch))
            self._start(self._call(batch, key))

    async def _call(self, batch: Sequence[AskedQuestion], key: int) -> None:
        is_settled = False
        try:
            async with AsyncExitStack() as media:
                asked = [(item, question) for item in batch if (question := await self._load(item, media)) is not None]
                if not asked:
                    return
                questions = [question for _, question in asked]
                new = sum(not question.note for question in questions)  # of others, the answer alone is awaited
                if new and self.part.limits.per_day is not None:
                    today = datetime.now(UTC).date().isoformat()
                    await self._journal.count(self.name, today, key, new)
                self.costs.on_call(new)
                answers = await call_plugin(self.name, self.moderator, questions, key, self.part.timeout_s)
                self.costs.seconds.observe(answers.seconds)
            is_settled = True
            answers = self._doubted(answers)
            self._note_health(answers)
            for (item, _), answer in zip(asked, answers.items, strict=True):
                await self._settle(item, answer, answers.seconds, is_alive=answers.failure is None)
        finally:
            if not is_settled:
                self._breaker.on_nothing()
            self.costs.breaker_open.set(self._breaker.is_open)
            self._slots.release()

    async def _load(self, item: AskedQuestion, media: AsyncExitStack) -> Question | None:
        """The question with its medium; None if the medium cannot be had."""
        if not item.failures:
            item.answered_before = self._answered
        try:
            medium = await media.enter_async_context(item.inquiry.load())
        except BadInput as error:
            self._on_failure(item, error, is_final=error.reason not in PASSING_REASONS)
            return None

        async def keep_note(note: str) -> None:
            item.note = note
            await self._journal.keep_note(item.subject, note)

        return Question(item.inquiry.decision, medium.url, medium.data, item.note, keep_note)

    def _doubted(self, answers: CallAnswers) -> CallAnswers:
        """Refusals of a moderator that has never answered anything are more likely due to the configuration."""
        first = answers.items[0]
        if self._answered or not all(isinstance(answer, BadInput) for answer in answers.items):
            return answers
        assert isinstance(first, BadInput)
        failure = ModeratorFailure(first.reason, f"it has refused all that it was asked: {first.detail}")
        return CallAnswers([failure] * len(answers.items), answers.seconds, failure)

    def _note_health(self, answers: CallAnswers) -> None:
        failure = answers.failure
        if failure is None:
            self._breaker.on_success()
            return
        was_open = self._breaker.is_open
        self._breaker.on_failure(failure.retry_after_s)
        if self._breaker.is_open and not was_open:
            logger.error("moderator %s is left alone for a while: %s: %s", self.name, failure.reason, failure.detail)

    async def _settle(self, item: AskedQuestion, answer: ItemAnswer, seconds: float, *, is_alive: bool) -> None:
        if isinstance(answer, ModeratorFailure):
            item.is_at_fault = item.is_at_fault or is_alive
            self._on_failure(item, answer)
            return
        self._answered += 1
        if isinstance(answer, BadInput):
            self.costs.on_refusal()
            _fail(item, answer)
            return
        cut = 0
        if answer is not None:
            answer, cut = bounded(answer)
        self.costs.on_answer(answer, cut)
        at = format_timestamp(time.time_ns() // 1_000_000)
        given = GivenVerdict(answer, at, round(seconds * 1000, 1), item.failures + 1)
        if not self.moderator.is_free:
            await self._journal.keep_answer(item.subject, given.to_json())
        if not item.future.done():
            item.future.set_result(given)

    def _on_failure(self, item: AskedQuestion, error: ModeratorFailure | BadInput, *, is_final: bool = False) -> None:
        """Ask again later, or give up."""
        self.costs.on_failure(error.reason)
        item.last_failure = error
        item.failures += 1
        others_are_answered = item.is_at_fault or isinstance(error, BadInput) or self._answered > item.answered_before
        if is_final or (item.failures >= self.part.retry.attempts and others_are_answered):
            _fail(item, BadInput(error.reason, f"moderator {self.name}: {error.detail}"))
            return
        wait_s = max(_wait_s(self.part.retry, item.failures), getattr(error, "retry_after_s", None) or 0.0)
        asyncio.get_running_loop().call_later(wait_s, self._queue.put, item)

    async def close(self) -> None:
        """End all calls; what has no answer is asked again by the next worker."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.moderator.close()


def _fail(item: AskedQuestion, error: Exception) -> None:
    if item.future.done():
        return
    if item.waiters:
        item.future.set_exception(error)
        item.future.exception()  # who waited may be gone by now
    else:
        item.future.cancel()


def _wait_s(retry: RetryPart, failures: int) -> float:
    """Doubles with every failure; the jitter keeps questions that failed together apart."""
    return min(retry.max_wait_s, retry.first_wait_s * 2.0 ** min(failures - 1, 30)) * random.uniform(0.5, 1.0)  # noqa: S311
