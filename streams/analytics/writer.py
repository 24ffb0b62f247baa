"""Writes batches of records into ClickHouse. The rows are made in rows/; the caller decides when to try again.

Inserts are synchronous, one per batch and table, with a deduplication token made of the batch's offsets: the same batch
written again leaves no second copy. Records that come again in other batches are merged by the tables themselves.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from clickhouse_connect.driver.client import Client

from streams import metrics
from streams.analytics.client import UNKNOWN_DATABASE, UNKNOWN_TABLE, RefusedError, connect, translate_errors
from streams.analytics.deletion import delete_rows
from streams.analytics.migrations import migrate
from streams.analytics.named_deletion import StoredSubmission
from streams.analytics.rows import decisions, fingerprints
from streams.analytics.rows.table import DetailTable, RecordRows, TopicTable, to_rows
from streams.analytics.rows.topics import all_tables, by_table
from streams.config.settings import Settings
from streams.domain.policy.policy import DAY_MS
from streams.domain.records import RawRecord
from streams.errors import AnalyticsError, BadInput, SinkError

INSERT_SETTINGS: Final[dict[str, Any]] = {
    "async_insert": 0,  # an answer means that the rows are stored
    "insert_deduplicate": 1,
    # a batch that ended between a table and its views goes to the views when it comes again
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "max_partitions_per_insert_block": 0,  # users choose the times: a batch may span over 100 months, the default
}


class ClickHouseSink:
    """The sink into one deployment's ClickHouse. It works in threads: building a block takes CPU, an insert waits.

    Several calls may run at the same time in one event loop.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._column_types: dict[str, Sequence[Any]] = {}
        self._open_lock = threading.Lock()

    async def open(self) -> None:
        """Connect and migrate; without it, the first `write` or `ping` does.

        Raises:
            AnalyticsError: ClickHouse does not answer or refuses.
            ConfigurationError: an applied migration has changed.
        """
        await asyncio.to_thread(self._open)

    async def write(self, topic: str, records: Sequence[RawRecord]) -> list[tuple[RawRecord, BadInput]]:
        """Insert the rows of one topic, the frames of videos last, and delete those of deleted media. Everything is
        done when this returns.

        Args:
            topic: one of `rows.topics.TABLES`, without the deployment's prefix.
            records: of any partitions; may have been written before, in this or in other batches.

        Returns:
            The records that could not be decoded; all others are stored.

        Raises:
            SinkError: ClickHouse does not answer or refuses. The rows of one table are stored in full or not at all,
                those of another table of the topic may be missing: write the batch again.
            ConfigurationError: an applied migration has changed.
        """
        try:
            return await asyncio.to_thread(self._write, topic, records)
        except AnalyticsError as error:
            raise SinkError(str(error)) from error

    async def ping(self) -> bool:
        """Whether ClickHouse answers now; connects first if necessary.

        Raises:
            ConfigurationError: an applied migration has changed.
        """
        return await asyncio.to_thread(self._ping)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.close)

    def _open(self) -> Client:
        with self._open_lock:
            if self._client is None:
                with ExitStack() as stack:
                    client = stack.enter_context(connect(self._settings, database=""))
                    migrate(client, self._settings.clickhouse.database)
                    self._column_types = _column_types(client)
                    stack.pop_all()
                self._client = client
            return self._client

    def _write(self, topic: str, records: Sequence[RawRecord]) -> list[tuple[RawRecord, BadInput]]:
        client = self._open()
        parts = by_table(topic, records)
        rejected, stored = list[tuple[RawRecord, BadInput]](), list[StoredSubmission]()
        for table, part in parts:
            rows = self._write_rows(client, table, part)
            rejected += rows.rejected
            stored += _maybe_deleted(table, rows)
        with translate_errors(client.uri):
            delete_rows(client, records, stored, int(self._settings.runtime.answer_days * DAY_MS))
        return rejected

    def _write_rows(self, client: Client, table: TopicTable, records: Sequence[RawRecord]) -> RecordRows:
        ordered = sorted(records, key=lambda record: (record.partition, record.offset))
        rows = to_rows(table, ordered)
        if not rows.accepted:
            return rows
        try:
            with translate_errors(client.uri):
                self._insert(client, table, rows.columns, rows.accepted)
                # afterwards: who deletes frames meanwhile spares those whose fingerprint is there
                for detail, columns in zip(table.details, rows.detail_columns, strict=True):
                    if columns:
                        self._insert(client, detail, columns, rows.accepted)
            if table is decisions.TABLE:
                _observe_latency(dict(zip(table.columns, rows.columns, strict=True)))
        except RefusedError as error:
            if error.code in (UNKNOWN_TABLE, UNKNOWN_DATABASE):  # another ClickHouse, or an emptied one
                self._client = None
            raise
        return rows

    def _insert(
        self,
        client: Client,
        table: TopicTable | DetailTable,
        columns: list[Sequence[Any]],
        records: Sequence[RawRecord],
    ) -> None:
        with metrics.INSERT_SECONDS.labels(table.name).time():
            client.insert(
                table.name,
                columns,
                column_names=table.columns,
                column_types=self._column_types[table.name],
                column_oriented=True,
                settings={**INSERT_SETTINGS, "insert_deduplication_token": batch_token(records)},
            )
        metrics.ROWS.labels(table.name).inc(len(columns[0]))

    def _ping(self) -> bool:
        try:
            return self._open().ping()
        except AnalyticsError:
            return False


def batch_token(records: Sequence[RawRecord]) -> str:
    """A text that names these records in this order: no other batch of the topic has it."""
    digest = blake2b(digest_size=16)
    for record in records:
        digest.update(b"%d/%d;" % (record.partition, record.offset))
    first, last = records[0], records[-1]
    return (
        f"{first.topic}:{first.partition}/{first.offset}-{last.partition}/{last.offset}"
        f":{len(records)}:{digest.hexdigest()}"
    )


def _maybe_deleted(table: TopicTable, rows: RecordRows) -> list[StoredSubmission]:
    """The submissions of these rows whose deletion may have come before: all other decisions come before it."""
    if not rows.accepted or table not in (decisions.TABLE, fingerprints.TABLE):
        return []
    columns = dict(zip(table.columns, rows.columns, strict=True))
    submissions = [
        StoredSubmission(*each) for each in zip(*(columns[name] for name in StoredSubmission._fields), strict=True)
    ]
    if table is fingerprints.TABLE:
        return submissions
    outcomes = columns["outcome"]
    return [each for each, outcome in zip(submissions, outcomes, strict=True) if outcome == "failed"]


def _observe_latency(columns: dict[str, Sequence[Any]]) -> None:
    """From submission to decision, of first decisions; a revision comes as late as its verdict."""
    first = np.array(columns["revision"]) == 0
    waited_ms = np.array(columns["decided_at"], dtype=np.float64) - np.array(columns["submitted_at"], dtype=np.float64)
    metrics.DECISION_SECONDS.observe_all(waited_ms[first].clip(min=0) / 1000)


def _column_types(client: Client) -> dict[str, Sequence[Any]]:
    """The types of the columns of every table, by the table's name."""
    with translate_errors(client.uri):
        return {
            table.name: client.create_insert_context(table.name, table.columns).column_types for table in all_tables()
        }
