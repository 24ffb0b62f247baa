"""`mediasieve api`: serve the HTTP API in this process."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from streams.cli.commands.worker import LOG_FORMAT, VERBOSE_LIBRARIES
from streams.cli.options import broker_option, clickhouse_option, data_dir_option, policy_option
from streams.local.data_dir import load_command_settings


@click.command()
@click.option("--http", metavar="HOST:PORT", help="Where to listen; else MEDIASIEVE_API, else 127.0.0.1:8080.")
@click.option(
    "--keys",
    "key_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file of keys; else MEDIASIEVE_API_KEYS. Without one, only this machine is served.",
)
@policy_option
@broker_option
@clickhouse_option
@data_dir_option
def command(
    http: str | None,
    key_file: Path | None,
    policy_file: Path | None,
    broker: str | None,
    clickhouse: str | None,
    data_dir: Path | None,
) -> int:
    """Serve the HTTP API until Ctrl-C or SIGTERM. /openapi.json describes it."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    for library in VERBOSE_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    settings = load_command_settings(broker=broker, clickhouse=clickhouse, data_dir=data_dir)
    given = {"api": http, "api_keys": key_file, "policy_file": policy_file}
    settings = settings.with_values(**{name: value for name, value in given.items() if value is not None})
    from streams.api.server import serve

    serve(settings)
    return 0
