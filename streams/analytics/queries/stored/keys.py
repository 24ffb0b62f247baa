"""Pages of decisions in two steps: keys in the order that is asked for, then the rows of those keys.

The tables of keys (013_reads.sql) are narrow and ordered as their lists are, so a page reads a few granules. They may
name a decision that came again later, was revised or was deleted; the second step reads what became of them and their
documents in one statement, and leaves those out; and the page goes on until it is full.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select_json
from streams.analytics.queries.stored.decision import StoredDecision, read_document
from streams.domain.records.codec import EPOCH

MILLISECOND: Final = timedelta(milliseconds=1)
KEY_COLUMNS: Final = "media_id, content_id, decision_id, submission_id, attempt, revision, decided_at"
MAX_KEYS: Final = 400
"""Keys of one step: an address of 1 MB holds their names. The first step has as many as the page has rows."""

GROWTH: Final = 4
FIRST_AT: Final = (1 << 32) - 1
"""In place of an attempt: the name is that of a decision."""

DELETED: Final = 1 << 32
"""More than any revision."""

DOCUMENTS: Final = """
    SELECT document FROM decision_documents
    WHERE collection = {collection:String} AND decided_at IN {times:Array(DateTime64(3, 'UTC'))}
        AND decision_id IN {document_ids:Array(UUID)}
"""

#: What became of decisions: the last revision of their submission, its deletion, and when each came first.
FATES: Final = f"""
    SELECT submission_id AS name, attempt, toInt64(max(revision)) AS value
    FROM revised_submissions
    WHERE collection = {{collection:String}} AND submission_id IN {{submission_ids:Array(String)}}
    GROUP BY name, attempt
    UNION ALL
    SELECT submission_id AS name, attempt, toInt64({DELETED}) AS value
    FROM deletions
    WHERE collection = {{collection:String}} AND submission_id IN {{submission_ids:Array(String)}}
    UNION ALL
    SELECT toString(decision_id) AS name, {FIRST_AT} AS attempt, toUnixTimestamp64Milli(min(decided_at)) AS value
    FROM decisions_by_medium
    WHERE collection = {{collection:String}} AND media_id IN {{media_ids:Array(String)}}
        AND decision_id IN {{decision_ids:Array(UUID)}}
    GROUP BY name
    HAVING count() > 1 AND min(decided_at) < max(decided_at)
"""  # noqa: S608 - constants

#: Both in one statement: to plan a second one costs as much as to read its rows.
FATES_AND_DOCUMENTS: Final = f"""
    SELECT name, attempt, value, '' AS document FROM ({FATES})
    UNION ALL
    SELECT '' AS name, toUInt32(0) AS attempt, toInt64(0) AS value, document FROM ({DOCUMENTS})
"""  # noqa: S608

#: Media with a decision that came more than once, in the order of the table, so that it takes little memory.
REPEATED: Final = """
    SELECT media_id
    FROM decisions_by_medium
    WHERE collection = {collection:String}
    GROUP BY collection, media_id
    HAVING count() > 1 AND count() > uniqExact(decision_id)
    SETTINGS optimize_aggregation_in_order = 1
