"""Runs a parameterised SELECT and returns its rows as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import orjson
from clickhouse_connect.driver.client import Client

from streams.analytics.client import translate_errors

RowType = TypeVar("RowType")

#: A condition: rows of the parameter `collection`, or of all collections if it is empty.
IN_COLLECTION: Final = "({collection:String} = '' OR collection = {collection:String})"

#: Rows as JSON: times as `2026-01-31T09:30:00.125Z`, numbers as numbers, whatever bytes a text has.
JSON_SETTINGS: Final = {
    "date_time_output_format": "iso",
    "output_format_json_named_tuples_as_objects": 1,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_validate_utf8": 1,
}


def select_json(client: Client, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The rows of a query as JSON has them: times, UUIDs and fixed strings are texts.

    A row of many columns costs the client much less than by `select`, which parses every column by itself.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    with translate_errors(client.uri):
        lines = client.raw_query(sql, dict(parameters or {}), settings=JSON_SETTINGS, fmt="JSONEachRow")
    return [orjson.loads(line) for line in lines.splitlines()]


def select(
    client: Client, row_type: type[RowType], sql: str, parameters: Mapping[str, Any] | None = None
) -> tuple[RowType, ...]:
    """The rows of a query as values of `row_type`, whose fields have the names of the columns.

    Arrays become tuples; times are aware.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    with translate_errors(client.uri):
        result = client.query(sql, parameters=dict(parameters or {}))
    names = result.column_names
    return tuple(row_type(**dict(zip(names, map(_frozen, row), strict=True))) for row in result.result_rows)


def select_value(client: Client, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """The one value of a query with one column and one row.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    with translate_errors(client.uri):
        return client.query(sql, parameters=dict(parameters or {})).result_rows[0][0]


def _frozen(value: Any) -> Any:
    return tuple(value) if type(value) is list else value
