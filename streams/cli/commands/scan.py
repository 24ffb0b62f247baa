"""`mediasieve scan`: find the copies among files, on a system that is started for this scan."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import click

from streams.cli.options import broker_option, collection_option
from streams.cli.printing.groups import report_lines
from streams.cli.printing.submissions import SubmitPrinter
from streams.cli.progress import track_progress
from streams.cli.terminal import data_stream, say
from streams.kafka.readers.decision_reader import DecisionRecord
from streams.local.data_dir import load_command_settings
from streams.local.system import exit_on_signals
from streams.services.await_decision import FileDecisions, WaitOptions, decide_files
from streams.services.groups import group_decisions
from streams.services.scan import find_files_largest_first, private_system
from streams.services.submit.records import Envelope
from streams.services.text import printable

SOURCE = "/mediasieve/scan"
MAX_MISSING_PRINTED = 20


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one decision a line on stdout, and nothing else.")
@click.option("--likely", is_flag=True, help="List also what may be a copy, or has more on it: what a person must see.")
@collection_option
@click.option(
    "--patience",
    "patience_s",
    type=click.FloatRange(min=1),
    default=180.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up when no decision has come for so long.",
)
@broker_option
def command(
    paths: tuple[Path, ...], as_json: bool, likely: bool, collection: str, patience_s: float, broker: str | None
) -> int:
    """Find the copies among all files at and below PATHS.

    Starts a system of its own and removes it at the end. With --broker, a running system decides; that system remembers
    earlier media.
    A file's media id is its path as given here. Exit code 1 if a file got no decision.
    """
    started_at = time.monotonic()
    files = find_files_largest_first(paths)
    with exit_on_signals(), ExitStack() as stack:
        if broker is not None:
            settings, inline, keep_running = load_command_settings(broker=broker), None, _nothing
        else:
            system = stack.enter_context(private_system(paths, say))
            settings, inline, keep_running = system.settings, False, system.keep_running
        away = f"Kafka at {settings.kafka.bootstrap_servers} is away; waiting for it."
        found = decide_files(
            settings,
            files,
            Envelope(collection, source=SOURCE, in_order=broker is None),
            inline=inline,
            listener=SubmitPrinter(),
            track_progress=track_progress,
            wait=WaitOptions(patience_s, _print_json if as_json else _ignore, keep_running, lambda: say(away)),
        )
    if not as_json:
        for line in report_lines(group_decisions(record.decision for record in found.decisions), likely=likely):
            click.echo(line)
    say(f"{len(found.decisions):,} decisions in {time.monotonic() - started_at:.1f} s")
    _say_missing(found, patience_s)
    return 0 if found.complete else 1


def _say_missing(found: FileDecisions, patience_s: float) -> None:
    if not found.missing:
        return
    say(f"No decision has come for {patience_s:.0f} s; {len(found.missing):,} files are without one:")
    names = sorted(found.missing.values())
    for name in names[:MAX_MISSING_PRINTED]:
        say(f"  {printable(name)}")
    if len(names) > MAX_MISSING_PRINTED:
        say(f"  … and {len(names) - MAX_MISSING_PRINTED:,} more")


def _print_json(record: DecisionRecord) -> None:
    data_stream().write(record.to_json() + b"\n")
    data_stream().flush()


def _ignore(_: DecisionRecord) -> None:
    return


def _nothing() -> None:
    return
