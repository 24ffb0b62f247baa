"""How many submissions a moderator was asked about, and how many have the verdict of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class SavedCalls:
    """The submissions of a collection that did not fail, by where their verdict comes from.

    Attributes:
        own: the verdict is on their own content, and they are its first submission.
        inherited: the verdict is another medium's, so nobody had to be asked.
        pending: without a verdict.
        calls: contents that a moderator was asked about.
        cost: of those calls, in `currency`.
        currency: empty without calls; that of the last call.
    """

    own: int
    inherited: int
    pending: int
    calls: int
    cost: float
    currency: str


SAVED_CALLS: Final = f"""
    SELECT *
    FROM
    (
        SELECT
            countIf(verdict_status != 'pending' AND NOT is_inherited) AS own,
            countIf(verdict_status != 'pending' AND is_inherited) AS inherited,
            countIf(verdict_status = 'pending') AS pending
        FROM current_facts
        WHERE outcome != 'failed' AND {IN_COLLECTION}
    ) AS submissions
    CROSS JOIN
    (
        SELECT count() AS calls, sum(cost) AS cost, argMax(currency, at) AS currency
        FROM moderator_calls
        WHERE {IN_COLLECTION}
    ) AS asked
"""  # noqa: S608 - a constant


def saved_calls(client: Client, collection: str = "") -> SavedCalls:
    """The totals of a collection, or of all.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    (row,) = select(client, SavedCalls, SAVED_CALLS, {"collection": collection})
    return row
