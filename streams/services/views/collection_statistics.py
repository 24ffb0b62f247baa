"""The figures of a collection, for a dashboard: one question to ClickHouse for each, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from streams.analytics.pool import QueryPool
from streams.analytics.queries.confidence import ConfidenceTotal, totals_by_confidence
from streams.analytics.queries.failures import FailureTotal, failures_by_reason
from streams.analytics.queries.latency import HopLatency, latency_by_hop
from streams.analytics.queries.moderation.verdicts import CallsSaved, calls_saved
from streams.analytics.queries.near_duplicates import TransformationStatistics, near_duplicates_by_transformation
from streams.analytics.queries.totals import OutcomeTotal, Savings, savings, totals_by_outcome


@dataclass(frozen=True)
class CollectionStatistics:
    """The figures of one collection, by the current decisions."""

    collection: str
    outcomes: Sequence[OutcomeTotal]
    savings: Savings
    confidences: Sequence[ConfidenceTotal]
    failures: Sequence[FailureTotal]
    transformations: Sequence[TransformationStatistics]
    latency: Sequence[HopLatency]
    calls_saved: Sequence[CallsSaved]


async def collection_statistics(queries: QueryPool, collection: str) -> CollectionStatistics:
    """All figures of a collection.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
        Overloaded: too many questions wait.
    """
    async with asyncio.TaskGroup() as group:
        outcomes = group.create_task(queries.run(totals_by_outcome, collection))
        saved = group.create_task(queries.run(savings, collection))
        confidences = group.create_task(queries.run(totals_by_confidence, collection))
        failures = group.create_task(queries.run(failures_by_reason, collection))
        transformations = group.create_task(queries.run(near_duplicates_by_transformation, collection))
        latency = group.create_task(queries.run(latency_by_hop, collection))
        calls = group.create_task(queries.run(calls_saved, collection))
    return CollectionStatistics(
        collection,
        outcomes.result(),
        saved.result(),
        confidences.result(),
        failures.result(),
        transformations.result(),
        latency.result(),
        calls.result(),
    )
