"""Keeps the gauges of the objectives that only rows can tell; they are counted when somebody reads the metrics."""

from __future__ import annotations

import logging
import time
from typing import Final

from streams import metrics
from streams.analytics.pool import QueryPool
from streams.analytics.queries.figures.objectives import read_objectives
from streams.errors import BrokenInfrastructure, Overloaded

logger = logging.getLogger(__name__)

FRESH_S: Final = 30.0


class ObjectiveGauges:
    """Counts at most every FRESH_S, however often metrics are read.

    Args:
        queries: asks ClickHouse, which may be away: the gauges have no value then.
    """

    def __init__(self, queries: QueryPool) -> None:
        self._queries = queries
        self._asked_at = -FRESH_S

    async def refresh(self) -> None:
        """Sets the gauges, unless that was done just now. Never raises."""
        if time.monotonic() - self._asked_at < FRESH_S:
            return
        self._asked_at = time.monotonic()
        try:
            found = await self._queries.run(read_objectives)
        except (BrokenInfrastructure, Overloaded) as error:
            metrics.UNDECIDED.clear()
            metrics.RECENT_JOBS.clear()
            logger.warning("the objectives cannot be counted: %s", error)
            return
        metrics.UNDECIDED.labels("1h").set(found.undecided)
        metrics.RECENT_JOBS.labels("in_time").set(found.jobs_in_time)
        metrics.RECENT_JOBS.labels("late").set(found.jobs_late)
