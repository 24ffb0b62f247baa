"""Publishes moderation events for requests, and waits for the decision that shows the effect."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from streams.analytics.pool import QueryPool
from streams.analytics.queries.moderation.verdicts import content_of_medium
from streams.domain.records import Decision, ModerationEvent
from streams.domain.records.moderation import PAIR_EVENTS
from streams.errors import BadInput, Reason
from streams.kafka.async_publisher import AsyncPublisher, Place
from streams.kafka.cloudevents import VERDICT_TYPE, moderation_headers
from streams.kafka.topics import VERDICTS
from streams.services.decision_feed.fed import FedDecision
from streams.services.decision_feed.feed import DecisionFeed, Subscription
from streams.services.moderation.verdicts import ModerationRequest, is_content_id, make_event, shows_effect


@dataclass(frozen=True, slots=True)
class OnlineEvent:
    """An event that Kafka has, and the first decision that shows its effect, if that came in time."""

    event: ModerationEvent
    place: Place
    effect: FedDecision | None


async def publish_event_online(
    publisher: AsyncPublisher,
    feed: DecisionFeed,
    queries: QueryPool,
    request: ModerationRequest,
    collection: str,
    *,
    near: bool,
    source: str,
    wait_s: float,
) -> OnlineEvent:
    """Publishes an event to media.verdicts.

    Args:
        publisher: sends it.
        feed: brings the effect.
        queries: to ClickHouse, where a medium must be looked up.
        request: what to say.
        collection: of the content.
        near: of the collection's policy.
        source: the CloudEvents source, which the audit rows keep.
        wait_s: for the effect; 0 to publish only.

    Raises:
        BadInput: a field is wrong, the collection has no groups, or ClickHouse does not know the medium.
        BrokerError, AnalyticsError, Overloaded: a part is away or busy.
    """
    if not near and request.event in PAIR_EVENTS:
        raise BadInput(Reason.BAD_COLLECTION, "the collection compares equal bytes only, so it has no groups to change")
    if not near and not is_content_id(request.subject):
        request = replace(request, subject=await _content_of(queries, collection, request.subject))
    if request.other is not None and not is_content_id(request.other):
        request = replace(request, other=await _content_of(queries, collection, request.other))
    event = make_event(request, collection, source)
    if wait_s <= 0:
        return OnlineEvent(event, await _publish(publisher, event), None)
    with feed.subscribe() as decisions:
        place = await _publish(publisher, event)
        return OnlineEvent(event, place, await _await_effect(decisions, event, wait_s))


async def _content_of(queries: QueryPool, collection: str, media_id: str) -> str:
    content_id = await queries.run(content_of_medium, collection, media_id)
    if content_id is None:
        raise BadInput(Reason.CONTENT_ID_NEEDED, "ClickHouse knows no such medium; name the content by its id")
    return content_id


async def _publish(publisher: AsyncPublisher, event: ModerationEvent) -> Place:
    return await publisher.publish(
        VERDICTS, event.subject.encode(), event.to_json(), moderation_headers(event, VERDICT_TYPE)
    )


async def _await_effect(decisions: Subscription, event: ModerationEvent, wait_s: float) -> FedDecision | None:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + wait_s
    while (left_s := ends_at - loop.time()) > 0:
        fed = await decisions.next(left_s)
        if fed is None or fed.collection != event.collection:
            continue
        try:
            if shows_effect(Decision.from_json(fed.value), event):
                return fed
        except BadInput:
            continue
    return None
