"""Applies moderation events to the state of a partition, and says which revised decisions follow.

An event that is read again, because a worker was killed, brings about the same bytes again, and writes again all that
it wrote, as a submission does: see `streams.domain.match.decide`. The changelog may have some of an event's writes and
not the others. So the first of them says all that is to be written, the last that it was. What an event means for
groups is in corrections.py, what an event about a hash list means, in hash_lists/.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from streams.domain.moderation import walk
from streams.domain.moderation.buffer import BufferedState
from streams.domain.moderation.collections import ModeratedCollections
from streams.domain.moderation.corrections import apply_event
from streams.domain.moderation.deletions.chunk import delete_chunk, first_step
from streams.domain.moderation.effects import (
    Arrival,
    Effects,
    Fate,
    LogEvent,
    LogPosition,
    as_told,
    refusals_of,
)
from streams.domain.moderation.hash_lists import walk as list_walk
from streams.domain.moderation.hash_lists.events import apply_list_event, store_entries
from streams.domain.moderation.hash_lists.quarantine import quarantine_event
from streams.domain.moderation.hash_lists.verdicts import ListHit
from streams.domain.moderation.hash_lists.walk import LIST_WALK, Judged
from streams.domain.moderation.steps import Continuation, DeletionStep, WalkStep
from streams.domain.moderation.waiting import is_deletion, take_waiting, waited_too_long, waiting_events
from streams.domain.moderation.walk import Revised
from streams.domain.records import ListEvent, ModerationEvent
from streams.domain.state.answers import Answer, Visit
from streams.domain.state.keys import (
    CONTENT_PREFIX,
    event_key,
    import_key,
    list_chunk_key,
    waiting_key,
)
from streams.domain.state.members import leading_expires_ms
from streams.domain.state.state import State
from streams.errors import BadInput


class Moderation:
    """Applies events to the state of one partition.

    Args:
        state: of the partition.
        collections: of the partition; changed with the state.
        answer_ms: how long what an event brought about is remembered.

    Attributes:
        list_hits: contents that lists came to say something about, for counting.
    """

    def __init__(self, state: State, collections: ModeratedCollections, answer_ms: int) -> None:
        self._state = state
        self._collections = collections
        self._answer_ms = answer_ms
        self.list_hits: list[ListHit] = []

    def apply(self, event: ModerationEvent | ListEvent, at: LogPosition) -> Effects:
        """Apply an event."""
        if isinstance(event, ListEvent) and event.event == "list_entries":
            return self._store_entries(event, at)
        return self._apply(event_key("event", event.collection, event.event_id), event, at, 0)

    def apply_waiting(self, arrival: Arrival, at: LogPosition) -> Effects:
        """Apply the events that waited for a submission's medium or content. The submission has been decided.

        A deletion is about what was submitted before it: a medium that is submitted again afterwards stays, and the
        deletion waits on.
        """
        decision_key, collection, _, _, submitted_at = arrival
        key = _arrival_key(decision_key, at)
        answer = self._answer(key, at)
        if answer is None:
            state = BufferedState(self._state)
            taken = {
                each: take_waiting(state, collection, each, submitted_at, at.offset, at.time_ms)
                for each in arrival.subjects
            }
            events = tuple(event for found in taken.values() for event in found.events)
            overdue = ((subject, event) for subject, found in taken.items() for event in found.overdue)
            refusals = tuple(as_told(*waited_too_long(*each)) for each in overdue)
            if not events and not refusals:
                return Effects()
            expires_ms, writes = at.time_ms + self._answer_ms, tuple(state.writes.items())
            answer = Answer(expires_ms, is_done=False, writes=writes, refusals=refusals, events=events)
        effects = self._carry_out(key, answer, collection, at)
        for number, event in enumerate(answer.events):
            own_key = event_key("waited", decision_key.hex(), str(at.offset), str(number))
            effects.add(self._apply(own_key, ModerationEvent.from_json(event.encode()), at, number, has_waited=True))
        return effects

    def brings_deletion(self, arrival: Arrival, at: LogPosition, *, is_repeated: bool) -> bool:
        """Whether `apply_waiting` may delete something: a deletion waits, or was taken before a kill."""
        if is_repeated:
            answer = self._answer(_arrival_key(arrival.decision_key, at), at)
            if answer is not None:
                return any(map(is_deletion, answer.events))
        if arrival.collection not in self._collections.with_waiting:
            return False
        values = (self._state.get(waiting_key(arrival.collection, each)) for each in arrival.subjects)
        return any(is_deletion(each.event) for value in values if value for each in waiting_events(value))

    def continue_deletion(self, step: DeletionStep, at: LogPosition) -> Effects:
        """The next chunk of a deletion, which a record of the log brings."""
        key = _chunk_key(step)
        answer = self._answer(key, at) or self._plan_chunk(key, step, at)
        return self._carry_out(key, answer, step.collection, at)

    def continue_walk(self, collection: str, root: str, chunk: int, at: LogPosition) -> Effects:
        """The next chunk of a walk, which a record of the log brings."""
        key = event_key("chunk", collection, root, str(chunk))
        answer = self._answer(key, at)
        if answer is None and root == LIST_WALK:
            if not list_walk.is_next(self._state, collection, chunk):
                return Effects()
            lists, state = self._collections.lists.of(collection, self._state), BufferedState(self._state)
            judged, following = list_walk.visit(state, collection, lists, f"{LIST_WALK}/{chunk}", at.time_ms)
            answer = self._planned(state, collection, judged, at, following)
        elif answer is None:
            if not walk.is_next(self._state, collection, root, chunk):
                return Effects()
            answer = Answer(at.time_ms + self._answer_ms, is_done=False, visits=(Visit(root, chunk),))
        return self._carry_out(key, answer, collection, at)

    def _answer(self, key: bytes, at: LogPosition) -> Answer | None:
        value = self._state.get(key)
        return Answer.unpack(value) if value is not None and leading_expires_ms(value) >= at.time_ms else None

    def revise_group(self, decision_key: bytes, collection: str, root: str | None, at: LogPosition) -> Effects:
        """Revise the decisions about a group that a new content brought another verdict.

        Args:
            decision_key: of the content's first submission.
            collection: of the group.
            root: the group, as it is now; None where nothing is known to have changed, which a repeat tells again.
            at: the submission's record.
        """
        key = event_key("listed", decision_key.hex())
        answer = self._answer(key, at)
        if answer is None and root is None:
            return Effects()
        if answer is None and root is not None:
            answer = self._planned(BufferedState(self._state), collection, Judged([root]), at)
        assert answer is not None
        return self._carry_out(key, answer, collection, at)

    def _store_entries(self, event: ListEvent, at: LogPosition) -> Effects:
        """Store entries of a hash list. There are many, so the answer says only that they were stored."""
        name, import_id = event.list_name, str(event.import_id)
        key = event_key("event", event.collection, event.event_id)
        answer, effects = self._answer(key, at), Effects()
        if answer is None:
            answer = Answer(at.time_ms + self._answer_ms, is_done=True)
            try:
                store_entries(self._state, event, at.time_ms)
            except BadInput as error:
                answer = replace(answer, refusals=(as_told(event, error),))
        else:
            effects.repeated = True
            for written in (
                list_chunk_key(event.collection, name, import_id, event.chunk),
                import_key(event.collection, name, import_id),
            ):
                if self._state.get(written) is not None:
                    self._state.put(written, self._state.get(written))
        self._state.put(key, answer.pack())
        effects.refusals += refusals_of(answer)
        return effects

    def _apply(
        self,
        key: bytes,
        event: ModerationEvent | ListEvent,
        at: LogPosition,
        number: int,
        *,
        has_waited: bool = False,
    ) -> Effects:
        """Apply an event, the nth of its record; `key` is that of its answer."""
        answer = self._answer(key, at)
        fate: Fate = "repeated"
        if answer is None:
            answer, fate = self._plan(key, event, at, number, has_waited=has_waited)
        effects = self._carry_out(key, answer, event.collection, at)
        effects.handled.append((event.event, fate))
        return effects

    def _plan(
        self, key: bytes, event: ModerationEvent | ListEvent, at: LogPosition, number: int, *, has_waited: bool
    ) -> tuple[Answer, Fate]:
        """What a new event is to bring about. Nothing is written yet."""
        expires_ms, state = at.time_ms + self._answer_ms, BufferedState(self._state)
        order = at.offset, number
        try:
            if isinstance(event, ListEvent):
                lists = self._collections.lists
                judged, first_chunk = apply_list_event(state, lists, event, order, at.time_ms)
                return self._planned(state, event.collection, judged, at, first_chunk), "applied"
            roots = apply_event(state, event, order, at.time_ms)
        except BadInput as error:
            return Answer(expires_ms, is_done=False, refusals=(as_told(event, error),)), "refused"
        if roots is None:
            return self._planned(state, event.collection, Judged(), at), "waiting"
        if event.event == "deletion":
            step = first_step(state, event, at.offset, at.time_ms, has_waited=has_waited)
            answer = self._plan_chunk(key, step, at)
            return answer, "applied" if answer.writes else "unchanged"
        return self._planned(state, event.collection, Judged(roots), at), "applied" if state.writes else "unchanged"

    def _plan_chunk(self, key: bytes, step: DeletionStep, at: LogPosition) -> Answer:
        """What a chunk of a deletion is to bring about."""
        state = BufferedState(self._state)
        told, following = delete_chunk(state, step, at.offset, at.time_ms, key)
        return Answer(
            at.time_ms + self._answer_ms,
            is_done=False,
            writes=tuple(state.writes.items()),
            decision_ids=told,
            step="" if following is None else following.to_json().decode(),
        )

    def _planned(
        self, state: BufferedState, collection: str, judged: Judged, at: LogPosition, list_chunk: int | None = None
    ) -> Answer:
        """An answer with the buffered writes and the first chunks of walks through the groups that changed."""
        self.list_hits += judged.hits
        chunks = {root: walk.begin(state, collection, root) for root in dict.fromkeys(judged.roots)}
        return Answer(
            at.time_ms + self._answer_ms,
            is_done=False,
            writes=tuple(state.writes.items()),
            visits=tuple(Visit(root, chunk) for root, chunk in chunks.items() if chunk is not None),
            refusals=tuple(as_told(*refused) for refused in judged.refused),
            list_chunk=list_chunk,
            quarantined=tuple(judged.quarantined),
        )

    def _carry_out(self, key: bytes, answer: Answer, collection: str, at: LogPosition) -> Effects:
        """Do what an answer says; if it was done before, tell it again."""
        effects = Effects(repeated=answer.is_done)
        if answer.is_done:
            self._write_again(answer, effects)
        else:
            self._state.put(key, answer.pack())
            for written, value in answer.writes:
                if written.startswith(CONTENT_PREFIX):
                    effects.note_written_content(written, self._state.get(written), value)
                self._state.put(written, value)
                self._collections.note(written, value)
            effects.revised += self._remembered(answer.decision_ids)
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
                step = WalkStep(collection, visit.group_content_id, next_chunk)
                effects.continuations.append(Continuation(step))
        if answer.list_chunk is not None and list_walk.is_next(self._state, collection, answer.list_chunk):
            effects.continuations.append(Continuation(WalkStep(collection, LIST_WALK, answer.list_chunk)))
        for name, entry in answer.quarantined:
            effects.log_events.append(LogEvent(quarantine_event(self._state, collection, name, entry, at.time_ms)))
        if answer.step:
            self._continue_deletion(DeletionStep.from_json(answer.step.encode()), at, effects)
        effects.refusals += refusals_of(answer)
        return effects

    def _write_again(self, answer: Answer, effects: Effects) -> None:
        """Write the values of now: they may be later than those of the answer."""
        for written, _ in answer.writes:
            self._state.put(written, self._state.get(written))
        for revised in self._remembered(answer.decision_ids):
            walk.write_again(self._state, revised)
            effects.revised.append(revised)

    def _remembered(self, identities: Iterable[bytes]) -> list[Revised]:
        found = (walk.remembered(self._state, identity) for identity in identities)
        return [revised for revised in found if revised is not None]

    def _continue_deletion(self, step: DeletionStep, at: LogPosition, effects: Effects) -> None:
        """The next chunk is not asked for again once it was visited: its record may have come twice."""
        following = self._answer(_chunk_key(step), at)
        if following is None or not following.is_done:
            effects.continuations.append(Continuation(step))


def _arrival_key(decision_key: bytes, at: LogPosition) -> bytes:
    return event_key("arrival", decision_key.hex(), str(at.offset))


def _chunk_key(step: DeletionStep) -> bytes:
    return event_key("deletion", step.collection, step.event_id, str(step.chunk))
