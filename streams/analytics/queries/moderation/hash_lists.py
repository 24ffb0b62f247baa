"""Hash lists: those in force, their entries, their history, and their matches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class ListRow:
    """A list that holds; `status` is empty for a negative list, `labels` are name, parent and score."""

    collection: str
    list_name: str
    import_id: str
    version: str
    source: str
    status: str
    labels: tuple[dict[str, object], ...]
    negative: bool
    perceptual: str
    quarantine_after: int
    entry_count: int
    reason: str
    by_name: str
    at: datetime
    contents: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class ListAct:
    """One event about a list, the latest first."""

    event: str
    version: str
    entry_count: int
    algorithm: str
    hash: str
    reason: str
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """An entry; `status`, `labels` and `reason` are empty, and `bits` is -1, where the list says it."""

    algorithm: str
    hash: str
    status: str
    labels: tuple[dict[str, object], ...]
    has_labels: bool
    reason: str
    bits: int
    chunk: int
    number: int


LISTS_IN_FORCE: Final = f"""
    SELECT
        lists.collection AS collection, lists.list_name AS list_name, import_id, version, source, status, labels,
        negative, perceptual, quarantine_after, entry_count, reason, by_name, at,
        ifNull(matches.contents, 0) AS contents, ifNull(quarantine.entries, 0) AS quarantined
    FROM hash_lists_in_force AS lists
    LEFT JOIN
    (
        SELECT collection, list_name, uniqExact(content_id) AS contents
        FROM hash_list_matches
        GROUP BY collection, list_name
    ) AS matches USING (collection, list_name)
    LEFT JOIN
    (
        SELECT collection, list_name, count() AS entries
        FROM hash_list_quarantine
        GROUP BY collection, list_name
    ) AS quarantine USING (collection, list_name)
    WHERE {IN_COLLECTION} AND ({{list_name:String}} = '' OR list_name = {{list_name:String}})
    ORDER BY collection, list_name
"""  # noqa: S608

LIST_ACTS: Final = """
    SELECT event, version, entry_count, algorithm, hash, reason, by_name, at
    FROM hash_list_events_once
    WHERE collection = {collection:String} AND list_name = {list_name:String}
    ORDER BY routed_at DESC, kafka_offset DESC
    LIMIT {limit:UInt32}
"""

ENTRIES: Final = """
    SELECT algorithm, hash, status, labels, has_labels, reason, bits, chunk, number
    FROM hash_list_entries FINAL
    WHERE collection = {collection:String} AND list_name = {list_name:String} AND import_id = {import_id:String}
        AND (chunk, number) > ({after_chunk:Int64}, {after_number:Int64})
    ORDER BY chunk, number
    LIMIT {limit:UInt32}
"""

PAGE_ENTRIES: Final = 50_000


def lists_in_force(client: Client, collection: str = "", list_name: str = "") -> tuple[ListRow, ...]:
    """The lists of a collection, or of all; or the one list of this name."""
    return select(client, ListRow, LISTS_IN_FORCE, {"collection": collection, "list_name": list_name})


def list_acts(client: Client, collection: str, list_name: str, *, limit: int = 20) -> tuple[ListAct, ...]:
    """The history of a list, quarantined entries included, the latest first."""
    parameters = {"collection": collection, "list_name": list_name, "limit": limit}
    return select(client, ListAct, LIST_ACTS, parameters)


def list_entries(client: Client, known: ListRow) -> Iterator[ExportedEntry]:
    """All entries of a list, in the order of its import."""
    parameters: dict[str, Any] = {
        **{"collection": known.collection, "list_name": known.list_name, "import_id": known.import_id},
        **{"after_chunk": -1, "after_number": -1, "limit": PAGE_ENTRIES},
    }
    while page := select(client, ExportedEntry, ENTRIES, parameters):
        yield from page
        parameters |= {"after_chunk": page[-1].chunk, "after_number": page[-1].number}
