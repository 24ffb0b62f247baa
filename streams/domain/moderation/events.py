"""Applies moderation events to the state of a partition, and says which revised decisions follow.

An event that is read again, because a worker was killed, brings about the same bytes again, and writes again all that
it wrote, as a submission does: see `streams.domain.match.decide`. The changelog may have some of an event's writes and
not the others. So the first of them says all that is to be written, the last that it was. What an event means for
groups is in corrections.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from streams.domain.moderation import walk
from streams.domain.moderation.buffer import BufferedState
from streams.domain.moderation.collections import ModeratedCollections
from streams.domain.moderation.corrections import apply_event
from streams.domain.moderation.waiting import take_waiting, waited_too_long
from streams.domain.moderation.walk import Revised
from streams.domain.records import ModerationEvent
from streams.domain.state.answers import Answer, Visit
from streams.domain.state.keys import event_key
from streams.domain.state.members import leading_expires_ms
from streams.domain.state.state import State
from streams.errors import BadInput, Reason


class Continuation(NamedTuple):
    """A record that goes to the end of the log: it brings the next chunk of a walk."""

    collection: str
    group_content_id: str
    chunk: int
    routing_key: bytes = b""


class Refusal(NamedTuple):
    """An event that was refused, and why."""

    event: ModerationEvent
    error: BadInput


class LogPosition(NamedTuple):
    """The place of a record in the log: its offset, and its time in ms since the epoch."""

    offset: int
    time_ms: int


@dataclass(slots=True)
class Effects:
    """What an event, or a submission that events waited for, brought about.

    Attributes:
        revised: decisions, in order.
        continuations: of walks.
        refusals: of events.
        repeated: the event was applied before.
    """

    revised: list[Revised] = field(default_factory=list)
    continuations: list[Continuation] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    repeated: bool = False

    def add(self, others: Effects) -> None:
        """Add effects that come afterwards."""
        self.revised += others.revised
        self.continuations += others.continuations
        self.refusals += others.refusals


class Moderation:
    """Applies events to the state of one partition.

    Args:
        state: of the partition.
        collections: of the partition; changed with the state.
        answer_ms: how long what an event brought about is remembered.
    """

    def __init__(self, state: State, collections: ModeratedCollections, answer_ms: int) -> None:
        self._state = state
        self._collections = collections
        self._answer_ms = answer_ms

    def apply(self, event: ModerationEvent, at: LogPosition) -> Effects:
        """Apply an event."""
        return self._apply(event_key("event", event.collection, event.event_id), event, at, 0)

    def apply_waiting(
        self, decision_key: bytes, collection: str, content_id: str, media_id: str, at: LogPosition
    ) -> Effects:
        """Apply the events that waited for a submission's medium or content.

        Args:
            decision_key: of the submission, which has been decided.
            collection: of the submission.
            content_id: of the submission.
            media_id: of the submission.
            at: the submission's record.
        """
        key = event_key("arrival", decision_key.hex(), str(at.offset))
        answer = self._answer(key, at)
        if answer is None:
            state = BufferedState(self._state)
            taken = {
                each: take_waiting(state, collection, each, at.offset, at.time_ms) for each in (content_id, media_id)
            }
            events = tuple(event for found in taken.values() for event in found.events)
            overdue = ((subject, event) for subject, found in taken.items() for event in found.overdue)
            refusals = tuple(_told(*waited_too_long(*each)) for each in overdue)
            if not events and not refusals:
                return Effects()
            expires_ms, writes = at.time_ms + self._answer_ms, tuple(state.writes.items())
            answer = Answer(expires_ms, is_done=False, writes=writes, refusals=refusals, events=events)
        effects = self._carry_out(key, answer, collection, at)
        for number, event in enumerate(answer.events):
            own_key = event_key("waited", decision_key.hex(), str(at.offset), str(number))
            effects.add(self._apply(own_key, ModerationEvent.from_json(event.encode()), at, number))
        return effects

    def continue_walk(self, collection: str, root: str, chunk: int, at: LogPosition) -> Effects:
        """The next chunk of a walk, which a record of the log brings."""
        key = event_key("chunk", collection, root, str(chunk))
        answer = self._answer(key, at)
        if answer is None:
            if not walk.is_next(self._state, collection, root, chunk):
                return Effects()
            answer = Answer(at.time_ms + self._answer_ms, is_done=False, visits=(Visit(root, chunk),))
        return self._carry_out(key, answer, collection, at)

    def _answer(self, key: bytes, at: LogPosition) -> Answer | None:
        value = self._state.get(key)
        return Answer.unpack(value) if value is not None and leading_expires_ms(value) >= at.time_ms else None

    def _apply(self, key: bytes, event: ModerationEvent, at: LogPosition, number: int) -> Effects:
        """Apply an event, the nth of its record; `key` is that of its answer."""
        answer = self._answer(key, at)
        if answer is None:
            answer = self._plan(event, at, number)
        return self._carry_out(key, answer, event.collection, at)

    def _plan(self, event: ModerationEvent, at: LogPosition, number: int) -> Answer:
        """What a new event is to bring about. Nothing is written yet."""
        expires_ms, state = at.time_ms + self._answer_ms, BufferedState(self._state)
        try:
            roots = apply_event(state, event, (at.offset, number), at.time_ms)
        except BadInput as error:
            return Answer(expires_ms, is_done=False, refusals=(_told(event, error),))
        chunks = {root: walk.begin(state, event.collection, root) for root in dict.fromkeys(roots)}
        visits = tuple(Visit(root, chunk) for root, chunk in chunks.items() if chunk is not None)
        return Answer(expires_ms, is_done=False, writes=tuple(state.writes.items()), visits=visits)

    def _carry_out(self, key: bytes, answer: Answer, collection: str, at: LogPosition) -> Effects:
        """Do what an answer says; if it was done before, tell it again."""
        effects = Effects(repeated=answer.is_done)
        if answer.is_done:
            self._write_again(answer, effects)
        else:
            self._state.put(key, answer.pack())
            for written, value in answer.writes:
                self._state.put(written, value)
                self._collections.note(written)
            visits = []
            for visit in answer.visits:
                chunk = walk.visit_chunk(self._state, collection, visit, key[-8:], at.time_ms)
                visits.append(chunk.visit)
                effects.revised += chunk.revised
            identities = tuple(bytes.fromhex(each.decision_id.replace("-", "")) for each in effects.revised)
            answer = replace(answer, is_done=True, visits=tuple(visits), decision_ids=identities)
        self._state.put(key, answer.pack())
        for visit in answer.visits:
            next_chunk = walk.advance(self._state, collection, visit)
            if next_chunk is not None:
                effects.continuations.append(Continuation(collection, visit.group_content_id, next_chunk))
        for reason, detail, event in answer.refusals:
            error = BadInput(Reason(reason), detail)
            effects.refusals.append(Refusal(ModerationEvent.from_json(event.encode()), error))
        return effects

    def _write_again(self, answer: Answer, effects: Effects) -> None:
        """Write the values of now: they may be later than those of the answer."""
        for written, _ in answer.writes:
            self._state.put(written, self._state.get(written))
        for identity in answer.decision_ids:
            revised = walk.remembered(self._state, identity)
            if revised is not None:
                walk.write_again(self._state, revised)
                effects.revised.append(revised)


def _told(event: ModerationEvent, error: BadInput) -> tuple[str, str, str]:
    """A refusal as an answer has it."""
    return str(error.reason), error.detail, event.to_json().decode()
