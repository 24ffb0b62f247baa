"""What the match stage writes: decisions, the next steps of revisions, and dead letters for moderation events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from streams import metrics
from streams.domain.match.result import MatchOutput, MatchResult
from streams.domain.moderation.effects import LogEvent, Refusal
from streams.domain.moderation.steps import Continuation, WalkStep
from streams.errors import BadInput
from streams.kafka.cloudevents import (
    DECISION_TYPE,
    DELETED_TYPE,
    DELETION_STEP_TYPE,
    LIST_TYPE,
    WALK_TYPE,
    event_headers,
)
from streams.kafka.outputs import OutputHeaders
from streams.kafka.topics import DECISIONS, FINGERPRINTS, VERDICTS

metrics.begin_at_zero(metrics.OUTCOMES, ("unique",), ("duplicate",), ("near_duplicate",), ("failed",))


class OutputBatch(Protocol):
    """The part of the runtime's `KeyedBatch` that this file needs."""

    def emit(self, topic: str, key: bytes | None, value: bytes | None, headers: OutputHeaders) -> None: ...
    def refuse(self, topic: str, key: bytes | None, value: bytes | None, error: BadInput) -> None: ...
    def now(self) -> str: ...


def emit_decisions(batch: OutputBatch, decisions: Iterable[MatchOutput]) -> None:
    """To media.decisions."""
    now = batch.now()
    for decision in decisions:
        event_type = DELETED_TYPE if decision.outcome == "deleted" else DECISION_TYPE
        headers = event_headers(decision.decision_id, event_type, decision.media_id, now)
        batch.emit(DECISIONS, decision.media_id.encode(), decision.value, headers)


def emit_steps(batch: OutputBatch, continuations: Iterable[Continuation]) -> None:
    """To the end of the log that this partition reads: the routing key is that of the record that it goes on from."""
    for each in continuations:
        step = each.step
        if isinstance(step, WalkStep):
            event_type, subject, change = WALK_TYPE, step.group_content_id, step.group_content_id
        else:
            event_type, subject, change = DELETION_STEP_TYPE, step.content_id or step.media_id or "", step.event_id
        headers = event_headers(f"{step.collection}/{change}/{step.chunk}", event_type, subject, batch.now())
        batch.emit(FINGERPRINTS, each.routing_key, step.to_json(), headers)


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


def count_outcomes(result: MatchResult) -> None:
    """Count decisions by outcome, inherited verdicts, hits of lists, and what became of moderation events.

    A decision that was made before counts as repeated, a revised one as revised.
    """
    outputs = result.decisions
    outcomes = ("repeated" if output.repeated else output.outcome or "revised" for output in outputs)
    for outcome, count in Counter(outcomes).items():
        metrics.OUTCOMES.labels(outcome).inc(count)
    for status, count in Counter(output.inherited for output in outputs if output.inherited is not None).items():
        metrics.INHERITED_VERDICTS.labels(status).inc(count)
    for (event, fate), count in Counter(result.handled).items():
        metrics.MODERATION_EVENTS.labels(event, fate).inc(count)
    for hit, count in Counter(result.list_hits).items():
        metrics.LIST_HITS.labels(*hit).inc(count)
