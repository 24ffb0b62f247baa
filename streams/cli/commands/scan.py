"""`mediasieve scan`: find the copies among files, with everything it needs started for the occasion."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click
import orjson

from streams.cli.options import broker_option, collection_option
from streams.cli.terminal import data_stream, say, shown
from streams.config.settings import Settings, load_settings
from streams.kafka.decision_reader import Decision
from streams.local.data_dir import load_command_settings
from streams.local.system import System, SystemOptions, exit_on_signals
from streams.services.await_decision import FileDecisions, decide_files
from streams.services.files import FoundFile, Unreadable, find_files
from streams.services.groups import group, lines_of
from streams.services.outgoing import Envelope

STAGES = ("fingerprint", "match")
SOURCE = "/mediasieve/scan"
MISSING_SHOWN = 20


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One decision a line on stdout, and nothing else.")
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
def command(paths: tuple[Path, ...], as_json: bool, collection: str, patience_s: float, broker: str | None) -> int:
    """Find the copies among all files at and below PATHS.

    Starts what it needs and leaves nothing behind. With --broker, a system that runs already decides, and knows what
    it was shown before. A file's media id is its path as given here. Exit code 1 if a file was left without a decision.
    """
    began = time.monotonic()
    files = sorted(find_files(paths), key=_likeliest_original)
    with exit_on_signals(), ExitStack() as stack:
        between: Callable[[], None] = _nothing
        if broker is not None:
            settings, inline = load_command_settings(broker=broker), None
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mediasieve-scan-")))
            system = stack.enter_context(
                System(_own_settings(folder, paths), SystemOptions(folder, stages=STAGES), say)
            )
            settings, inline, between = system.settings, False, system.keep_running
        answers = decide_files(
            settings,
            files,
            Envelope(collection, source=SOURCE, in_order=broker is None),
            inline=inline,
            patience_s=patience_s,
            on_decision=_print_json if as_json else _nothing_of,
            between=between,
        )
    if not as_json:
        for line in lines_of(group(answers.decisions)):
            click.echo(line)
    say(f"{len(answers.decisions):,} decisions in {time.monotonic() - began:.1f} s")
    _tell_missing(answers, patience_s)
    return 0 if answers.complete else 1


def _likeliest_original(file: FoundFile | Unreadable) -> int:
    """The largest file comes first: what was made of a picture is mostly smaller, and joins it then."""
    return -file.size_bytes if isinstance(file, FoundFile) else 0


def _own_settings(folder: Path, paths: tuple[Path, ...]) -> Settings:
    """Settings of a private system: only it reads the files, by reference, so that no byte goes through Kafka."""
    root = Path(os.path.commonpath([path.resolve() for path in paths]))
    while "," in str(root) or str(root) != str(root).strip():  # a list of folders is separated by commas
        root = root.parent
    cores = os.cpu_count() or 1
    return load_settings(data_dir=folder, file_roots=(str(root),), decode_threads=cores, video_threads=cores)


def _tell_missing(answers: FileDecisions, patience_s: float) -> None:
    if not answers.missing:
        return
    say(f"No decision has come for {patience_s:.0f} s; {len(answers.missing):,} files are without one:")
    names = sorted(answers.missing.values())
    for name in names[:MISSING_SHOWN]:
        say(f"  {shown(name)}")
    if len(names) > MISSING_SHOWN:
        say(f"  … and {len(names) - MISSING_SHOWN:,} more")


def _print_json(decision: Decision) -> None:
    data_stream().write(orjson.dumps(decision) + b"\n")
    data_stream().flush()


def _nothing_of(_: Decision) -> None:
    return


def _nothing() -> None:
    return
