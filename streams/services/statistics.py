"""What ClickHouse says about the whole system, for the demo, the doctor and `mediasieve clickhouse status`."""

from __future__ import annotations

import time
from collections import Counter

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.figures.totals import RecordCounts, record_counts, totals_by_outcome
from streams.analytics.queries.server import may_read_and_write, server_time_s

__all__ = [
    "RecordCounts",
    "await_outcome_counts",
    "clock_offset_s",
    "may_read_and_write",
    "outcome_counts",
    "record_counts",
]

POLL_EVERY_S = 0.2


def outcome_counts(client: Client, collection: str) -> Counter[str]:
    """How many submissions of a collection had which outcome.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    return Counter({total.outcome: total.decisions for total in totals_by_outcome(client, collection)})


def await_outcome_counts(client: Client, collection: str, expected: Counter[str], *, timeout_s: float) -> Counter[str]:
    """The outcome counts as soon as they are the expected ones, else those at the end of the timeout.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        found = outcome_counts(client, collection)
        if found == expected or time.monotonic() > deadline:
            return found
        time.sleep(POLL_EVERY_S)


def clock_offset_s(client: Client) -> float:
    """ClickHouse's clock minus the clock of this machine, which is read in the middle of the query.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    before = time.time()
    theirs = server_time_s(client)
    return theirs - (before + time.time()) / 2
