"""A fetcher asks again as soon as it may."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.structs import TopicPartition

from streams.runtime.bounded_fetcher import BoundedFetcher
from streams.runtime.in_flight import InFlight


@pytest.mark.parametrize("has_ended", [True, False])
async def test_a_question_that_ends_while_records_are_taken_is_soon_followed_by_the_next(has_ended: bool) -> None:
    """aiokafka's routine sees an ended task whose node is still in flight, and would sleep until its timeout."""
    question = asyncio.create_task(asyncio.sleep(0 if has_ended else 60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    fetcher = BoundedFetcher.__new__(BoundedFetcher)
    fetcher._in_flight, fetcher._pending_tasks, fetcher._fetcher_timeout = {0}, {question}, 0.2
    taken = fetcher._wait_consume_future = asyncio.get_running_loop().create_future()

    requests, *_ = fetcher._get_actions_per_node(SimpleNamespace(tps=[]))
    await asyncio.sleep(0)

    assert requests == []
    assert taken.done() == question.done() == has_ended
    question.cancel()


class Stubborn(BoundedFetcher):
    """Has one question to node 0, which takes its time to end."""

    def _get_actions_per_node(
        self, assignment: object
    ) -> tuple[list[tuple[int, object]], dict[int, object], int, bool, list[object]]:
        return ([] if self._in_flight else [(0, None)]), {}, 60, False, []

    async def _proc_fetch_request(self, assignment: object, node_id: int, request: object) -> bool:
        self.asked.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.ending.set()
            await self.may_end.wait()
            raise
        return False


@pytest.mark.timeout(60)
async def test_a_fetcher_closes_while_it_ends_questions_of_an_earlier_assignment() -> None:
    """aiokafka's routine takes the cancellation for that of the question, goes on, and its `close` waits for ever."""
    subscriptions = SubscriptionState()
    subscriptions.subscribe({"topic"}, None)
    subscriptions.assign_from_subscribed([TopicPartition("topic", 0)])
    fetcher = Fetcher(AIOKafkaClient(), subscriptions)
    Stubborn.bound(fetcher, InFlight(1, 1), lambda _: 0, 0.0)
    fetcher.asked, fetcher.ending, fetcher.may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()
    await fetcher.asked.wait()
    subscriptions.begin_reassignment()
    subscriptions.assign_from_subscribed([])
    await fetcher.ending.wait()

    closing = asyncio.create_task(fetcher.close())
    await asyncio.sleep(0)
    fetcher.may_end.set()
    await closing

    assert fetcher._fetch_task.done()
