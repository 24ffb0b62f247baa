"""The submissions of every verdict, and the money that moderators cost and that copies saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class VerdictTotal:
    """Submissions that did not fail and have this verdict now; `inherited` of them have it from another medium."""

    status: str
    submissions: int
    inherited: int


@dataclass(frozen=True, slots=True)
class CallTotal:
    """Calls of moderators in one currency, those that were made and those that copies saved.

    Attributes:
        currency: ISO 4217; empty for moderators without a price, such as people, hash lists and rules.
        contents: that a moderator was called for.
        calls: that were made, each attempt counted.
        cost: of the calls.
        calls_saved: submissions that have the verdict of another medium.
        cost_saved: of those, at the price that the moderator of their verdict last had.
    """

    currency: str
    contents: int
    calls: int
    cost: float
    calls_saved: int
    cost_saved: float


TOTALS_BY_VERDICT: Final = f"""
    SELECT
        verdict_status AS status,
        count() AS submissions,
        countIf(is_inherited AND verdict_status != 'pending') AS inherited
    FROM current_facts
    WHERE outcome != 'failed' AND {IN_COLLECTION}
    GROUP BY status
    ORDER BY indexOf(['allowed', 'blocked', 'review', 'pending'], status), status
"""  # noqa: S608 - a constant

CALL_TOTALS: Final = f"""
    SELECT
        currency,
        sum(asked.contents) AS contents,
        sum(asked.calls) AS calls,
        sum(asked.cost) AS cost,
        sum(asked.calls_saved) AS calls_saved,
        sum(asked.cost_saved) AS cost_saved
    FROM
    (
        SELECT currency, 1 AS contents, attempts AS calls, cost, 0 AS calls_saved, 0. AS cost_saved
        FROM moderator_calls
        WHERE {IN_COLLECTION}
        UNION ALL
        SELECT currency, 0, 0, 0., calls_saved, cost_saved
        FROM moderator_calls_saved_per_day
        WHERE {IN_COLLECTION}
    ) AS asked
    GROUP BY currency
    ORDER BY currency
"""  # noqa: S608


def totals_by_verdict(client: Client, collection: str = "") -> tuple[VerdictTotal, ...]:
    """The submissions of a collection, or of all, by the verdict in force."""
    return select(client, VerdictTotal, TOTALS_BY_VERDICT, {"collection": collection})


def call_totals(client: Client, collection: str = "") -> tuple[CallTotal, ...]:
    """The calls for a collection, or for all, by currency."""
    return select(client, CallTotal, CALL_TOTALS, {"collection": collection})
