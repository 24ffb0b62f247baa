"""`mediasieve demo`: all of mediasieve on sample media, with embedded engines, and nothing left running."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import click

from streams.analytics.client import connect
from streams.cli.options import data_dir_option
from streams.cli.printing.demo import next_steps, print_decisions, print_verdicts
from streams.cli.printing.groups import outcomes_in_words
from streams.cli.printing.submissions import SubmitPrinter
from streams.cli.progress import track_progress
from streams.cli.terminal import say
from streams.config.settings import load_settings
from streams.local.demo_moderator import DemoModerator
from streams.local.demo_samples import DemoSample, write_samples
from streams.local.system import System, SystemOptions, exit_on_signals
from streams.services.await_decision import WaitOptions
from streams.services.demo import (
    COLLECTION,
    DemoDecisions,
    await_verdicts,
    current_of_samples,
    decide_samples,
    make_demo_folder,
)
from streams.services.statistics import await_outcome_counts
from streams.stages import STAGE_NAMES

PATIENCE_S = 120.0
ROWS_TIMEOUT_S = 30.0


@click.command()
@click.option("--stay/--no-stay", default=None, help="Stay up afterwards, or do not ask.")
@click.option("--workers", type=click.IntRange(1, 16), default=1, show_default=True)
@data_dir_option
def command(stay: bool | None, workers: int, data_dir: Path | None) -> int:
    """Start everything in a folder, publish sample media, and show the decisions.

    Photos, copies of them altered in many ways, videos and broken files go in; decisions come out, and ClickHouse shows
    the same totals. A moderator is asked about new contents, and copies inherit its verdicts. Takes less than a minute
    and stops all that it started.
    """
    started_at = time.monotonic()
    folder = data_dir or load_settings().paths.data_dir / "demo"
    make_demo_folder(folder)
    with exit_on_signals(), ExitStack() as stack:
        click.echo(f"Everything of this demo is in {folder.absolute()}")
        samples = write_samples(folder / "samples")
        moderator = stack.enter_context(DemoModerator())
        moderator.write_file(folder / "moderation.yaml", COLLECTION)
        settings = load_settings(data_dir=folder, moderation_file=folder / "moderation.yaml")
        say("Starting broker, ClickHouse and workers …")
        may_stay = bool(stay) or (stay is None and sys.stdin.isatty() and sys.stdout.isatty())
        with System(settings, SystemOptions(folder, STAGE_NAMES, workers=workers, api=may_stay), say) as system:
            say(f"up after {time.monotonic() - started_at:.1f} s")
            found, agreed = _decide_and_compare(system, samples, moderator)
            if stay is None:
                stay = may_stay and click.confirm("\nStay up to look around?")
            click.echo(next_steps(system, folder, found, stays_up=stay))
            if stay:
                _stay_up(system)
    say(f"All stopped; {time.monotonic() - started_at:.1f} s in all.")
    return 0 if agreed else 1


def _decide_and_compare(
    system: System, samples: list[DemoSample], moderator: DemoModerator
) -> tuple[DemoDecisions, bool]:
    """The decisions, and whether all samples are decided, and ClickHouse has the same totals."""
    away = f"Kafka at {system.settings.kafka.bootstrap_servers} is away; waiting for it."
    wait = WaitOptions(PATIENCE_S, lambda _: None, system.keep_running, lambda: say(away))
    found = decide_samples(system, samples, listener=SubmitPrinter(), track_progress=track_progress, wait=wait)
    print_decisions(found)
    with connect(system.settings) as client:
        rows = await_outcome_counts(client, COLLECTION, found.outcomes, timeout_s=ROWS_TIMEOUT_S)
        saved = await_verdicts(client, COLLECTION, timeout_s=ROWS_TIMEOUT_S)
        print_verdicts(current_of_samples(client, samples), saved, moderator.contents_asked)
    click.echo(f"\nDecisions read from Kafka: {outcomes_in_words(found.outcomes)}.")
    click.echo(f"Rows read from ClickHouse: {outcomes_in_words(rows)}.")
    if found.undecided:
        say(f"{found.undecided:,} files got no decision.")
    if rows != found.outcomes:
        say("They do not agree.")
    if saved.pending:
        say(f"{saved.pending:,} copies have no verdict: they were changed too much to inherit `allowed`.")
    return found, rows == found.outcomes and not found.undecided


def _stay_up(system: System) -> None:
    click.echo("Up until Ctrl-C.")
    try:
        while True:
            time.sleep(0.5)
            system.keep_running()
    except KeyboardInterrupt:
        say("Stopping …")
