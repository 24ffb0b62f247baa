"""media.fingerprints → decide → media.decisions, with the table `contents` and the indexes that are built from it.

Moderation events come in the same log. A revision of many decisions goes on with a record at the end of the log.
"""

from __future__ import annotations

import asyncio
from functools import partial

from streams.config.settings import Settings
from streams.domain.match.decide import decide
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS
from streams.runtime.runners.keyed import KeyedBatch, KeyedStage
from streams.stages.kernels import load_kernels
from streams.stages.match.outputs import count_outcomes, emit_decisions, emit_log_events, emit_refusals, emit_steps
from streams.stages.match.partition_state import PartitionIndexes
from streams.stages.match.records import decode_records
from streams.stages.match.warm_up import warm_up


def match(batch: KeyedBatch, indexes: PartitionIndexes, answer_days: float) -> None:
    """Decide a batch in order. A record that cannot be decoded gets only a dead letter: it names no submission."""
    inputs = decode_records(batch)
    result = decide(inputs, batch, indexes.of(batch), answer_days=answer_days)
    emit_decisions(batch, result.decisions)
    emit_steps(batch, result.continuations)
    emit_log_events(batch, result.log_events)
    emit_refusals(batch, result.refusals + indexes.expire(batch, inputs))
    count_outcomes(result)


def stage(settings: Settings) -> KeyedStage:
    indexes = PartitionIndexes()
    return KeyedStage(
        name="match",
        reads=(FINGERPRINTS,),
        writes=(DECISIONS, FINGERPRINTS, DEAD_LETTERS),
        table="contents",
        open=partial(asyncio.to_thread, load_kernels, warm_up),
        process=partial(match, indexes=indexes, answer_days=settings.runtime.answer_days),
        forget=indexes.clear,
    )
