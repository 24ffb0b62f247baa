"""Parts of a batch: the index answers for a whole part at once, so a part ends where something may be deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.domain.match.batch import ModerationInput, PendingDecision
from streams.domain.moderation.events import Moderation
from streams.domain.moderation.steps import DeletionStep, WalkStep
from streams.domain.state.decision import is_remembered
from streams.domain.state.state import State

Record = PendingDecision | ModerationInput


def parts_of(records: Sequence[Record], state: State, moderation: Moderation) -> Iterator[list[Record]]:
    """The records, with an end after each that may delete something: what follows must be looked up afterwards."""
    part: list[Record] = []
    for record in records:
        part.append(record)
        if _may_delete(record, state, moderation):
            yield part
            part = []
    if part:
        yield part


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
