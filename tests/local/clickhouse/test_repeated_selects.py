"""SELECTs use connections again; none has anything of the one before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from streams.local.clickhouse.idle_connections import MAX_IDLE
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.local.clickhouse.test_engine import call


@pytest.fixture
def engine(embedded_clickhouse: EmbeddedClickHouse) -> EmbeddedClickHouse:
    return embedded_clickhouse


def setting(engine: EmbeddedClickHouse, name: str, **parameters: str) -> str:
    return call(engine, f"SELECT getSetting('{name}')", parameters=parameters).text.strip()


def test_parameters_of_a_select_are_gone_after_it(engine: EmbeddedClickHouse) -> None:
    asked = "SELECT {name:String}"
    assert call(engine, asked, param_name="ann").text == "ann\n"
    assert call(engine, asked).code == "456"
    assert call(engine, asked, param_name="bob").text == "bob\n"


def test_settings_of_a_select_are_gone_after_it(engine: EmbeddedClickHouse) -> None:
    before = setting(engine, "max_block_size")
    assert setting(engine, "max_block_size", max_block_size="4711") == "4711" != before
    assert call(engine, "SELECT getSetting('max_block_size') SETTINGS max_block_size = 815").text == "815\n"
    assert setting(engine, "max_block_size") == before
    assert call(engine, method="GET", query="SELECT getSetting('readonly')").text == "2\n"
    assert setting(engine, "readonly") == "0"


def test_a_select_runs_in_the_database_that_it_names(engine: EmbeddedClickHouse) -> None:
    asked = "SELECT currentDatabase()"
    assert [call(engine, asked, database=name).text for name in ("system", "default", "system")] == [
        "system\n", "default\n", "system\n"
    ]  # fmt: skip
    assert call(engine, asked).text == "default\n"
    assert call(engine, asked, database="nowhere").code == "81"


def test_a_select_after_one_that_failed_is_right(engine: EmbeddedClickHouse) -> None:
    assert call(engine, "SELECT throwIf(number = 3) FROM numbers(9)", max_block_size="1").code == "395"
    assert call(engine, "SELECT count() FROM numbers(9)", max_block_size="1").text == "9\n"


def test_more_ways_to_ask_than_connections_that_wait(engine: EmbeddedClickHouse) -> None:
    sizes = [str(100 + number) for number in range(2 * MAX_IDLE)] * 3
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda size: setting(engine, "max_block_size", max_block_size=size), sizes))
    assert found == sizes


def test_a_table_that_was_made_anew_is_read_anew(engine: EmbeddedClickHouse) -> None:
    call(engine, "CREATE DATABASE IF NOT EXISTS anew")
    for number in range(3):
        call(engine, "DROP TABLE IF EXISTS t SYNC", database="anew")
        call(engine, f"CREATE TABLE t ENGINE = MergeTree ORDER BY () AS SELECT {number} AS value", database="anew")
        assert call(engine, "SELECT value FROM t", database="anew").text == f"{number}\n"
    call(engine, "DROP DATABASE anew SYNC")
    assert call(engine, "SELECT value FROM t", database="anew").code == "81"
