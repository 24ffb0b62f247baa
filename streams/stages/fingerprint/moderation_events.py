"""From a record of media.verdicts to the partition that decides about its content. No Kafka in here."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from streams.config.live_policies import LivePolicies
from streams.domain.records import ModerationEvent, content_routing_key, decode_moderation_event
from streams.domain.records.moderation import PAIR_EVENTS
from streams.errors import BadInput, Reason
from streams.kafka.cloudevents import MODERATION_TYPE, event_headers
from streams.stages.fingerprint.submissions import SubmissionTask

Emit = Callable[[bytes, bytes, list[tuple[str, bytes]]], None]
"""Takes the routing key, the value and the headers of a record."""


def route_event(task: SubmissionTask, policies: LivePolicies, emit: Emit) -> Coroutine[Any, Any, None] | None:
    """Check an event, and emit it with its routing key; a record that is wrong gets a dead letter. Nothing waits."""
    record = task.record
    try:
        event = decode_moderation_event(
            value=record.value, headers=record.headers, origin=task.origin, timestamp_ms=record.timestamp
        )
        headers = event_headers(event.event_id, MODERATION_TYPE, event.subject, task.now())
        emit(_routing_key(event, policies), event.to_json(), headers)
    except BadInput as error:
        task.dead_letter(error)
    return None


def _routing_key(event: ModerationEvent, policies: LivePolicies) -> bytes:
    """Where equal bytes alone are compared, the content id is part of the key, and nothing but it finds the partition.

    Raises:
        BadInput: content_id_needed or bad_field.
    """
    near = policies.of(event.collection).near
    if not near and event.content_id is None:
        raise BadInput(
            Reason.CONTENT_ID_NEEDED,
            f"collection {event.collection!r} compares equal bytes only: name the content by its content_id, "
            "which its decision has",
        )
    if not near and event.event in PAIR_EVENTS:
        raise BadInput(
            Reason.BAD_FIELD,
            f"field 'event': collection {event.collection!r} compares equal bytes only, so it has no groups",
        )
    return content_routing_key(event.collection, event.subject, near=near)
