"""media.fingerprints → decide → media.decisions, with the table `contents` and the indexes that are built from it."""

from __future__ import annotations

import asyncio
from functools import partial

from streams.config.settings import Settings
from streams.domain.match.decide import decide
from streams.kafka.cloudevents import DECISION_TYPE, event_headers
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS
from streams.runtime.runners.keyed import KeyedBatch, KeyedStage
from streams.stages.kernels import load_kernels
from streams.stages.match.partition_state import PartitionIndexes
from streams.stages.match.records import count_outcomes, decode_fingerprints
from streams.stages.match.warm_up import warm_up


def match(batch: KeyedBatch, indexes: PartitionIndexes, answer_days: float) -> None:
    """Decide a batch in order. A record that is not a fingerprint gets only a dead letter: it names no submission."""
    inputs = decode_fingerprints(batch)
    now, outputs = batch.now(), decide(inputs, batch, indexes.of(batch), answer_days=answer_days)
    for output in outputs:
        headers = event_headers(output.decision_id, DECISION_TYPE, output.media_id, now)
        batch.emit(DECISIONS, output.media_id.encode(), output.value, headers)
    indexes.expire(batch, inputs)
    count_outcomes(outputs)


def stage(settings: Settings) -> KeyedStage:
    indexes = PartitionIndexes()

    async def compile_kernels() -> None:
        await asyncio.to_thread(load_kernels, warm_up)

    return KeyedStage(
        name="match",
        reads=(FINGERPRINTS,),
        writes=(DECISIONS, DEAD_LETTERS),
        table="contents",
        open=compile_kernels,
        process=partial(match, indexes=indexes, answer_days=settings.runtime.answer_days),
        forget=indexes.clear,
    )
