"""Positions in the stream of decisions, and waiters and streams of one process, on a real broker."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.config.settings import Settings
from streams.errors import Overloaded
from streams.kafka.async_publisher import AsyncPublisher
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import DECISIONS
from streams.services.decision_feed.catch_up import decisions_between
from streams.services.decision_feed.fed import decode_position, encode_position
from streams.services.decision_feed.feed import DecisionFeed
from tests.support.brokers import Namespace


@given(st.dictionaries(st.integers(0, 99_999), st.integers(0, 2**59), min_size=1, max_size=50))
def test_a_position_survives_its_text(position: dict[int, int]) -> None:
    assert decode_position(encode_position(position)) == position


@pytest.mark.parametrize("text", ["", "1", "1.", ".1", "1.2_", "-1.2", "1.2;3.4", "1.2 ", "9" * 9000, "1.2_" * 3000])
def test_other_texts_are_no_positions(text: str) -> None:
    assert decode_position(text) is None


@pytest.fixture
def settings(embedded: Namespace, tmp_path: Any) -> Settings:
    found = embedded.settings(tmp_path)
    apply_topics(found)
    return found


def record(submission_id: str, media_id: str = "m", decision_id: str = "") -> bytes:
    return orjson.dumps(
        {
            "decision_id": decision_id or str(uuid.uuid4()),
            "submission_id": submission_id,
            "collection": "c",
            "media_id": media_id,
            "outcome": "unique",
        }
    )


async def reading(feed: DecisionFeed) -> None:
    async with asyncio.timeout(30):
        while not feed.reading:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_waiters_streams_and_latecomers_get_their_decisions(settings: Settings) -> None:
    feed = DecisionFeed(settings, max_waiters=2, max_subscribers=1)
    publisher = AsyncPublisher(settings, max_bytes=1 << 20)
    await reading(feed)

    async def publish(value: bytes) -> None:
        await publisher.publish(DECISIONS, b"k", value, [])

    with feed.subscribe() as stream, feed.expect("s1") as by_submission, feed.expect("c", "m2") as by_medium:
        with pytest.raises(Overloaded), feed.expect("s9"):
            pass
        with pytest.raises(Overloaded), feed.subscribe():
            pass
        start = dict(stream.position)
        first = record("s1")
        await publish(b"no decision")
        await publish(first)
        await publish(first)
        await publish(record("s2", "m2"))
        async with asyncio.timeout(30):
            assert (await by_submission).submission_id == "s1"
            assert (await by_medium).submission_id == "s2"
        streamed = [await stream.next(10), await stream.next(10), await stream.next(0.2)]
        assert [found.submission_id if found else None for found in streamed] == ["s1", "s2", None]
    recent = feed.recent("c", "m2")
    assert recent is not None
    assert orjson.loads(recent.to_json())["decided_at"] == recent.decided_at
    with feed.subscribe() as stream:
        caught_up = [found.submission_id async for found in decisions_between(settings, start, stream.position)]
    assert caught_up == ["s1", "s1", "s2"]
    assert feed.recent("other", "m2") is None
    await feed.close()
    await publisher.close()
