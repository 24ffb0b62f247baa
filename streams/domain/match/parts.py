"""Parts of a batch: the index answers for a whole part at once.

So a part ends where something may be deleted, and begins where the index must ask about earlier decisions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.domain.match.apart import asks_who_is_apart, may_be_apart
from streams.domain.match.batch import ModerationInput, PendingDecision
from streams.domain.moderation.collections import ModeratedCollections
from streams.domain.moderation.events import Moderation
from streams.domain.moderation.steps import DeletionStep, WalkStep
from streams.domain.state.decision import is_remembered
from streams.domain.state.state import State

Record = PendingDecision | ModerationInput


def parts_of(
    records: Sequence[Record], state: State, moderation: Moderation, moderated: ModeratedCollections
) -> Iterator[list[Record]]:
    """The records, with an end after each that may delete something: what follows must be looked up afterwards.

    A video begins a part where some may be apart from one another, or events before it may make them so: state and
    index must know all that came before it. The caller decides a part before it asks for the next one.
    """
    part: list[Record] = []
    for record in records:
        if part and _must_see_all_before(record, part, state, moderated):
            yield part
            part = []
        part.append(record)
        if _may_delete(record, state, moderation):
            yield part
            part = []
    if part:
        yield part


def _must_see_all_before(record: Record, part: Sequence[Record], state: State, moderated: ModeratedCollections) -> bool:
    if isinstance(record, ModerationInput) or not asks_who_is_apart(record):
        return False
    collection = record.fingerprint.collection
    if may_be_apart(collection, state, moderated) or collection in moderated.with_waiting:
        return True
    return any(isinstance(each, ModerationInput) for each in part)


def _may_delete(record: Record, state: State, moderation: Moderation) -> bool:
    if isinstance(record, ModerationInput):
        return isinstance(record.event, DeletionStep) or (
            not isinstance(record.event, WalkStep) and record.event.event == "deletion"
        )
    arrival = record.arrival
    if arrival is None:
        return False
    is_repeated = is_remembered(state.get(record.decision_key), record.time_ms)
    return moderation.brings_deletion(arrival, record.at, is_repeated=is_repeated)
