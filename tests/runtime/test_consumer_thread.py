"""A consumer's thread ends, whatever it waits for."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import ConsumerStoppedError
from mode import Service

from streams.runtime.consumer_thread import PatientThread


class AsksTheLoop(PatientThread):
    """While it stops, it waits for the event loop that started it, as a rebalance does."""

    abstract = False
    answers = 0

    async def _answer(self) -> None:
        self.answers += 1

    @Service.task  # type: ignore[untyped-decorator]
    async def _work(self) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.2)
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._answer(), self.parent_loop))


@pytest.mark.timeout(60)
async def test_a_thread_that_waits_for_the_event_loop_while_it_stops_ends() -> None:
    thread = AsksTheLoop()
    await thread.start()
    await asyncio.sleep(0.1)
    await thread.stop()
    assert thread.answers == 1
    assert not thread._thread.is_alive()


class AnswersNothing(PatientThread):
    """A thread that takes calls."""

    abstract = False


@pytest.mark.timeout(60)
async def test_a_call_to_a_thread_that_has_stopped_is_refused() -> None:
    thread = AnswersNothing()
    await thread.start()
    assert await thread.call_thread(asyncio.sleep, 0, "an answer") == "an answer"
    await thread.stop()
    with pytest.raises(ConsumerStoppedError):
        await thread.call_thread(asyncio.sleep, 0)


@pytest.mark.timeout(60)
async def test_a_call_to_a_thread_whose_queue_has_stopped_is_refused() -> None:
    thread = AnswersNothing()
    await thread.start()
    stopped = asyncio.run_coroutine_threadsafe(thread.method_queue.stop(), thread.thread_loop)
    await asyncio.wrap_future(stopped)
    with pytest.raises(ConsumerStoppedError):
        await thread.call_thread(asyncio.sleep, 0)
    await thread.stop()
