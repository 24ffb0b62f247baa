"""Writes batches of records into ClickHouse; what a record becomes is in rows.py, when to try again is the caller's.

Inserts are synchronous, one for each batch of a topic, with a deduplication token made of the batch's offsets: a batch
that is written again as it was leaves no second copy. Batches cut otherwise are reconciled by the tables themselves.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.client import UNKNOWN_DATABASE, UNKNOWN_TABLE, RefusedError, connect, translate_errors
from streams.analytics.migrations import migrate
from streams.analytics.rows.rows import TABLES, Parts, Table, to_rows
from streams.config.settings import Settings
from streams.domain.records import RawRecord
from streams.errors import BadInput, SinkError

INSERT_SETTINGS: Final[dict[str, Any]] = {
    "async_insert": 0,  # an answer means that the rows are in
    "insert_deduplicate": 1,
    "max_partitions_per_insert_block": 0,  # times come from users: a batch may span more months than the default 100
}


class ClickHouseSink:
    """Rows for one deployment's ClickHouse. Its work runs in threads: building a block takes CPU, an insert waits.

    Methods may be called at once from one event loop.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._column_types: dict[str, Sequence[Any]] = {}
        self._opening = threading.Lock()

    async def open(self) -> None:
        """Connect and migrate; `write` does it too when it has not been done.

        Raises:
            SinkError: ClickHouse is away or refuses.
            ConfigurationError: an applied migration has changed.
        """
        await asyncio.to_thread(self._open)

    async def write(self, topic: str, records: Sequence[RawRecord]) -> list[tuple[RawRecord, BadInput]]:
        """Insert the rows of one topic, frames of videos first; they are stored when this returns.

        Args:
            topic: without the deployment's prefix; one of rows.TABLES.
            records: of any partitions; may have been written before, in this or in other batches.

        Returns:
            What could not be decoded; everything else is stored.

        Raises:
            SinkError: ClickHouse is away or refuses; nothing or all of the batch is stored, of frames of videos maybe
                without the rest: write it again.
            ConfigurationError: an applied migration has changed.
        """
        return await asyncio.to_thread(self._write, TABLES[topic], records)

    async def ping(self) -> bool:
        """Whether ClickHouse answers now; opens what was not open yet.

        Raises:
            ConfigurationError: an applied migration has changed.
        """
        return await asyncio.to_thread(self._ping)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.close)

    def _open(self) -> Client:
        with self._opening:
            if self._client is None:
                migrate(self._settings)
                with translate_errors(self._settings):
                    client = connect(self._settings)
                    self._column_types = {
                        table.name: client.create_insert_context(table.name, table.columns).column_types
                        for table in TABLES.values()
                    }
                    self._column_types |= {
                        parts.name: client.create_insert_context(parts.name, parts.columns).column_types
                        for parts in (table.parts for table in TABLES.values())
                        if parts is not None
                    }
                self._client = client
            return self._client

    def _write(self, table: Table, records: Sequence[RawRecord]) -> list[tuple[RawRecord, BadInput]]:
        client = self._open()
        ordered = sorted(records, key=lambda record: (record.partition, record.offset))
        rows = to_rows(table, ordered)
        if not rows.accepted:
            return rows.rejected
        try:
            with translate_errors(self._settings):
                if table.parts is not None and rows.parts:
                    self._insert(client, table.parts, rows.parts, rows.accepted)
                self._insert(client, table, rows.columns, rows.accepted)
        except RefusedError as error:
            if error.code in (UNKNOWN_TABLE, UNKNOWN_DATABASE):  # another ClickHouse, or an emptied one
                self._client = None
            raise
        return rows.rejected

    def _insert(
        self, client: Client, into: Table | Parts, columns: list[Sequence[Any]], records: Sequence[RawRecord]
    ) -> None:
        client.insert(
            into.name,
            columns,
            column_names=into.columns,
            column_types=self._column_types[into.name],
            column_oriented=True,
            settings={**INSERT_SETTINGS, "insert_deduplication_token": batch_token(records)},
        )

    def _ping(self) -> bool:
        try:
            return self._open().ping()
        except SinkError:
            return False


def batch_token(records: Sequence[RawRecord]) -> str:
    """The same for the same records in the same order, another for any others of the same topic."""
    digest = blake2b(digest_size=16)
    for record in records:
        digest.update(b"%d/%d;" % (record.partition, record.offset))
    first, last = records[0], records[-1]
    return (
        f"{first.topic}:{first.partition}/{first.offset}-{last.partition}/{last.offset}"
        f":{len(records)}:{digest.hexdigest()}"
    )
