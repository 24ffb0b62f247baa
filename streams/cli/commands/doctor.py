"""`mediasieve doctor`: check this set-up and say what to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from streams.cli.options import broker_option, clickhouse_option, data_dir_option
from streams.cli.terminal import make_console, say, write_json_line
from streams.local.data_dir import load_command_settings
from streams.services.checks import Check, check_setup
from streams.services.text import printable

STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one finding a line on stdout.")
@clickhouse_option
@broker_option
@data_dir_option
def command(as_json: bool, clickhouse: str | None, broker: str | None, data_dir: Path | None) -> int:
    """Check versions, connections, permissions, disk and clocks, and say what to do. Exit code 1 if a check fails."""
    settings = load_command_settings(broker=broker, clickhouse=clickhouse, data_dir=data_dir)
    found: Counter[str] = Counter()
    for check in check_setup(settings):
        found[check.status] += 1
        if as_json:
            write_json_line(asdict(check))
        else:
            _print(check)
    say(f"{found['ok']} ok, {found['warn']} to look at, {found['fail']} failed")
    return 1 if found["fail"] else 0


def _print(check: Check) -> None:
    from rich.text import Text

    console = make_console(stderr=False)
    mark = Text(f"{check.status:<5}", style=STYLES[check.status])
    console.print(mark, f"{check.what}: {printable(check.found)}", soft_wrap=True)
    if check.advice:
        console.print("     ", printable(check.advice), soft_wrap=True)
