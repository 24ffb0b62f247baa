"""The figures of a collection, for API, console and `mediasieve stats`: a question to ClickHouse each, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.pool import QueryPool
from streams.analytics.queries.figures.confidence import ConfidenceTotal, totals_by_confidence
from streams.analytics.queries.figures.failures import FailureTotal, failures_by_reason
from streams.analytics.queries.figures.latency import HopLatency, latency_by_hop
from streams.analytics.queries.figures.near_duplicates import (
    TransformationStatistics,
    near_duplicates_by_transformation,
)
from streams.analytics.queries.figures.throughput import CacheUse, Throughput, cache_use, throughput
from streams.analytics.queries.figures.totals import OutcomeTotal, Savings, savings, totals_by_outcome
from streams.analytics.queries.moderation.verdict_totals import CallTotal, VerdictTotal, call_totals, totals_by_verdict
from streams.analytics.queries.moderation.verdicts import CallsSaved, calls_saved


@dataclass(frozen=True)
class CollectionStatistics:
    """The figures of one collection, by the current decisions; of all collections if `collection` is empty.

    Attributes:
        throughput: first decisions of the last minute, five minutes and hour.
        latency: by hop, over the last day before the latest decision.
        cache: of fingerprints, over the last day before the latest.
        verdicts: submissions by the verdict in force.
        calls: of moderators, made and saved, with their cost.
        calls_saved: by day, verdict and moderator.
    """

    collection: str
    outcomes: Sequence[OutcomeTotal]
    savings: Savings
    throughput: Sequence[Throughput]
    confidences: Sequence[ConfidenceTotal]
    failures: Sequence[FailureTotal]
    transformations: Sequence[TransformationStatistics]
    latency: Sequence[HopLatency]
    cache: CacheUse
    verdicts: Sequence[VerdictTotal]
    calls: Sequence[CallTotal]
    calls_saved: Sequence[CallsSaved]


#: By field of CollectionStatistics.
QUESTIONS: Final[dict[str, Callable[[Client, str], Any]]] = {
    "outcomes": totals_by_outcome,
    "savings": savings,
    "throughput": throughput,
    "confidences": totals_by_confidence,
    "failures": failures_by_reason,
    "transformations": near_duplicates_by_transformation,
    "latency": latency_by_hop,
    "cache": cache_use,
    "verdicts": totals_by_verdict,
    "calls": call_totals,
    "calls_saved": calls_saved,
}


async def collection_statistics(queries: QueryPool, collection: str) -> CollectionStatistics:
    """All figures of a collection, or of all collections if it is empty.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
        Overloaded: too many questions wait.
    """
    try:
        async with asyncio.TaskGroup() as group:
            asked = {name: group.create_task(queries.run(question, collection)) for name, question in QUESTIONS.items()}
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    answers: dict[str, Any] = {name: task.result() for name, task in asked.items()}
    return CollectionStatistics(collection, **answers)
