"""Batches of records → columns of a table.

Every record becomes a row or a BadInput, never an error of the insert: one bad record must not hold up its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from streams.analytics.rows.extractors import Row
from streams.domain.records import RawRecord
from streams.errors import BadInput


@dataclass(frozen=True, slots=True)
class DetailTable:
    """A further table of a topic; `rows` makes any number of rows from one record, or raises BadInput."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[RawRecord], list[Row]]


@dataclass(frozen=True, slots=True)
class TopicTable:
    """The table of a topic; `row` makes one row, in the order of `columns`, from one record, or raises BadInput."""

    name: str
    columns: tuple[str, ...]
    row: Callable[[RawRecord], Row]
    details: tuple[DetailTable, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordRows:
    """The rows of a batch, column by column; `detail_columns` are those of the topic's detail tables.

    `accepted` are the records that have rows, `rejected` those that cannot be decoded.
    """

    columns: list[Sequence[Any]]
    detail_columns: list[list[Sequence[Any]]]
    accepted: list[RawRecord]
    rejected: list[tuple[RawRecord, BadInput]]


def to_rows(table: TopicTable, records: Sequence[RawRecord]) -> RecordRows:
    """Decode a batch of records of the table's topic."""
    rows: list[Row] = []
    details: list[list[Row]] = [[] for _ in table.details]
    accepted: list[RawRecord] = []
    rejected: list[tuple[RawRecord, BadInput]] = []
    for record in records:
        try:
            row, detail_rows = table.row(record), [detail.rows(record) for detail in table.details]
        except BadInput as error:
            rejected.append((record, error))
        else:
            rows.append(row)
            for known, found in zip(details, detail_rows, strict=True):
                known += found
            accepted.append(record)
    return RecordRows(
        list(zip(*rows, strict=True)), [list(zip(*part, strict=True)) for part in details], accepted, rejected
    )
