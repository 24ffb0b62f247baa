"""Decodes the records that the match stage reads, and counts the outcomes that it writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from streams import metrics
from streams.domain.match.batch import MatchInput
from streams.domain.match.decide import MatchOutput
from streams.domain.records import Fingerprint, RawRecord
from streams.errors import BadInput


class FingerprintBatch(Protocol):
    """The part of the runtime's `KeyedBatch` that this file needs."""

    records: Sequence[RawRecord]

    def dead_letter(self, record: RawRecord, error: BadInput) -> None: ...


def decode_fingerprints(batch: FingerprintBatch) -> list[MatchInput]:
    """The fingerprints of a batch, in order; any other record gets a dead letter."""
    inputs = []
    for record in batch.records:
        try:
            inputs.append(MatchInput.of(Fingerprint.from_json(record.value), record.timestamp))
        except BadInput as error:
            batch.dead_letter(record, error)
    return inputs


def count_outcomes(outputs: Iterable[MatchOutput]) -> None:
    """Count decisions by outcome; a decision that was made before counts as repeated."""
    for outcome, count in Counter(output.outcome or "repeated" for output in outputs).items():
        metrics.OUTCOMES.labels(outcome).inc(count)
