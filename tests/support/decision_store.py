"""A ClickHouse database that decisions are written to, and asked of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from streams.analytics.queries.stored import DecisionFilter, Keyset, decision_page
from streams.analytics.writer import ClickHouseSink
from streams.domain.records import Decision, decision_id
from streams.kafka.topics import DECISIONS
from tests.support.engines import Database
from tests.support.stories import Record, decision_record, facts

ALL = DecisionFilter("default")


class Store:
    """A database that decisions are written to, and asked of."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ask = database.ask
        self.sink = ClickHouseSink(database.settings())
        self.offset = 0

    async def write(self, *decisions: Decision) -> list[Record]:
        """The records, a millisecond after each other."""
        records = []
        for each in decisions:
            records.append(decision_record(each, self.offset))
            self.offset += 1
        await self.sink.write(DECISIONS, records)
        return records

    def media(self, chosen: DecisionFilter = ALL, *, size: int = 2) -> list[str]:
        """The media of all pages of a list."""
        found: list[str] = []
        before = None
        while True:
            page = self.ask(decision_page, chosen, before=before, limit=size)
            found += [row.media_id for row in page]
            if len(page) < size:
                return found
            before = Keyset(datetime.fromisoformat(page[-1].decided_at), page[-1].decision_id)


@pytest.fixture
async def store(clickhouse: Database) -> AsyncIterator[Store]:
    made = Store(clickhouse)
    await made.sink.open()
    yield made
    await made.sink.close()


def revised(first: Decision, revision: int, **changes: object) -> Decision:
    names = {"decision_id": decision_id(first.collection, first.submission_id, 0, revision), "revision": revision}
    return replace(first, **names, supersedes=first.decision_id, **changes)  # type: ignore[arg-type]


def name(number: int) -> str:
    return facts(number).content_id
