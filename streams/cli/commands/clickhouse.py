"""`mediasieve clickhouse`: apply and show the migrations of deploy/clickhouse."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from streams.analytics.client import connect
from streams.analytics.grants import apply_grants, grant_statements
from streams.analytics.migrations import migrate as apply_migrations
from streams.analytics.migrations import pending_migrations
from streams.analytics.queries.figures.totals import record_counts
from streams.cli.app import OneLineGroup
from streams.cli.options import clickhouse_option, data_dir_option
from streams.cli.terminal import say
from streams.local.data_dir import load_command_settings


@click.group(cls=OneLineGroup)
def command() -> None:
    """Apply and show the migrations of ClickHouse."""


@command.command()
@clickhouse_option
@data_dir_option
def migrate(clickhouse: str | None, data_dir: Path | None) -> int:
    """Make the database, and apply the missing migrations."""
    settings = load_command_settings(clickhouse=clickhouse, data_dir=data_dir)
    with connect(settings, database="") as client:
        result = apply_migrations(client, settings.clickhouse.database)
    for name in result.applied:
        click.echo(f"applied {name}")
    if not result.applied:
        click.echo(f"The database {settings.clickhouse.database} at {settings.clickhouse.url} is up to date.")
    if result.unknown_versions:
        versions = ", ".join(f"{version:03}" for version in result.unknown_versions)
        say(f"The database has migrations that this release does not know ({versions}): it is older.")
    return 0


@command.command()
@clickhouse_option
@data_dir_option
def status(clickhouse: str | None, data_dir: Path | None) -> int:
    """Show version, missing migrations and rows. Exit code 1 if a migration is missing."""
    settings = load_command_settings(clickhouse=clickhouse, data_dir=data_dir)
    with connect(settings, database="") as client:
        missing = pending_migrations(client, settings.clickhouse.database)
        click.echo(f"ClickHouse {client.server_version} at {settings.clickhouse.url}")
        click.echo(f"database {settings.clickhouse.database}")
        for name in missing:
            click.echo(f"missing {name}")
        if not missing:
            client.database = settings.clickhouse.database
            for table, count in asdict(record_counts(client)).items():
                click.echo(f"{table} {count:,}")
    if missing:
        say("Apply the missing migrations with `mediasieve clickhouse migrate`.")
    return 1 if missing else 0


@command.command()
@click.option("--apply", "change", is_flag=True, help="Make them; needs a user who may manage access.")
@clickhouse_option
@data_dir_option
def grants(change: bool, clickhouse: str | None, data_dir: Path | None) -> None:
    """Show the roles and rights that migrations, the record stage and readers need, as SQL."""
    settings = load_command_settings(clickhouse=clickhouse, data_dir=data_dir)
    for statement in grant_statements(settings.clickhouse.database):
        click.echo(f"{statement};")
    if change:
        with connect(settings, database="") as client:
            apply_grants(client, settings.clickhouse.database)
        say("ClickHouse has these roles now. Give them to users: GRANT mediasieve_record TO …")
