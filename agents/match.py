"""media.fingerprints → decide → media.decisions, with the table `contents` and, made of it, what is nearly alike."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

from streams import metrics
from streams.config.settings import Settings
from streams.domain.match.decide import MatchInput, decide
from streams.domain.records import Fingerprint
from streams.errors import BadInput
from streams.kafka.cloudevents import DECISION_TYPE, event_headers
from streams.kafka.topics import DECISIONS, FINGERPRINTS
from streams.runtime.runners.view import KeyedBatch
from streams.runtime.stage import KeyedStage
from streams.stages.match.partition_state import PartitionIndexes
from streams.stages.match.warm_up import warm_up


def match(batch: KeyedBatch, near: PartitionIndexes) -> None:
    """Decide one batch in order; a record that is no fingerprint has no submission to answer, only a dead letter."""
    incoming = []
    for record in batch.records:
        try:
            incoming.append(MatchInput.of(Fingerprint.from_json(record.value), record.timestamp))
        except BadInput as error:
            batch.dead_letter(record, error)
    now, outcomes = batch.now(), Counter[str]()
    for answer in decide(incoming, batch, near.of(batch)):
        headers = event_headers(answer.decision_id, DECISION_TYPE, answer.media_id, now)
        batch.emit(DECISIONS, answer.media_id.encode(), answer.value, headers)
        outcomes[answer.outcome or "repeated"] += 1
    near.keep(batch, incoming)
    for outcome, count in outcomes.items():
        metrics.OUTCOMES.labels(outcome).inc(count)


def stage(settings: Settings) -> KeyedStage:
    near = PartitionIndexes()

    async def open_() -> None:
        await asyncio.to_thread(warm_up)

    return KeyedStage(
        name="match",
        reads=(FINGERPRINTS,),
        open=open_,
        table="contents",
        process=partial(match, near=near),
        forget=near.forget,
    )
