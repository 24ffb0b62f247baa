"""Runs commands in this process, in an empty folder and on topics of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from streams.analytics.writer import ClickHouseSink
from streams.cli.app import cli
from streams.config.settings import Settings, load_settings
from streams.domain.records import RawRecord
from streams.kafka.topic_admin import apply_topics
from tests.support.brokers import Namespace

Run = Callable[..., Result]


@pytest.fixture
def run(folder: Path) -> Run:
    """`run("topics", "plan", env=…, input=…)`, the exit code in `exit_code`."""

    def invoke(*args: str | Path, **extra: Any) -> Result:
        result = CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="mediasieve", **extra)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


@pytest.fixture
def settings(embedded: Namespace, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings for topics of the test's own, which exist; commands find the settings in the environment."""
    found = embedded.settings(folder / "data")
    monkeypatch.setenv("MEDIASIEVE_BROKER", found.kafka.bootstrap_servers)
    monkeypatch.setenv("MEDIASIEVE_TOPIC_PREFIX", found.kafka.topic_prefix)
    monkeypatch.setenv("MEDIASIEVE_GROUP_PREFIX", found.kafka.group_prefix)
    apply_topics(found)
    return found


def words(text: str) -> str:
    """The output of a command as one line."""
    return " ".join(text.split())


def explained(run: Run, *args: str) -> dict[str, Any]:
    """The one line of `explain … --json`."""
    result = run("explain", *args, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    found: dict[str, Any] = orjson.loads(result.stdout)
    return found


@contextmanager
def stored(folder: Path, topic: str, records: Sequence[RawRecord]) -> Iterator[str]:
    """The address of an embedded ClickHouse with the rows of some records of a topic."""
    pytest.importorskip("chdb")
    from streams.local.clickhouse.server import EmbeddedClickHouse

    with EmbeddedClickHouse(folder) as engine:
        sink = ClickHouseSink(load_settings(clickhouse=engine.url))

        async def write() -> None:
            assert await sink.write(topic, records) == []
            await sink.close()

        asyncio.run(write())
        yield engine.url
