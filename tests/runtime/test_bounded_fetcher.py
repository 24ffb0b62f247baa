"""A fetcher asks again as soon as it may."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from streams.runtime.bounded_fetcher import BoundedFetcher


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
