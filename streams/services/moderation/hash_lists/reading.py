"""What ClickHouse knows of hash lists, and the export of a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.moderation.hash_lists import (
    ListAct,
    ListRow,
    list_acts,
    list_entries,
    lists_in_force,
)
from streams.errors import BadInput, Reason


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list in force, and its history, the latest first."""

    list: ListRow
    acts: tuple[ListAct, ...]


def show_lists(client: Client, collection: str) -> tuple[ListRow, ...]:
    """The lists of a collection.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    return lists_in_force(client, collection)


def show_list(client: Client, collection: str, list_name: str, *, limit: int = 20) -> ShownList:
    """One list.

    Raises:
        BadInput: unknown_list.
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    return ShownList(_known(client, collection, list_name), list_acts(client, collection, list_name, limit=limit))


def export_list(client: Client, collection: str, list_name: str) -> Iterator[dict[str, Any]]:
    """The entries of a list as NDJSON has them, so that the same list can be imported again.

    Raises:
        BadInput: unknown_list.
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    for entry in list_entries(client, _known(client, collection, list_name)):
        document: dict[str, Any] = {"algorithm": entry.algorithm, "hash": entry.hash}
        if entry.status:
            document["status"] = entry.status
        if entry.has_labels:
            document["labels"] = [_label(label) for label in entry.labels]
        if entry.reason:
            document["reason"] = entry.reason
        if entry.bits >= 0:
            document["bits"] = entry.bits
        yield document


def _known(client: Client, collection: str, list_name: str) -> ListRow:
    found = lists_in_force(client, collection, list_name)
    if not found:
        raise BadInput(
            Reason.UNKNOWN_LIST,
            f"ClickHouse knows no list {list_name!r} in force in the collection {collection!r}; "
            "`mediasieve lists show` names them",
        )
    return found[0]


def _label(label: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in label.items() if value not in (None, "")}
