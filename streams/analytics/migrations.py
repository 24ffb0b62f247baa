"""Brings a ClickHouse database up to deploy/clickhouse/NNN_*.sql; the files themselves say what rules they keep.

ClickHouse has neither transactions nor locks for this. Two workers that start at once both apply what is missing; every
statement may run twice, and a migration counts as applied when all of its statements are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from streams.analytics.client import connect, translate_errors
from streams.config.settings import Settings
from streams.errors import ConfigurationError
from streams.kafka.topics import project_file

FILE_FORM = re.compile(r"(\d{3})_[a-z0-9_]+\.sql")
STATEMENT_END = re.compile(r";[ \t]*$", re.MULTILINE)
COMMENT_LINE = re.compile(r"^\s*--.*$", re.MULTILINE)
DATABASE_FORM = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file; `checksum` is the sha256 of its bytes in hex."""

    version: int
    name: str
    checksum: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """What `migrate` did. `unknown` are versions in the database that this release does not have: it is older."""

    applied: tuple[str, ...]
    unknown_versions: tuple[int, ...]


def read_migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """The files in order.

    Raises:
        ConfigurationError: a name is not of the form NNN_what.sql, a number is missing or stands twice.
    """
    folder = folder or project_file("deploy/clickhouse")
    found = []
    for path in sorted(folder.glob("*.sql")):
        form = FILE_FORM.fullmatch(path.name)
        if form is None:
            raise ConfigurationError(f"{path}: the name must be three digits, _ and what it does, in lower case.")
        content = path.read_bytes()
        found.append(
            Migration(int(form[1]), path.name, sha256(content).hexdigest(), split_statements(content.decode()))
        )
    if [each.version for each in found] != list(range(1, len(found) + 1)):
        raise ConfigurationError(f"{folder}: the files must be numbered 001, 002 and so on, each number once.")
    return tuple(found)


def split_statements(text: str) -> tuple[str, ...]:
    """Statements end with ; at the end of a line; lines that begin with -- are comments."""
    parts = STATEMENT_END.split(COMMENT_LINE.sub("", text))
    return tuple(part.strip() for part in parts if part.strip())


def migrate(settings: Settings, migrations: Sequence[Migration] | None = None) -> MigrationResult:
    """Make the database of the settings if it is not there, and apply what is missing. Blocks.

    Raises:
        ConfigurationError: an applied file has changed since; nothing is done then.
        SinkError: ClickHouse is away or refuses.
    """
    migrations = read_migrations() if migrations is None else migrations
    _make_database(settings)
    with translate_errors(settings):
        client = connect(settings)
        try:
            for statement in migrations[0].statements:  # the list of the applied ones itself
                client.command(statement)
            known = _applied(client)
            _check_unchanged(settings, migrations, known)
            missing = [each for each in migrations if each.version not in known]
            for migration in missing:
                for statement in migration.statements:
                    client.command(statement)
                client.insert(
                    "schema_migrations",
                    [[migration.version, migration.name, migration.checksum]],
                    column_names=["version", "name", "checksum"],
                    settings={"async_insert": 0},
                )
        finally:
            client.close()
    ours = {each.version for each in migrations}
    return MigrationResult(tuple(each.name for each in missing), tuple(sorted(known.keys() - ours)))


def pending_migrations(settings: Settings, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Names of the files that `migrate` would apply; changes nothing.

    Raises:
        ConfigurationError: an applied file has changed since.
        SinkError: ClickHouse is away or refuses.
    """
    migrations = read_migrations() if migrations is None else migrations
    with translate_errors(settings):
        client = connect(settings, database="")
        try:
            tables = client.query(
                "SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'",
                parameters={"database": settings.clickhouse.database},
            )
            if not tables.result_rows[0][0]:
                return tuple(each.name for each in migrations)
            client.database = settings.clickhouse.database
            known = _applied(client)
        finally:
            client.close()
    _check_unchanged(settings, migrations, known)
    return tuple(each.name for each in migrations if each.version not in known)


def _make_database(settings: Settings) -> None:
    name = settings.clickhouse.database
    if not DATABASE_FORM.fullmatch(name):
        raise ConfigurationError(
            "MEDIASIEVE_CLICKHOUSE_DATABASE must be letters, digits and _, and begin with a letter."
        )
    with translate_errors(settings):
        client = connect(settings, database="")
        try:
            there = client.query(
                "SELECT count() FROM system.databases WHERE name = {name:String}", parameters={"name": name}
            )
            if not there.result_rows[0][0]:  # asked first: who runs a worker may lack the right to create
                client.command(f"CREATE DATABASE IF NOT EXISTS {quote_identifier(name)}")
        finally:
            client.close()


def _applied(client: Client) -> dict[int, set[str]]:
    """Version to the checksums under which it was applied: more than one if two releases raced."""
    rows = client.query("SELECT version, toString(checksum) FROM schema_migrations").result_rows
    known: dict[int, set[str]] = {}
    for version, checksum in rows:
        known.setdefault(version, set()).add(checksum)
    return known


def _check_unchanged(settings: Settings, migrations: Sequence[Migration], known: dict[int, set[str]]) -> None:
    for migration in migrations:
        applied = known.get(migration.version)
        if applied and applied != {migration.checksum}:
            raise ConfigurationError(
                f"{migration.name} was applied to the database {settings.clickhouse.database!r} with other content. An "
                "applied migration never changes: restore the file and put the change into a new one, or name another "
                "database in MEDIASIEVE_CLICKHOUSE_DATABASE."
            )