"""


@dataclass(frozen=True, slots=True)
class DecisionKey:
    """Where a decision is in `decision_documents`; `decided_at` is an ISO text."""

    media_id: str
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
    client: Client,
    collection: str,
    keys: Sequence[DecisionKey],
    *,
    superseded: bool = False,
    repeated_media: Container[str] | None = None,
) -> list[StoredDecision]:
    """The decisions of keys, in their order; without repeats, and without those that were deleted or superseded.

    Args:
        client: connected.
        collection: of all keys.
        keys: any number of them.
        superseded: also decisions that a later revision superseded.
        repeated_media: the only media that may have decisions which came again; None if any may.
    """
    keys = _once(keys)
    if not keys:
        return []
    names = _names_of_fates(collection, keys, repeated_media)
    fates, documents = _fates_and_documents(client, names, keys)
    return _in_order([key for key in keys if _stands(key, fates, superseded=superseded)], documents)


def repeated_media_of(client: Client, collection: str) -> frozenset[str]:
    """The media of a collection with a decision that came more than once; few, unless workers were killed often."""
    return frozenset(row["media_id"] for row in select_json(client, REPEATED, {"collection": collection}))


def documents_of_keys(client: Client, collection: str, keys: Sequence[DecisionKey]) -> list[StoredDecision]:
    """The decisions of keys that stand, in their order."""
    if not keys:
        return []
    names = {"collection": collection, **_names_of_documents(keys)}
    return _in_order(keys, (row["document"] for row in select_json(client, DOCUMENTS, names)))


def standing_keys(
    client: Client, collection: str, keys: Sequence[DecisionKey], *, superseded: bool = False
) -> list[DecisionKey]:
    """The keys of decisions that stand, every decision once; see `rows_of_keys`."""
    keys = _once(keys)
    if not keys:
        return []
    fates = _fates_of(select_json(client, FATES, _names_of_fates(collection, keys, None)))
    return [key for key in keys if _stands(key, fates, superseded=superseded)]


def standing_with_first(
    client: Client, collection: str, keys: Sequence[DecisionKey]
) -> tuple[list[DecisionKey], StoredDecision | None]:
    """As `standing_keys`, with the decision of the first of them."""
    keys = _once(keys)
    if not keys:
        return [], None
    fates, documents = _fates_and_documents(client, _names_of_fates(collection, keys, None), keys[:1])
    standing = [key for key in keys if _stands(key, fates, superseded=False)]
    if standing[:1] == keys[:1]:
        found = _in_order(keys[:1], documents)
    else:
        found = documents_of_keys(client, collection, standing[:1])
    return standing, next(iter(found), None)


def _fates_and_documents(
    client: Client, names_of_fates: Mapping[str, Any], documented: Sequence[DecisionKey]
) -> tuple[dict[tuple[str, int], int], list[str]]:
    """What became of some decisions, and the documents of some, in one statement."""
    rows = select_json(client, FATES_AND_DOCUMENTS, {**names_of_fates, **_names_of_documents(documented)})
    return _fates_of(row for row in rows if row["name"]), [row["document"] for row in rows if not row["name"]]


def _once(keys: Sequence[DecisionKey]) -> list[DecisionKey]:
    return list({(key.decision_id, key.decided_at): key for key in keys}.values())


def _names_of_fates(
    collection: str, keys: Sequence[DecisionKey], repeated_media: Container[str] | None
) -> dict[str, Any]:
    repeatable = [key for key in keys if repeated_media is None or key.media_id in repeated_media]
    return {
        "collection": collection,
        "submission_ids": sorted({key.submission_id for key in keys}),
        "media_ids": sorted({key.media_id for key in repeatable}),
        "decision_ids": [key.decision_id for key in repeatable],
    }


def _names_of_documents(keys: Sequence[DecisionKey]) -> dict[str, Any]:
    return {
        "times": sorted({key.decided_at.replace("T", " ").removesuffix("Z") for key in keys}),
        "document_ids": [key.decision_id for key in keys],
    }


def _in_order(keys: Sequence[DecisionKey], documents: Iterable[str]) -> list[StoredDecision]:
    """The decisions of documents in the order of keys; those without a key are left out."""
    rows = {(row.decision_id, row.decided_at): row for row in map(read_document, documents)}
    found = (rows.get((key.decision_id, key.decided_at)) for key in keys)
    return [row for row in found if row is not None]


def _fates_of(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], int]:
    fates: dict[tuple[str, int], int] = {}
    for row in rows:
        name = (row["name"], row["attempt"])
        fates[name] = max(row["value"], fates.get(name, 0))
    return fates


def _stands(key: DecisionKey, fates: Mapping[tuple[str, int], int], *, superseded: bool) -> bool:
    revision = fates.get((key.submission_id, key.attempt), 0)
    first_ms = fates.get((key.decision_id, FIRST_AT))
    if first_ms is not None and (key.at - EPOCH) // MILLISECOND > first_ms:
        return False  # the same decision came before
    return revision < DELETED and (superseded or key.revision >= revision)
