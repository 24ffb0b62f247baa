"""Decodes the records that the match stage reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.moderation.effects import LogPosition
from streams.domain.moderation.steps import DeletionStep, WalkStep
from streams.domain.records import Fingerprint, ListEvent, ModerationEvent, RawRecord
from streams.errors import BadInput
from streams.kafka import cloudevents
from streams.kafka.cloudevents import event_type


class RecordBatch(Protocol):
    """The part of the runtime's `KeyedBatch` that this file needs."""

    records: Sequence[RawRecord]

    def dead_letter(self, record: RawRecord, error: BadInput) -> None: ...


def decode_records(batch: RecordBatch) -> list[MatchInput | ModerationInput]:
    """The fingerprints and moderation events of a batch, in order; any other record gets a dead letter."""
    inputs: list[MatchInput | ModerationInput] = []
    for record in batch.records:
        try:
            inputs.append(_decode(record))
        except BadInput as error:
            batch.dead_letter(record, error)
    return inputs


def _decode(record: RawRecord) -> MatchInput | ModerationInput:
    at = LogPosition(record.offset, record.timestamp)
    match event_type(record):
        case cloudevents.MODERATION_TYPE:
            event = ModerationEvent.from_json(record.value)
            return ModerationInput(event, at, record.key or b"")
        case cloudevents.LIST_TYPE | cloudevents.LIST_ENTRIES_TYPE:
            return ModerationInput(ListEvent.from_json(record.value), at, record.key or b"")
        case cloudevents.WALK_TYPE:
            return ModerationInput(WalkStep.from_json(record.value), at, record.key or b"")
        case cloudevents.DELETION_STEP_TYPE:
            return ModerationInput(DeletionStep.from_json(record.value), at, record.key or b"")
    return MatchInput.of(Fingerprint.from_json(record.value), record.timestamp, record.offset)
