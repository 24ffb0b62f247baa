"""ClickHouse engines for tests: the embedded engine, and ClickHouse's own image if a Docker engine runs.

The same tests run on both: a test with the fixture `clickhouse` gets a new database in every engine. The conftest.py of
a package imports the fixtures from here.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar

import pytest
from clickhouse_connect.driver.client import Client

from streams.analytics.client import connect
from streams.analytics.migrations import Migration, MigrationResult, migrate, pending_migrations
from streams.config.settings import Settings, load_settings
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.support.patience import PATIENCE_S

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")

CLICKHOUSE_IMAGE = "clickhouse/clickhouse-server:25.8"


class EngineUnavailable(Exception):
    """This machine cannot run the engine; the message is the reason of the skipped test."""


class ClickHouseEngine(Protocol):
    """A running engine; `kind` is its name in test ids."""

    @property
    def kind(self) -> str: ...
    @property
    def url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Database:
    """The database of one test in an engine; migrating creates it."""

    engine: ClickHouseEngine
    name: str

    def settings(self, **overrides: Any) -> Settings:
        password = getattr(self.engine, "password", "")
        own = {"clickhouse": self.engine.url, "clickhouse_database": self.name, "clickhouse_password": password}
        return load_settings(**{**own, **overrides})

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        with connect(self.settings()) as client:
            yield client

    def migrate(self, migrations: Sequence[Migration] | None = None) -> MigrationResult:
        with connect(self.settings(), database="") as client:
            return migrate(client, self.name, migrations)

    def pending_migrations(self, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
        with connect(self.settings(), database="") as client:
            return pending_migrations(client, self.name, migrations)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.client() as client:
            return [tuple(row) for row in client.query(sql).result_rows]

    def ask(
        self,
        question: Callable[Concatenate[Client, Parameters], Answer],
        *args: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Answer:
        """The answer to a question that takes a client first."""
        with self.client() as client:
            return question(client, *args, **named)


class ContainerClickHouse:
    """ClickHouse's own image, run by testcontainers and removed at the end of the `with` block.

    Raises (from `__enter__`):
        EngineUnavailable: no Docker engine answers.
    """

    kind = "container"
    password = "mediasieve"

    def __init__(self, image: str = CLICKHOUSE_IMAGE) -> None:
        self._image = image
        self._stack = contextlib.ExitStack()
        self.url = ""

    def __enter__(self) -> Self:
        from testcontainers.core.container import DockerContainer

        docker = shutil.which("docker")
        if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
            raise EngineUnavailable("a ClickHouse container needs a Docker engine, and none answers")
        container = DockerContainer(self._image).with_exposed_ports(8123)
        for name, value in {"CLICKHOUSE_USER": "default", "CLICKHOUSE_PASSWORD": self.password}.items():
            container = container.with_env(name, value)
        self._stack.enter_context(container)
        try:
            self.url = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(8123)}"
            self._await_answer(timeout_s=PATIENCE_S)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _await_answer(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/ping", timeout=2.0):
                    return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


def new_database(engine: ClickHouseEngine) -> Database:
    return Database(engine, f"t{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="session")
def embedded_clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    """The embedded engine for all tests of a run. Tests that stop an engine use `own_clickhouse`."""
    with EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse")) as engine:
        yield engine


@pytest.fixture
def own_clickhouse(tmp_path: Path) -> Iterator[EmbeddedClickHouse]:
    """The embedded engine of one test, which may stop, kill and start it."""
    with EmbeddedClickHouse(tmp_path / "clickhouse") as engine:
        yield engine


@pytest.fixture(scope="session")
def container_clickhouse() -> Iterator[ContainerClickHouse]:
    with contextlib.ExitStack() as stack:
        container = ContainerClickHouse()
        try:
            stack.enter_context(container)
        except EngineUnavailable as reason:
            pytest.skip(str(reason))
        yield container


@pytest.fixture(params=["embedded", "container"])
def clickhouse(request: pytest.FixtureRequest) -> Database:
    """The same test on every engine, every time in a new database."""
    return new_database(request.getfixturevalue(f"{request.param}_clickhouse"))
