"""`mediasieve demo`: the whole of it, on sample media, with everything embedded, and nothing left running."""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from pathlib import Path

import click

from streams.analytics.client import connect
from streams.analytics.queries.queries import ask
from streams.cli.options import data_dir_option
from streams.cli.terminal import cell, make_console, say
from streams.config.settings import Settings, load_settings
from streams.errors import ConfigurationError
from streams.kafka.decision_reader import Decision
from streams.local.demo_samples import BROKEN, CLIP, EXACT_COPY, ORIGINAL, VIDEO, DemoSample, write_samples
from streams.local.system import System, SystemOptions, exit_on_signals
from streams.services.await_decision import FileDecisions, decide_files
from streams.services.files import find_files, media_id_of
from streams.services.groups import outcomes_in_words
from streams.services.outgoing import Envelope
from streams.services.wording import OUTCOME_STYLES, OUTCOME_WORDS, match_in_words, reason_in_words

COLLECTION = "demo"
MARK = "made-by-mediasieve-demo"
PATIENCE_S = 120.0
ROWS_TIMEOUT_S = 30.0


@click.command()
@click.option("--stay/--no-stay", default=None, help="Stay up afterwards, or do not ask.")
@click.option("--workers", type=click.IntRange(1, 16), default=1, show_default=True)
@data_dir_option
def command(stay: bool | None, workers: int, data_dir: Path | None) -> int:
    """Start everything in a folder, publish sample media, and show what was decided.

    Photos, copies of them altered in many ways, videos and broken files go in; decisions come out, and ClickHouse shows
    the same totals. Takes less than a minute and stops all that it started.
    """
    began = time.monotonic()
    folder = data_dir or load_settings().paths.data_dir / "demo"
    _make_empty(folder)
    settings = load_settings(data_dir=folder)
    with exit_on_signals():
        click.echo(f"Everything of this demo is in {folder.absolute()}")
        samples = write_samples(folder / "samples")
        say("Starting broker, ClickHouse and workers …")
        with System(settings, SystemOptions(folder, workers=workers), say) as system:
            say(f"up after {time.monotonic() - began:.1f} s")
            agreed = _show(system, samples)
            if stay is None:
                stay = sys.stdin.isatty() and sys.stdout.isatty() and click.confirm("\nStay up to look around?")
            click.echo(_further(system, folder, stays=stay))
            if stay:
                _stay(system)
    say(f"All stopped; {time.monotonic() - began:.1f} s in all.")
    return 0 if agreed else 1


