"""`mediasieve clickhouse`, on the embedded engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.analytics.migrations import read_migrations
from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("chdb")
    from streams.local.clickhouse.server import EmbeddedClickHouse

    with EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse")) as engine:
        yield engine.url


def test_missing_migrations_are_shown_and_applied(run: Run, clickhouse: str) -> None:
    names = [migration.name for migration in read_migrations()]

    before = run("clickhouse", "status", "--clickhouse", clickhouse)
    applied = run("clickhouse", "migrate", "--clickhouse", clickhouse)
    after = run("clickhouse", "status", "--clickhouse", clickhouse)
    again = run("clickhouse", "migrate", "--clickhouse", clickhouse)

    assert before.exit_code == 1
    assert [line for line in before.stdout.splitlines() if line.startswith("missing")] == [
        f"missing {n}" for n in names
    ]
    assert "mediasieve clickhouse migrate" in before.stderr
    assert applied.stdout.splitlines() == [f"applied {name}" for name in names]
    assert after.exit_code == 0
    assert "decisions 0" in after.stdout
    assert "up to date" in again.stdout


def test_an_unreachable_clickhouse_is_one_line(run: Run, folder: Path) -> None:
    result = run("clickhouse", "status", "--clickhouse", "http://127.0.0.1:1")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "ClickHouse at http://127.0.0.1:1 does not answer" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_invalid_address_is_a_configuration_error(run: Run, folder: Path) -> None:
    result = run("clickhouse", "migrate", "--clickhouse", "nowhere")

    assert result.exit_code == 2
    assert "MEDIASIEVE_CLICKHOUSE" in result.stderr
