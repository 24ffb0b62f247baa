"""Submits one medium for a request, and waits for its decision where the request does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from streams.domain.records.job import Lane
from streams.kafka.async_publisher import AsyncPublisher, Place
from streams.kafka.publisher import SubmissionRecord
from streams.services.decision_feed.fed import FedDecision
from streams.services.decision_feed.feed import DecisionFeed
from streams.services.submit.records import LANES


@dataclass(frozen=True, slots=True)
class OnlineSubmission:
    """A submission that Kafka has, and its decision if that came in time."""

    submission_id: str
    media_id: str
    place: Place
    decision: FedDecision | None


async def submit_online(
    publisher: AsyncPublisher,
    feed: DecisionFeed,
    record: SubmissionRecord,
    *,
    wait_s: float,
    on_published: Callable[[], None],
    lane: Lane = "live",
) -> OnlineSubmission:
    """Publishes a submission; with `wait_s` above 0 waits so long for its decision.

    Args:
        publisher: sends it.
        feed: brings the decision.
        record: the submission.
        wait_s: 0 to publish only.
        lane: in which it is published.
        on_published: called once Kafka has the submission, before any wait; its bytes may be freed then.

    Raises:
        Overloaded: too many requests wait, or too many bytes.
        BrokerError: Kafka did not take the submission.
    """
    submission_id, media_id = record.submission_id, record.media_id
    if wait_s <= 0:
        place = await _publish(publisher, record, lane)
        return OnlineSubmission(submission_id, media_id, place, None)
    with feed.expect(submission_id) as waiter:
        place = await _publish(publisher, record, lane)
        del record
        on_published()
        try:
            decision = await asyncio.wait_for(asyncio.shield(waiter), wait_s)
        except TimeoutError:
            decision = None
        return OnlineSubmission(submission_id, media_id, place, decision)


async def _publish(publisher: AsyncPublisher, record: SubmissionRecord, lane: Lane) -> Place:
    return await publisher.publish(LANES[lane], record.key, record.value, list(record.headers))
