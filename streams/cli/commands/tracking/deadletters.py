"""`mediasieve deadletters`: show, replay and drop the records that could not be processed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from streams.analytics.client import connect
from streams.analytics.queries.dead_letters import LetterGroup, LetterRow
from streams.cli.app import OneLineGroup
from streams.cli.options import broker_option, clickhouse_option, data_dir_option, parse_since, user_name
from streams.cli.printing.dead_letters import act_summary, groups_table, letter_document, letter_report, letters_table
from streams.cli.progress import track_progress
from streams.cli.terminal import data_stream, make_console, say, write_json_line
from streams.domain.records.dead_letter import LetterFilter
from streams.local.data_dir import load_command_settings
from streams.services.dead_letters.letters import (
    ActResult,
    drop_letters,
    groups_from_kafka,
    list_groups,
    list_letters,
    replay_letters,
    show_letter,
)
from streams.services.dead_letters.sender import ActOptions
from streams.services.text import printable

Function = TypeVar("Function", bound=Callable[..., Any])

PLACE_REGEX = re.compile(r"([0-9]{1,9})/([0-9]{1,18})")
STATUSES = ("open", "replayed", "dropped", "any")


def _parse_places(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(_parse_place(value) for value in values))


def _parse_place(value: str) -> tuple[int, int]:
    found = PLACE_REGEX.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{printable(value)} is not PARTITION/OFFSET of a dead letter, such as 1/204.")
    return int(found[1]), int(found[2])


def filter_options(function: Function) -> Function:
    """Which letters; the values come as `**conditions` for `_filter`."""
    options = (
        click.option("--reason", "reasons", multiple=True, help="Why it failed; may be given again."),
        click.option("--stage", "stages", multiple=True, help="Which stage gave up; may be given again."),
        click.option("--topic", "topics", multiple=True, help="Where the record came from; may be given again."),
        click.option("--collection", "collections", multiple=True, help="Of the record; may be given again."),
        click.option("--since", "since_ms", metavar="SPAN|TIME", callback=parse_since, help="10m, 2h, 7d, or a time."),
        click.option("--until", "until_ms", metavar="SPAN|TIME", callback=parse_since, help="Older than this."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def act_options(function: Function) -> Function:
    """What `replay` and `drop` have in common; the values come as `**options` for `_act`."""
    options = (
        click.argument("places", nargs=-1, metavar="[PARTITION/OFFSET]...", callback=_parse_places),
        filter_options,
        click.option("--all", "everything", is_flag=True, help="All letters; needed where nothing else says which."),
        click.option("--again", is_flag=True, help="Also those that were replayed or dropped before."),
        click.option("--dry-run", is_flag=True, help="Change nothing; say what would be done."),
        click.option("--by", metavar="NAME", help="Who does it; else the user of this system."),
        click.option("--note", default="", help="Why, for people."),
        click.option("--json", "as_json", is_flag=True, help="Print one object: the counts."),
        broker_option,
        data_dir_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group(cls=OneLineGroup)
def command() -> None:
    """Show, replay and drop the records that could not be processed. They are in media.deadletters, as they came."""


@command.command("list")
@filter_options
@click.option(
    "--status", type=click.Choice(STATUSES), default="open", show_default=True, help="What was done about them."
)
@click.option("--letters", is_flag=True, help="Single letters, the newest first, instead of groups by reason.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="With --letters.")
@click.option("--from", "source", type=click.Choice(("clickhouse", "kafka")), default="clickhouse", show_default=True,
              help="kafka reads the topic itself: for when ClickHouse is away or behind. Groups only.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one group, or letter, a line.")
@clickhouse_option
@broker_option
@data_dir_option
def list_(
    status: str,
    letters: bool,
    limit: int,
    source: str,
    as_json: bool,
    clickhouse: str | None,
    broker: str | None,
    data_dir: Path | None,
    **conditions: Any,
) -> int:
    """Dead letters by reason, stage and topic: how many, when, and some examples."""
    settings = load_command_settings(broker=broker, clickhouse=clickhouse, data_dir=data_dir)
    wanted, status = LetterFilter(**conditions), "" if status == "any" else status
    if source == "kafka" and letters:
        raise click.UsageError("--letters needs ClickHouse; leave out --from kafka.")
    groups: tuple[LetterGroup, ...] = ()
    rows: tuple[LetterRow, ...] = ()
    if source == "kafka":
        groups = groups_from_kafka(settings, wanted, track_progress, status=status)
    else:
        with connect(settings) as client:
            if letters:
                rows = list_letters(client, wanted, status, limit=limit)
            else:
                groups = list_groups(client, wanted, status)
    if as_json:
        entries: tuple[LetterGroup | LetterRow, ...] = (*groups, *rows)
        for entry in entries:
            write_json_line(asdict(entry))
    elif groups or rows:
        make_console(stderr=False).print(letters_table(rows) if letters else groups_table(groups))
    else:
        say("There are no such dead letters.")
    return 0


@command.command()
@click.argument("place", metavar="PARTITION/OFFSET")
@click.option("--value", "print_value", is_flag=True, help="Write the record's value, as it came, to stdout.")
@click.option("--json", "as_json", is_flag=True, help="Print one object; a value that is not text is in base64.")
@broker_option
@data_dir_option
def show(place: str, print_value: bool, as_json: bool, broker: str | None, data_dir: Path | None) -> int:
    """One dead letter, by its partition and offset in media.deadletters, as `list` shows them."""
    partition, offset = _parse_place(place)
    found = show_letter(load_command_settings(broker=broker, data_dir=data_dir), partition, offset)
    if found is None:
        raise click.ClickException(f"Kafka has no dead letter at {place}, or no longer.")
    if print_value:
        data_stream().write(found.letter.value or b"")
    elif as_json:
        write_json_line(letter_document(found))
    else:
        make_console(stderr=False).print(letter_report(found), soft_wrap=True)
    return 0


@command.command()
@act_options
@click.option("--rate", "per_second", type=click.FloatRange(0.1), help="Letters a second at most.")
def replay(per_second: float | None, **options: Any) -> int:
    """Publish dead letters again, to the topics they came from, with the key, value and headers they came with.

    A replayed submission is the same submission, one attempt later: it gets a decision of its own. The same replay
    twice changes nothing, and a letter that was replayed is left alone without --again. Exit code 1 if some were
    refused.
    """
    return _act(replay_letters, "replay", per_second=per_second, **options)


@command.command()
@act_options
def drop(**options: Any) -> int:
    """Mark dead letters as handled: lists hide them. Kafka keeps them for as long as it keeps all dead letters."""
    return _act(drop_letters, "drop", per_second=None, **options)


def _act(
    act: Callable[..., ActResult],
    verb: str,
    *,
    places: tuple[tuple[int, int], ...],
    everything: bool,
    again: bool,
    dry_run: bool,
    by: str | None,
    note: str,
    as_json: bool,
    broker: str | None,
    data_dir: Path | None,
    per_second: float | None,
    **conditions: Any,
) -> int:
    if not (places or everything or any(conditions.values())):
        raise click.UsageError(
            f"Say which letters to {verb}: PARTITION/OFFSET, --reason, --stage and so on, or --all.",
            click.get_current_context(),
        )
    by = by or user_name()
    if not by:
        raise click.UsageError("Say who does it with --by.", click.get_current_context())
    settings = load_command_settings(broker=broker, data_dir=data_dir)
    options = ActOptions(by, note, again=again, dry_run=dry_run, per_second=per_second)
    result = act(settings, LetterFilter(**conditions, places=places), options, track_progress)
    if as_json:
        write_json_line(asdict(result))
    else:
        for error in result.errors:
            say(f"not possible: {printable(error)}")
        say(act_summary(result, verb, dry_run=dry_run))
    return 1 if result.refused else 0
