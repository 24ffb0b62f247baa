"""Moderation events about a content or a medium that is not known yet: they wait for it, bounded in number and time."""

from __future__ import annotations

from typing import Final, NamedTuple

import orjson

from streams.domain.policy.policy import DAY_MS
from streams.domain.records import ModerationEvent
from streams.domain.state.keys import waiting_key
from streams.domain.state.members import leading_expires_ms, with_expiry, without_expiry
from streams.domain.state.state import State
from streams.errors import BadInput, Reason

WAITING_DAYS: Final = 7
MAX_WAITING: Final = 10_000
"""Contents and media of a collection, in one partition."""

MAX_WAITING_PER_SUBJECT: Final = 8


class WaitingEvent(NamedTuple):
    """An event that waits: its offset in the log, its JSON, and until when it waits."""

    offset: int
    event: str
    expires_ms: int


class TakenEvents(NamedTuple):
    """The events, as JSON, that waited for a content or a medium; those of `overdue` have waited too long."""

    events: list[str]
    overdue: list[str]


def keep_waiting(state: State, event: ModerationEvent, subject: str, order: tuple[int, int], time_ms: int) -> None:
    """Keep an event until its content or medium is submitted; `order` is its place in the log.

    Raises:
        BadInput: too_many_waiting.
    """
    key, count_key = waiting_key(event.collection, subject), waiting_key(event.collection, "")
    value = state.get(key)
    events = [] if value is None else waiting_events(value)
    waiting = sum(each.expires_ms >= time_ms for each in events)
    count = _count(state, event.collection)
    if waiting >= MAX_WAITING_PER_SUBJECT:
        raise BadInput(Reason.TOO_MANY_WAITING, f"{waiting} events wait for {subject!r} already")
    if value is None and count >= MAX_WAITING:
        raise BadInput(
            Reason.TOO_MANY_WAITING, f"events wait for {count} unknown contents and media of this collection already"
        )
    expires_ms = time_ms + WAITING_DAYS * DAY_MS
    events.append(WaitingEvent(order[0], event.to_json().decode(), expires_ms))
    state.put(key, _pack(events))
    if value is None:
        state.put(count_key, with_expiry(orjson.dumps(count + 1), expires_ms))


def take_waiting(
    state: State, collection: str, subject: str, submitted_at: str, offset: int, time_ms: int
) -> TakenEvents:
    """The events that wait for a content or a medium, which the record at this offset brought.

    They wait no longer. Some go on waiting: events from later in the log than the record, which is read again then; and
    deletions of what was submitted before this submission, since it is not what they are about.
    """
    key = waiting_key(collection, subject)
    value = state.get(key)
    if value is None:
        return TakenEvents([], [])
    events = waiting_events(value)
    later = [
        each
        for each in events
        if each.offset > offset or (each.expires_ms >= time_ms and is_deletion(each.event, before=submitted_at))
    ]
    taken = [each for each in events if each not in later]
    if taken and later:
        state.put(key, _pack(later))
    elif taken:
        forget_waiting(state, key)
    return TakenEvents(
        [each.event for each in taken if each.expires_ms >= time_ms],
        [each.event for each in taken if each.expires_ms < time_ms],
    )


def is_deletion(event: str, before: str | None = None) -> bool:
    """Whether an event, as JSON, is a deletion; with `before`, one of an earlier time."""
    if '"deletion"' not in event:
        return False
    waited = ModerationEvent.from_json(event.encode())
    return waited.event == "deletion" and (before is None or waited.at < before)


def waited_too_long(subject: str, event: str) -> tuple[ModerationEvent, BadInput]:
    """An event, as JSON, whose content or medium did not come in time, and the error that says so."""
    waited = ModerationEvent.from_json(event.encode())
    detail = f"{subject!r} of collection {waited.collection!r} was not submitted within {WAITING_DAYS} days"
    return waited, BadInput(Reason.WAITED_TOO_LONG, detail)


def forget_waiting(state: State, key: bytes) -> None:
    """Forget the events of a key, and count them no longer."""
    collection = key[1 : key.index(b"\0")].decode()
    state.put(key, None)
    count_key = waiting_key(collection, "")
    value = state.get(count_key)
    if value is not None:
        remaining = max(0, number_in(value) - 1)
        state.put(count_key, with_expiry(orjson.dumps(remaining), leading_expires_ms(value)) if remaining else None)


def waiting_events(value: bytes) -> list[WaitingEvent]:
    """The events in a value of the state."""
    return [WaitingEvent(*each) for each in orjson.loads(without_expiry(value))]


def is_number(key: bytes) -> bool:
    """The key is that of a collection's number of waiting contents and media."""
    return key.endswith(b"\0")


def number_in(value: bytes) -> int:
    """How many contents and media are waited for, in the value of a collection's number."""
    return int(orjson.loads(without_expiry(value)))


def subject_of(key: bytes) -> str:
    """The content or medium that the events of a key wait for."""
    return key[key.index(b"\0") + 1 :].decode()


def _pack(events: list[WaitingEvent]) -> bytes:
    return with_expiry(orjson.dumps([tuple(each) for each in events]), max(each.expires_ms for each in events))


def _count(state: State, collection: str) -> int:
    value = state.get(waiting_key(collection, ""))
    return 0 if value is None else number_in(value)
