"""`mediasieve up`: run broker, ClickHouse and workers on this machine, until Ctrl-C."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import click

from streams.cli.options import data_dir_option, stages_option
from streams.cli.terminal import say
from streams.config.settings import Settings, load_settings
from streams.local.system import System, SystemOptions, exit_on_signals

CHECK_INTERVAL_S = 0.5


@click.command()
@click.option("--broker", metavar="HOST:PORT", help="A running Kafka; else the embedded broker.")
@click.option("--clickhouse", metavar="URL", help="A running ClickHouse; else the embedded engine.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes.")
@stages_option
@click.option(
    "--file-root",
    "file_roots",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder whose files may be submitted by reference; may be given again.",
)
@click.option("--api/--no-api", "with_api", default=True, show_default=True, help="Serve the HTTP API.")
@data_dir_option
def command(
    broker: str | None,
    clickhouse: str | None,
    workers: int,
    stages: tuple[str, ...],
    with_api: bool,
    file_roots: tuple[Path, ...],
    data_dir: Path | None,
) -> int:
    """Run broker, ClickHouse and workers on this machine, until Ctrl-C.

    MEDIASIEVE_BROKER and MEDIASIEVE_CLICKHOUSE, if set, replace the embedded ones. Other terminals find the system by
    its data directory.
    """
    overrides = {"broker": broker, "clickhouse": clickhouse, "data_dir": data_dir}
    given = {name: value for name, value in overrides.items() if value is not None}
    settings = load_settings(**given)
    if file_roots:
        settings = settings.with_values(file_roots=tuple(str(root.resolve()) for root in file_roots))
    options = SystemOptions(
        data_dir=settings.paths.data_dir,
        external_broker="broker" in settings.given,
        external_clickhouse="clickhouse" in settings.given,
        workers=workers,
        stages=stages,
        default_ports=True,
        api=with_api,
    )
    with exit_on_signals():
        say(f"Starting in {settings.paths.data_dir.absolute()} …")
        with System(settings, options, _say_event) as system:
            click.echo(overview(system))
            try:
                while True:
                    time.sleep(CHECK_INTERVAL_S)
                    system.keep_running()
            except (KeyboardInterrupt, SystemExit):  # Ctrl-C or SIGTERM
                say("Stopping …")
        say("Stopped.")
    return 0


def overview(system: System) -> str:
    """The addresses of everything, and what to do next."""
    settings, options = system.settings, system.options
    own = "" if _is_default_data_dir(settings) else f" --data-dir {settings.paths.data_dir}"
    rows = [
        ("Kafka", settings.kafka.bootstrap_servers, "yours" if options.external_broker else "embedded"),
        ("ClickHouse", settings.clickhouse.url, "yours" if options.external_clickhouse else "embedded"),
        *((("API", f"http://{system.api_address}", ""),) if system.api_address else ()),
        *((("console", f"http://{system.api_address}/console/", ""),) if system.api_address else ()),
        *((f"worker {n}", f"http://{a}/metrics", "") for n, a in enumerate(system.worker_addresses)),
        ("logs", str(settings.paths.data_dir / "logs"), ""),
    ]
    if "record" not in options.stages:
        rows = [row for row in rows if row[0] != "ClickHouse"]
    places = "\n".join(f"  {name:<11} {place}{f'  ({what})' if what else ''}" for name, place, what in rows)
    return f"""
mediasieve is up.

{places}

In another terminal{"" if own else ", in this folder"}:
  mediasieve publish FOLDER{own}
  mediasieve decisions --follow{own}

Ctrl-C stops everything; the data stay."""


def _is_default_data_dir(settings: Settings) -> bool:
    return settings.paths.data_dir.absolute() == Path(".mediasieve").absolute()


def _say_event(event: str) -> None:
    say(f"{datetime.now().astimezone():%H:%M:%S} {event}")
