"""Moderation events about a content or a medium that is not known yet: they wait for it, bounded in number and time."""

from __future__ import annotations

from typing import Final

import orjson

from streams.domain.records import ModerationEvent
from streams.domain.state.keys import waiting_key
from streams.domain.state.members import leading_expires_ms, with_expiry, without_expiry
from streams.domain.state.state import State
from streams.errors import BadInput, Reason

WAITING_DAYS: Final = 7
DAY_MS: Final = 86_400_000
MAX_WAITING: Final = 10_000
"""Contents and media of a collection, in one partition."""

MAX_WAITING_PER_SUBJECT: Final = 8


def keep_waiting(state: State, event: ModerationEvent, subject: str, order: tuple[int, int], time_ms: int) -> None:
    """Keep an event until its content or medium is submitted; `order` is its place in the log.

    Raises:
        BadInput: too_many_waiting.
    """
    key, count_key = waiting_key(event.collection, subject), waiting_key(event.collection, "")
    value = state.get(key)
    events = [] if value is None else _events(value, time_ms)
    count = _count(state, event.collection)
    if len(events) >= MAX_WAITING_PER_SUBJECT:
        raise BadInput(Reason.TOO_MANY_WAITING, f"{len(events)} events wait for {subject!r} already")
    if value is None and count >= MAX_WAITING:
        raise BadInput(
            Reason.TOO_MANY_WAITING, f"events wait for {count} unknown contents and media of this collection already"
        )
    events.append((order[0], event.to_json().decode()))
    expires_ms = time_ms + WAITING_DAYS * DAY_MS
    state.put(key, with_expiry(orjson.dumps(events), expires_ms))
    if value is None:
        state.put(count_key, with_expiry(orjson.dumps(count + 1), expires_ms))


def take_waiting(state: State, collection: str, subject: str, offset: int, time_ms: int) -> list[str]:
    """The events, as JSON, that wait for a content or a medium, which the record at this offset brought.

    They wait no longer. Events from later in the log than the record go on waiting: the record is read again then.
    """
    key = waiting_key(collection, subject)
    value = state.get(key)
    if value is None:
        return []
    events = _events(value, time_ms)
    later = [event for event in events if event[0] > offset]
    if later:
        state.put(key, with_expiry(orjson.dumps(later), leading_expires_ms(value)))
    else:
        forget_waiting(state, key)
    return [event for own_offset, event in events if own_offset <= offset]


def forget_waiting(state: State, key: bytes) -> None:
    """Forget the events of a key, and count them no longer."""
    collection = key[1 : key.index(b"\0")].decode()
    state.put(key, None)
    count_key = waiting_key(collection, "")
    value = state.get(count_key)
    if value is not None:
        remaining = max(0, int(orjson.loads(without_expiry(value))) - 1)
        state.put(count_key, with_expiry(orjson.dumps(remaining), leading_expires_ms(value)) if remaining else None)


def waiting_events(value: bytes) -> list[tuple[int, str]]:
    """Offset and JSON of the events in a value of the state."""
    return [(offset, event) for offset, event in orjson.loads(without_expiry(value))]


def is_number(key: bytes) -> bool:
    """The key is that of a collection's number of waiting contents and media."""
    return key.endswith(b"\0")


def subject_of(key: bytes) -> str:
    """The content or medium that the events of a key wait for."""
    return key[key.index(b"\0") + 1 :].decode()


def _events(value: bytes, time_ms: int) -> list[tuple[int, str]]:
    return waiting_events(value) if leading_expires_ms(value) >= time_ms else []


def _count(state: State, collection: str) -> int:
    value = state.get(waiting_key(collection, ""))
    return 0 if value is None else int(orjson.loads(without_expiry(value)))