def _make_empty(folder: Path) -> None:
    """A fresh folder, in place of an earlier demo's if it was one.

    Raises:
        ConfigurationError: there is something else in it.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (folder / MARK).is_file():
                raise ConfigurationError(f"{folder} is not empty; choose another folder for the demo with --data-dir.")
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text("The next demo replaces this folder.\n")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be used: {error.strerror}.") from error


def _show(system: System, samples: list[DemoSample]) -> bool:
    """Publish, print decisions and totals; whether ClickHouse agrees with them."""
    firsts = [sample for sample in samples if sample.alteration in (ORIGINAL, VIDEO)]
    others = [sample for sample in samples if sample.alteration not in (ORIGINAL, VIDEO)]
    answers = [_decide(system, firsts), _decide(system, others)]
    decisions = [decision for each in answers for decision in each.decisions]
    by_media = {decision["media_id"]: decision for decision in decisions}
    named = [(sample, media_id_of(sample.path)) for sample in samples]
    decided = [(sample, by_media[media_id]) for sample, media_id in named if media_id in by_media]
    _print_some(decided)
    _print_by_alteration(decided)
    expected = Counter(decision["outcome"] for decision in decisions)
    rows = _rows(system.settings, expected)
    click.echo(f"\nDecisions read from Kafka: {outcomes_in_words(expected)}.")
    click.echo(f"Rows read from ClickHouse: {outcomes_in_words(rows)}.")
    lacking = sum(len(each.missing) + each.unpublished for each in answers)
    if lacking:
        say(f"{lacking:,} files got no decision.")
    if rows != expected:
        say("They do not agree.")
    return rows == expected and not lacking


def _decide(system: System, samples: list[DemoSample]) -> FileDecisions:
    return decide_files(
        system.settings,
        list(find_files(sample.path for sample in samples)),
        Envelope(COLLECTION, source="/mediasieve/demo"),
        inline=True,
        patience_s=PATIENCE_S,
        on_decision=lambda _: None,
        between=system.keep_running,
    )


def _print_some(decided: list[tuple[DemoSample, Decision]]) -> None:
    """One photo with all that was made of it, the videos, and everything broken."""
    from rich.table import Table

    first = decided[0][0].original_name if decided else ""
    table = Table(title="Some of the decisions", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading in ("file", "outcome", "same as", "how"):
        table.add_column(heading, overflow="fold")
    for sample, decision in decided:
        if sample.original_name == first or sample.alteration in (VIDEO, CLIP, BROKEN):
            match, failure = decision["match"], decision["failure"]
            how = match_in_words(match) if match else reason_in_words(failure["reason"]) if failure else ""
            outcome = decision["outcome"]
            same_as = Path(match["media_id"]).name if match else ""
            name = cell(sample.path.name)
            table.add_row(name, cell(OUTCOME_WORDS[outcome], OUTCOME_STYLES[outcome]), cell(same_as), cell(how))
    console = make_console(stderr=False)
    console.print()
    console.print(table)


def _print_by_alteration(decided: list[tuple[DemoSample, Decision]]) -> None:
    from rich.table import Table

    table = Table(title="All of them", title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("what it is, or what was done to a photo")
    for words in ("files", *OUTCOME_WORDS.values()):
        table.add_column(words, justify="right")
    kinds = dict.fromkeys([ORIGINAL, EXACT_COPY, *(sample.alteration for sample, _ in decided)])
    for done in kinds:
        outcomes = Counter(decision["outcome"] for sample, decision in decided if sample.alteration == done)
        counts = [str(outcomes[outcome] or "") for outcome in OUTCOME_WORDS]
        table.add_row(done, str(outcomes.total()), *counts)
    console = make_console(stderr=False)
    console.print()
    console.print(table)


def _rows(settings: Settings, expected: Counter[str]) -> Counter[str]:
    """What ClickHouse counts once the recorder has caught up, or has had its time."""
    client = connect(settings)
    try:
        deadline = time.monotonic() + ROWS_TIMEOUT_S
        while True:
            rows = ask(settings, client, "totals_by_outcome", collection=COLLECTION)
            found = Counter({row["outcome"]: row["decisions"] for row in rows})
            if found == expected or time.monotonic() > deadline:
                return found
            time.sleep(0.2)
    finally:
        client.close()


def _further(system: System, folder: Path, *, stays: bool) -> str:
    settings = system.settings
    read = f"mediasieve decisions --data-dir {folder}"
    rows = [("mediasieve scan FOLDER", "the copies among your own files"), (str(folder / "logs"), "what workers said")]
    if stays:
        rows += [
            (read, "all decisions; --follow for new ones, --json for programs"),
            (f"mediasieve publish --data-dir {folder} FOLDER", "submit files of your own"),
            (
                settings.clickhouse.url,
                f"ClickHouse over HTTP, database {settings.clickhouse.database}",
            ),
            (f"http://{system.worker_addresses[0]}/metrics", "a worker's metrics"),
        ]
    else:
        rows += [
            (f"mediasieve up --data-dir {folder}", "all of it again, with the data of this demo"),
            (read, "all decisions, while that runs; --json for programs"),
        ]
    width = max(len(what) for what, _ in rows)
    return "\nLook further:\n" + "\n".join(f"  {what.ljust(width)}  {why}" for what, why in rows)


def _stay(system: System) -> None:
    click.echo("Up until Ctrl-C.")
    try:
        while True:
            time.sleep(0.5)
            system.keep_running()
    except KeyboardInterrupt:
        say("Stopping …")
