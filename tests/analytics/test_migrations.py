"""Migrations are applied in order and once, by any number of workers at the same time, and never after a change."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from streams.analytics.migrations import Migration, read_migrations, split_statements
from streams.errors import AnalyticsError, ConfigurationError
from streams.kafka.topics import project_file
from tests.support.engines import Database

REPEATABLE = re.compile(
    r"CREATE (TABLE|VIEW|MATERIALIZED VIEW) IF NOT EXISTS "
    r"|CREATE OR REPLACE VIEW "
    r"|DROP (TABLE|VIEW) IF EXISTS "
    r"|INSERT INTO (decisions_by_\w+|decision_documents|revised_submissions|content_hashes|content_names)\s"
    r"|INSERT INTO (submission_facts|latency_states|waiting_facts)\s"
    r"|ALTER TABLE \w+\s+\w+ \w+ IF (NOT )?EXISTS\s"
    r"|ALTER TABLE \w+\s+MODIFY COLUMN \w+ "
    r"|ALTER TABLE \w+\s+MATERIALIZE COLUMN \w+$"
)


def names() -> tuple[str, ...]:
    return tuple(migration.name for migration in read_migrations())


def test_statements_end_with_a_semicolon_at_the_end_of_a_line() -> None:
    text = "-- a;\nSELECT 1;\n\nSELECT ';' -- not; here\n, 2;  \n  -- b\n"
    assert split_statements(text) == ("SELECT 1", "SELECT ';' -- not; here\n, 2")


def test_every_statement_may_run_twice_and_names_no_database() -> None:
    for migration in read_migrations():
        for statement in migration.statements:
            assert REPEATABLE.match(statement), f"{migration.name}: {statement[:60]}"
            assert "mediasieve." not in statement


def test_a_new_database_gets_all_migrations_and_the_next_run_none(clickhouse: Database) -> None:
    assert clickhouse.pending_migrations() == names()
    assert clickhouse.migrate().applied == names()
    assert clickhouse.pending_migrations() == ()
    assert clickhouse.migrate().applied == ()
    assert clickhouse.rows("SELECT version, name FROM schema_migrations FINAL ORDER BY version") == [
        (number, name) for number, name in enumerate(names(), 1)
    ]


def test_workers_that_start_at_the_same_time_all_find_the_schema_complete(clickhouse: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: clickhouse.migrate(), range(4)))
    assert clickhouse.pending_migrations() == ()
    assert clickhouse.rows("SELECT count() FROM decisions_current") == [(0,)]
    assert clickhouse.rows("SELECT count() FROM schema_migrations FINAL") == [(len(names()),)]


def test_a_migration_that_stopped_half_way_is_applied_again(clickhouse: Database) -> None:
    first, second, *_ = read_migrations()
    broken = replace(second, statements=(*second.statements[:1], "CREATE TABLE IF NOT EXISTS nonsense"))
    with pytest.raises(AnalyticsError, match="refuses"):
        clickhouse.migrate((first, broken))
    assert clickhouse.migrate().applied == names()[1:]


def test_rows_without_a_named_group_are_in_the_group_of_the_content_they_matched(clickhouse: Database) -> None:
    clickhouse.migrate(read_migrations()[:3])
    with clickhouse.client() as client:
        client.command(
            """
            INSERT INTO decisions (decision_id, outcome, content_id, match_content_id, decided_at) VALUES
                (generateUUIDv4(), 'unique', 'a', '', 0), (generateUUIDv4(), 'duplicate', 'a', 'a', 1),
                (generateUUIDv4(), 'unique', 'b', '', 2)
            """
        )
    assert clickhouse.migrate().applied == names()[3:]
    assert clickhouse.rows("SELECT media_id, is_copy, match_score FROM decisions_current ORDER BY decided_at") == [
        ("", False, None), ("", True, None), ("", False, None),
    ]  # fmt: skip
    columns = "group_content_id, match_threshold_bits, match_candidate_distance_bits"
    for view in ("decisions_once", "decisions_current"):
        found = clickhouse.rows(f"SELECT {columns} FROM {view} ORDER BY decided_at")
        assert found == [("a", 0, None), ("a", 0, None), ("b", 0, None)]


def test_a_changed_file_is_refused_and_nothing_is_applied(clickhouse: Database) -> None:
    clickhouse.migrate()
    *kept, last = read_migrations()
    new = Migration(
        len(names()) + 1, "999_new.sql", "0" * 64, ("CREATE TABLE IF NOT EXISTS new (a Int8) ENGINE = Memory",)
    )
    with pytest.raises(ConfigurationError, match=f"{last.name} was applied .* with other content"):
        clickhouse.migrate((*kept, replace(last, checksum="f" * 64), new))
    with pytest.raises(ConfigurationError, match="never changes"):
        clickhouse.pending_migrations((*kept, replace(last, checksum="f" * 64), new))
    assert clickhouse.rows("EXISTS TABLE new") == [(0,)]


def test_an_older_release_leaves_a_newer_database_unchanged_and_names_its_versions(clickhouse: Database) -> None:
    clickhouse.migrate()
    result = clickhouse.migrate(read_migrations()[:-1])
    assert (result.applied, result.unknown_versions) == ((), (len(names()),))


@pytest.mark.parametrize("wrong", ["5_short.sql", "005-dash.sql", "005_Upper.sql", "099_gap.sql", "002_twice.sql"])
def test_a_misnamed_file_is_refused(wrong: str, tmp_path: Path) -> None:
    folder = tmp_path / "clickhouse"
    shutil.copytree(project_file("deploy/clickhouse"), folder)
    (folder / wrong).write_text("SELECT 1;\n")
    with pytest.raises(ConfigurationError, match=r"three digits|numbered 001"):
        read_migrations(folder)


def test_a_database_name_that_needs_quoting_is_refused(clickhouse: Database) -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_CLICKHOUSE_DATABASE"):
        replace(clickhouse, name="media`; DROP TABLE x").migrate()
