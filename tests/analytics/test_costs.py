"""What the named questions cost: the rows that ClickHouse reads for each, on a table with many more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.support.decision_rows import insert_decisions
from tests.support.engines import new_database
from tests.support.read_questions import QUESTIONS, CountingClient, find_story

ROWS: Final = 100_000


@pytest.fixture(scope="module")
def counting(embedded_clickhouse: EmbeddedClickHouse) -> Iterator[CountingClient]:
    database = new_database(embedded_clickhouse)
    database.migrate()
    with database.client() as client:
        insert_decisions(client, ROWS)
        yield CountingClient(client)


@pytest.fixture(scope="module")
def story(counting: CountingClient) -> dict[str, Any]:
    return find_story(counting.client)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_reads_few_rows(counting: CountingClient, story: dict[str, Any], name: str) -> None:
    question, most_rows, most_statements = QUESTIONS[name]
    answer, rows, statements = counting.cost_of(lambda client: question(client, story))
    print(f"{name}: {rows:,} rows, {statements} statements")
    assert answer or name == "text that nothing has"
    assert rows <= most_rows
    assert 1 <= statements <= most_statements, "at least one was counted"
