"""The values that events come with, and those that they bring about. What they do is in events.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from streams.domain.moderation.steps import Continuation
from streams.domain.moderation.walk import Revised
from streams.domain.records import ListEvent, ModerationEvent, parse_json_object
from streams.domain.records.hash_list import LIST_EVENTS
from streams.domain.state.answers import Answer
from streams.domain.state.content import Content
from streams.domain.state.keys import collection_of
from streams.errors import BadInput, Reason


class Refusal(NamedTuple):
    """An event that was refused, and why."""

    event: ModerationEvent | ListEvent
    error: BadInput


class LogEvent(NamedTuple):
    """An event that match itself writes to the end of the log."""

    event: ListEvent
    routing_key: bytes = b""


class Arrival(NamedTuple):
    """A submission that events may wait for; `decision_key` is that of its first decision."""

    decision_key: bytes
    collection: str
    content_id: str
    media_id: str
    submitted_at: str

    @property
    def subjects(self) -> tuple[str, str]:
        """What events may wait for."""
        return self.content_id, self.media_id


Fate = Literal["applied", "unchanged", "waiting", "refused", "repeated"]
"""What became of an event."""


class LogPosition(NamedTuple):
    """The place of a record in the log: its offset, and its time in ms since the epoch."""

    offset: int
    time_ms: int


@dataclass(slots=True)
class Effects:
    """What an event, or a submission that events waited for, brought about.

    Attributes:
        revised: decisions, in order.
        continuations: of walks and deletions.
        refusals: of events.
        log_events: that go to the end of the log.
        repeated: the event was applied before.
        removed: contents that are not to be found any more: collection, algorithm of their hashes, content id.
        left_group: contents that left their group and founded one of their own, by the same three names.
        handled: kind and fate of every event.
    """

    revised: list[Revised] = field(default_factory=list)
    continuations: list[Continuation] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    log_events: list[LogEvent] = field(default_factory=list)
    repeated: bool = False
    removed: list[tuple[str, str, str]] = field(default_factory=list)
    left_group: list[tuple[str, str, str]] = field(default_factory=list)
    handled: list[tuple[str, Fate]] = field(default_factory=list)

    def add(self, others: Effects) -> None:
        """Add effects that come afterwards."""
        self.revised += others.revised
        self.continuations += others.continuations
        self.refusals += others.refusals
        self.log_events += others.log_events
        self.removed += others.removed
        self.left_group += others.left_group
        self.handled += others.handled

    def note_written_content(self, key: bytes, before: bytes | None, after: bytes | None) -> None:
        """Note that a content is about to be written: what is found in memory follows from contents."""
        if before is None:
            return
        content = Content.unpack(before)
        if not content.algorithm:
            return
        known = collection_of(key).decode(), content.algorithm, content.content_id
        if after is None:
            self.removed.append(known)
        elif content.is_member and not Content.unpack(after).is_member:
            self.left_group.append(known)


def refusals_of(answer: Answer) -> list[Refusal]:
    """The events that an answer refuses."""
    return [Refusal(_logged(event), BadInput(Reason(reason), detail)) for reason, detail, event in answer.refusals]


def _logged(value: str) -> ModerationEvent | ListEvent:
    is_of_list = parse_json_object(value.encode()).get("event") in LIST_EVENTS
    return ListEvent.from_json(value.encode()) if is_of_list else ModerationEvent.from_json(value.encode())


def as_told(event: ModerationEvent | ListEvent, error: BadInput) -> tuple[str, str, str]:
    """A refusal as an answer has it."""
    return str(error.reason), error.detail, event.to_json().decode()
