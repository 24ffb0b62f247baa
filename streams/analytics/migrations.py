"""Applies the migrations deploy/clickhouse/NNN_*.sql to a ClickHouse database. The rules for the files are in 001.

ClickHouse has neither transactions nor locks for migrations. Two workers that start at once both apply the missing
ones: every statement may run twice, and a migration counts as applied when all of its statements have run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from streams.analytics.client import patient, translate_errors
from streams.errors import ConfigurationError
from streams.kafka.topics import project_file

FILE_NAME_REGEX = re.compile(r"(\d{3})_[a-z0-9_]+\.sql")
STATEMENT_END_REGEX = re.compile(r";[ \t]*$", re.MULTILINE)
COMMENT_LINE_REGEX = re.compile(r"^\s*--.*$", re.MULTILINE)
BACKFILL_TIMEOUT_S = 6 * 3600
"""For one statement: a backfill reads all rows of a table, about 100,000 a second."""

DATABASE_REGEX = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file; `checksum` is the sha256 of its bytes in hex."""

    version: int
    name: str
    checksum: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """`applied` names the files that `migrate` applied.

    `unknown_versions` are in the database but not in this release, which is then older than the database.
    """

    applied: tuple[str, ...]
    unknown_versions: tuple[int, ...]


def read_migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """The migration files, in order of their numbers.

    Args:
        folder: None for the files of this release.

    Raises:
        ConfigurationError: a name does not match NNN_what.sql, or a number is missing or used twice.
    """
    folder = folder or project_file("deploy/clickhouse")
    migrations = []
    for path in sorted(folder.glob("*.sql")):
        name = FILE_NAME_REGEX.fullmatch(path.name)
        if name is None:
            raise ConfigurationError(f"{path}: name it like 006_sizes.sql: three digits, _ and words in lower case.")
        content = path.read_bytes()
        migrations.append(
            Migration(int(name[1]), path.name, sha256(content).hexdigest(), split_statements(content.decode()))
        )
    if [migration.version for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise ConfigurationError(f"{folder}: the files must be numbered 001, 002 and so on, every number once.")
    return tuple(migrations)


def split_statements(text: str) -> tuple[str, ...]:
    """A statement ends with ; at the end of a line; a line that begins with -- is a comment."""
    statements = STATEMENT_END_REGEX.split(COMMENT_LINE_REGEX.sub("", text))
    return tuple(statement.strip() for statement in statements if statement.strip())


def migrate(client: Client, database: str, migrations: Sequence[Migration] | None = None) -> MigrationResult:
    """Create the database unless it exists, and apply the missing migrations.

    Args:
        client: of any database that exists; it uses `database` afterwards.
        database: to bring up to date.
        migrations: None for those of this release.

    Raises:
        ConfigurationError: an applied file has changed since, and nothing is applied; or the name is not valid.
        AnalyticsError: ClickHouse does not answer or refuses; the next run applies the rest.
    """
    migrations = read_migrations() if migrations is None else migrations
    with translate_errors(client.uri):
        _create_database(client, database)
        client.database = database
        for statement in migrations[0].statements:  # creates the table of the applied migrations
            client.command(statement)
        applied = _applied_checksums(client, database)
        _check_unchanged(database, migrations, applied)
        missing = [migration for migration in migrations if migration.version not in applied]
        for migration in missing:
            _apply(client, migration)
    known_versions = {migration.version for migration in migrations}
    return MigrationResult(
        applied=tuple(migration.name for migration in missing),
        unknown_versions=tuple(sorted(applied.keys() - known_versions)),
    )


def pending_migrations(client: Client, database: str, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Names of the files that `migrate` would apply; changes nothing.

    Args:
        client: of any database that exists.
        database: need not exist.
        migrations: None for those of this release.

    Raises:
        ConfigurationError: an applied file has changed since.
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    migrations = read_migrations() if migrations is None else migrations
    with translate_errors(client.uri):
        tables = client.query(
            "SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'",
            parameters={"database": database},
        )
        applied = _applied_checksums(client, database) if tables.result_rows[0][0] else {}
    _check_unchanged(database, migrations, applied)
    return tuple(migration.name for migration in migrations if migration.version not in applied)


def _create_database(client: Client, database: str) -> None:
    if not DATABASE_REGEX.fullmatch(database):
        raise ConfigurationError(
            "MEDIASIEVE_CLICKHOUSE_DATABASE must be letters, digits and _, and begin with a letter."
        )
    found = client.query(
        "SELECT count() FROM system.databases WHERE name = {name:String}", parameters={"name": database}
    )
    if not found.result_rows[0][0]:  # looked up first: the user of a worker may lack the right to create databases
        client.command(f"CREATE DATABASE IF NOT EXISTS {quote_identifier(database)}")


def _apply(client: Client, migration: Migration) -> None:
    with patient(client, BACKFILL_TIMEOUT_S):
        for statement in migration.statements:
            is_backfill = statement.startswith("INSERT")
            client.command(statement, settings={"max_execution_time": BACKFILL_TIMEOUT_S} if is_backfill else None)
    client.insert(
        "schema_migrations",
        [[migration.version, migration.name, migration.checksum]],
        column_names=["version", "name", "checksum"],
        settings={"async_insert": 0},
    )


def _applied_checksums(client: Client, database: str) -> dict[int, set[str]]:
    """The checksums of every applied version: more than one if two releases migrated at the same time."""
    rows = client.query(
        "SELECT version, toString(checksum) FROM {database:Identifier}.schema_migrations",
        parameters={"database": database},
    ).result_rows
    applied: dict[int, set[str]] = {}
    for version, checksum in rows:
        applied.setdefault(version, set()).add(checksum)
    return applied


def _check_unchanged(database: str, migrations: Sequence[Migration], applied: dict[int, set[str]]) -> None:
    for migration in migrations:
        checksums = applied.get(migration.version)
        if checksums and checksums != {migration.checksum}:
            raise ConfigurationError(
                f"{migration.name} was applied to the database {database!r} with other content. An "
                "applied migration never changes: restore the file and put the change into a new one, or name another "
                "database in MEDIASIEVE_CLICKHOUSE_DATABASE."
            )
