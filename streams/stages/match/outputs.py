"""What the match stage writes: decisions, the next steps of revisions, and dead letters for moderation events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from streams import metrics
from streams.domain.match.batch import WalkStep
from streams.domain.match.decide import MatchOutput
from streams.domain.moderation.events import Continuation, LogEvent, Refusal
from streams.errors import BadInput
from streams.kafka.cloudevents import DECISION_TYPE, LIST_TYPE, WALK_TYPE, event_headers
from streams.kafka.outputs import OutputHeaders
from streams.kafka.topics import DECISIONS, FINGERPRINTS, VERDICTS


class OutputBatch(Protocol):
    """The part of the runtime's `KeyedBatch` that this file needs."""

    def emit(self, topic: str, key: bytes | None, value: bytes | None, headers: OutputHeaders) -> None: ...
    def refuse(self, topic: str, key: bytes | None, value: bytes | None, error: BadInput) -> None: ...
    def now(self) -> str: ...


def emit_decisions(batch: OutputBatch, decisions: Iterable[MatchOutput]) -> None:
    """To media.decisions."""
    now = batch.now()
    for decision in decisions:
        headers = event_headers(decision.decision_id, DECISION_TYPE, decision.media_id, now)
        batch.emit(DECISIONS, decision.media_id.encode(), decision.value, headers)


def emit_walk_steps(batch: OutputBatch, continuations: Iterable[Continuation]) -> None:
    """To the end of the log that this partition reads: the routing key is that of the record that began the walk."""
    for step in continuations:
        event_id = f"{step.collection}/{step.group_content_id}/{step.chunk}"
        value = WalkStep(step.collection, step.group_content_id, step.chunk).to_json()
        headers = event_headers(event_id, WALK_TYPE, step.group_content_id, batch.now())
        batch.emit(FINGERPRINTS, step.routing_key, value, headers)


def emit_log_events(batch: OutputBatch, events: Iterable[LogEvent]) -> None:
    """To the end of the log that this partition reads."""
    for event, routing_key in events:
        metrics.QUARANTINED_ENTRIES.labels(event.collection, event.list_name).inc()
        headers = event_headers(event.event_id, LIST_TYPE, event.list_name, batch.now())
        batch.emit(FINGERPRINTS, routing_key, event.to_json(), headers)


def emit_refusals(batch: OutputBatch, refusals: Iterable[Refusal]) -> None:
    """Dead letters, as if they came from media.verdicts, so that they can be replayed there."""
    for event, error in refusals:
        batch.refuse(VERDICTS, event.subject.encode(), event.to_json(), error)


def count_outcomes(outputs: Iterable[MatchOutput]) -> None:
    """Count decisions by outcome; a decision that was made before counts as repeated, a revised one as revised."""
    outcomes = (output.outcome or ("repeated" if output.repeated else "revised") for output in outputs)
    for outcome, count in Counter(outcomes).items():
        metrics.OUTCOMES.labels(outcome).inc(count)
