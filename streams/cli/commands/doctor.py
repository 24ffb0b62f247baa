"""`mediasieve doctor`: look at this set-up and say what to do. What is looked at is in checks.py."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click
import orjson

from streams.cli.options import broker_option, data_dir_option
from streams.cli.terminal import data_stream, make_console, say, shown
from streams.local.data_dir import find_running_system, load_command_settings
from streams.services.checks import Check, all_checks

STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One finding a line on stdout.")
@click.option("--clickhouse", metavar="URL", help="ClickHouse; else MEDIASIEVE_CLICKHOUSE.")
@broker_option
@data_dir_option
def command(as_json: bool, clickhouse: str | None, broker: str | None, data_dir: Path | None) -> int:
    """Check versions, reach, permissions, disk and clocks, and say what to do. Exit code 1 if something fails."""
    settings = load_command_settings(broker=broker, clickhouse=clickhouse, data_dir=data_dir)
    running = find_running_system(settings.paths.data_dir)
    running = running if running is not None and running.broker == settings.kafka.bootstrap_servers else None
    found: Counter[str] = Counter()
    for check in all_checks(settings, running):
        found[check.status] += 1
        if as_json:
            data_stream().write(orjson.dumps(asdict(check)) + b"\n")
        else:
            _print(check)
    say(f"{found['ok']} ok, {found['warn']} to look at, {found['fail']} failed")
    return 1 if found["fail"] else 0


def _print(check: Check) -> None:
    from rich.text import Text

    console = make_console(stderr=False)
    mark = Text(f"{check.status:<5}", style=STYLES[check.status])
    console.print(mark, f"{check.what}: {shown(check.found)}", soft_wrap=True)
    if check.advice:
        console.print("     ", shown(check.advice), soft_wrap=True)
