"""Pages of decisions in two steps: keys in the order that is asked for, then the rows of those keys.

The tables of keys (013_reads.sql) are narrow and ordered as their lists are, so a page reads a few granules. They may
name a decision that came again later, was revised or was deleted; the second step, by the key of `decisions`, leaves
those out, and the page goes on until it is full.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select_json
from streams.analytics.queries.stored.decision import COLUMNS, StoredDecision, read_decision

KEY_COLUMNS: Final = "content_id, decision_id, submission_id, attempt, revision, decided_at"
MAX_KEYS: Final = 4096
"""Keys of one step; the first step has as many as the page has rows."""

GROWTH: Final = 4
DELETED: Final = 1 << 32
"""More than any revision."""

#: The conditions have no functions, so that the key of the table is used.
ROWS: Final = f"""
    SELECT {COLUMNS} FROM decisions FINAL
    WHERE collection = {{collection:String}} AND content_id IN {{content_ids:Array(String)}}
        AND decision_id IN {{decision_ids:Array(UUID)}}
"""  # noqa: S608 - constants

LAST_REVISIONS: Final = f"""
    SELECT submission_id, attempt, toUInt64(max(revision)) AS last_revision
    FROM revised_submissions
    WHERE collection = {{collection:String}} AND submission_id IN {{submission_ids:Array(String)}}
    GROUP BY submission_id, attempt
    UNION ALL
    SELECT submission_id, attempt, toUInt64({DELETED}) AS last_revision
    FROM deletions
    WHERE collection = {{collection:String}} AND submission_id IN {{submission_ids:Array(String)}}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class DecisionKey:
    """Where a decision is in `decisions`; `decided_at` is an ISO text."""

    content_id: str
    decision_id: str
    submission_id: str
    attempt: int
    revision: int
    decided_at: str

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.decided_at)


ReadKeys = Callable[[DecisionKey | None, int], Sequence[DecisionKey]]
"""The next keys after a key, or the first ones, and at most so many."""


def read_keys(client: Client, sql: str, parameters: Mapping[str, Any]) -> tuple[DecisionKey, ...]:
    """The keys of a query that selects KEY_COLUMNS."""
    return tuple(DecisionKey(**row) for row in select_json(client, sql, parameters))


def fill_page(
    client: Client, collection: str, next_keys: ReadKeys, limit: int, *, superseded: bool = False
) -> tuple[StoredDecision, ...]:
    """The first rows of a list of keys, in the order of the keys.

    Args:
        client: connected.
        collection: of all keys.
        next_keys: reads the list.
        limit: the most rows.
        superseded: also decisions that a later revision superseded.
    """
    found: list[StoredDecision] = []
    last: DecisionKey | None = None
    wanted = limit
    while len(found) < limit:
        keys = next_keys(last, wanted)
        found += rows_of_keys(client, collection, keys, superseded=superseded)
        if len(keys) < wanted:
            break
        last, wanted = keys[-1], min(wanted * GROWTH, MAX_KEYS)
    return tuple(found[:limit])


def rows_of_keys(
    client: Client, collection: str, keys: Sequence[DecisionKey], *, superseded: bool = False
) -> list[StoredDecision]:
    """The decisions of keys, in their order; without those that were deleted or, unless asked for, superseded."""
    keys = standing_keys(client, collection, keys, superseded=superseded)
    if not keys:
        return []
    names = {
        "collection": collection,
        "content_ids": sorted({key.content_id for key in keys}),
        "decision_ids": [key.decision_id for key in keys],
    }
    rows = {(row["decision_id"], row["decided_at"]): row for row in select_json(client, ROWS, names)}
    # a decision that came again has a key of its own, with another time than the row that stays
    named = (rows.pop((key.decision_id, key.decided_at), None) for key in keys)
    return [read_decision(row) for row in named if row is not None]


def standing_keys(
    client: Client, collection: str, keys: Sequence[DecisionKey], *, superseded: bool = False
) -> list[DecisionKey]:
    """The keys without those of deleted submissions and, unless asked for, of superseded decisions."""
    if not keys:
        return []
    names = {"collection": collection, "submission_ids": sorted({key.submission_id for key in keys})}
    last: dict[tuple[str, int], int] = {}
    for row in select_json(client, LAST_REVISIONS, names):
        submission = (row["submission_id"], row["attempt"])
        last[submission] = max(row["last_revision"], last.get(submission, 0))
    return [
        key
        for key in keys
        if (revision := last.get((key.submission_id, key.attempt), 0)) < DELETED
        and (superseded or key.revision >= revision)
    ]
