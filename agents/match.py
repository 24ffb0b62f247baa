"""media.fingerprints → decide → media.decisions, with the table `contents`."""

from __future__ import annotations

from collections import Counter

from streams import metrics
from streams.cloudevents import DECISION_TYPE, event_headers
from streams.domain.matching import decide
from streams.domain.records import Fingerprint
from streams.errors import BadInput
from streams.runtime.stage import KeyedStage
from streams.runtime.view import KeyedBatch
from streams.settings import Settings
from streams.topics import DECISIONS, FINGERPRINTS


def match(batch: KeyedBatch) -> None:
    """Decide one batch in order; a record that is no fingerprint has no submission to answer, only a dead letter."""
    fingerprints = []
    for record in batch.records:
        try:
            fingerprints.append(Fingerprint.from_json(record.value))
        except BadInput as error:
            batch.dead_letter(record, error)
    now, outcomes = batch.now(), Counter[str]()
    for answer in decide(fingerprints, batch):
        headers = event_headers(answer.decision_id, DECISION_TYPE, answer.media_id, now)
        batch.emit(DECISIONS, answer.media_id.encode(), answer.value, headers)
        outcomes[answer.outcome or "repeated"] += 1
    for outcome, count in outcomes.items():
        metrics.OUTCOMES.labels(outcome).inc(count)


def stage(settings: Settings) -> KeyedStage:
    return KeyedStage(
        name="match",
        reads=(FINGERPRINTS,),
        table="contents",
        process=match,
    )
