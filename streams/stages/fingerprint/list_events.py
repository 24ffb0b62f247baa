"""From an event about a hash list to all partitions that decide about its collection. No Kafka in here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import orjson

from streams.config.live_policies import LivePolicies
from streams.domain.records import ListEvent, RawRecord, decode_list_event
from streams.domain.records.hash_list import PUBLIC_LIST_EVENTS
from streams.errors import BadInput
from streams.kafka.cloudevents import LIST_ENTRIES_TYPE, LIST_TYPE, event_headers
from streams.stages.fingerprint.submissions import SubmissionTask

Emit = Callable[[bytes, bytes, list[tuple[str, bytes]]], None]
KeysOfPartitions = Callable[[str], Awaitable[list[bytes]]]
"""Gives for each partition of media.fingerprints a key that leads to it; the key begins with the argument."""


def is_list_event(record: RawRecord) -> bool:
    """Whether a record of media.verdicts is about a hash list."""
    try:
        document = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict) and document.get("event") in PUBLIC_LIST_EVENTS


def route_list_event(
    task: SubmissionTask, policies: LivePolicies, emit: Emit, keys: KeysOfPartitions
) -> Coroutine[Any, Any, None] | None:
    """Check an event about a list, and emit it; a record that is wrong gets a dead letter.

    A collection that compares equal bytes only is spread over all partitions, so the event goes to each.
    """
    record = task.record
    try:
        event = decode_list_event(
            value=record.value, headers=record.headers, origin=task.origin, timestamp_ms=record.timestamp
        )
    except BadInput as error:
        task.dead_letter(error)
        return None
    if policies.of(event.collection).near:
        _emit(task, event, emit, event.collection.encode())
        return None
    return _emit_everywhere(task, event, emit, keys)


async def _emit_everywhere(task: SubmissionTask, event: ListEvent, emit: Emit, keys: KeysOfPartitions) -> None:
    for key in await keys(event.collection):
        _emit(task, event, emit, key)


def _emit(task: SubmissionTask, event: ListEvent, emit: Emit, key: bytes) -> None:
    kind = LIST_ENTRIES_TYPE if event.event == "list_entries" else LIST_TYPE
    emit(key, event.to_json(), event_headers(event.event_id, kind, event.list_name, task.now()))
