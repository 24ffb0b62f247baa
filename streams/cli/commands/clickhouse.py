"""`mediasieve clickhouse`: apply and show the migrations of deploy/clickhouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from streams.analytics.client import connect, translate_errors
from streams.analytics.migrations import migrate as apply_migrations
from streams.analytics.migrations import pending_migrations
from streams.cli.app import OneLineGroup
from streams.cli.options import data_dir_option
from streams.cli.terminal import say
from streams.local.data_dir import load_command_settings

TABLES = ("decisions", "fingerprints", "deadletters")
url_option = click.option("--clickhouse", metavar="URL", help="ClickHouse; else MEDIASIEVE_CLICKHOUSE.")


@click.group(cls=OneLineGroup)
def command() -> None:
    """Apply and show the migrations of ClickHouse."""


@command.command()
@url_option
@data_dir_option
def migrate(clickhouse: str | None, data_dir: Path | None) -> int:
    """Make the database, and apply what is missing."""
    settings = load_command_settings(clickhouse=clickhouse, data_dir=data_dir)
    done = apply_migrations(settings)
    for name in done.applied:
        click.echo(f"applied {name}")
    if not done.applied:
        click.echo(f"The database {settings.clickhouse.database} at {settings.clickhouse.url} is up to date.")
    if done.unknown_versions:
        versions = ", ".join(f"{version:03}" for version in done.unknown_versions)
        say(f"The database has migrations that this release does not know ({versions}): it is older.")
    return 0


@command.command()
@url_option
@data_dir_option
def status(clickhouse: str | None, data_dir: Path | None) -> int:
    """Show version, missing migrations and rows. Exit code 1 if a migration is missing."""
    settings = load_command_settings(clickhouse=clickhouse, data_dir=data_dir)
    missing = pending_migrations(settings)
    with translate_errors(settings):
        client = connect(settings, database="")
        try:
            click.echo(f"ClickHouse {client.server_version} at {settings.clickhouse.url}")
            click.echo(f"database {settings.clickhouse.database}")
            for name in missing:
                click.echo(f"missing {name}")
            if not missing:
                for table in TABLES:
                    click.echo(f"{table} {_rows(client, settings.clickhouse.database, table):,}")
        finally:
            client.close()
    if missing:
        say("Apply what is missing with `mediasieve clickhouse migrate`.")
    return 1 if missing else 0


def _rows(client: Any, database: str, table: str) -> int:
    """Rows that a reader sees: each record once."""
    sql = "SELECT count() FROM {database:Identifier}.{table:Identifier}"
    result = client.query(sql, parameters={"database": database, "table": f"{table}_once"})
    return int(result.first_row[0])
