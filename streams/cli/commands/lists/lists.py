"""`mediasieve lists`: contents that are known by their hashes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from streams.analytics.client import connect
from streams.cli.app import OneLineGroup
from streams.cli.commands.lists.parsing import parse_bits, parse_label, source_of
from streams.cli.options import broker_option, clickhouse_option, collection_option, data_dir_option, policy_option
from streams.cli.printing.lists import act_table, imported_in_words, lists_table
from streams.cli.progress import track_progress
from streams.cli.terminal import make_console, say, write_json_line
from streams.config.policy_file import load_policies
from streams.domain.records.hash_list import (
    DEFAULT_QUARANTINE_AFTER,
    LIST_ALGORITHMS,
    MAX_QUARANTINE_AFTER,
    PERCEPTUAL_STATUSES,
)
from streams.domain.records.verdict import GIVEN_STATUSES
from streams.local.data_dir import load_command_settings
from streams.services.moderation.hash_lists.acts import drop_list, release_entry
from streams.services.moderation.hash_lists.formats import FILE_FORMATS, format_of
from streams.services.moderation.hash_lists.importing import ListSettings, import_list
from streams.services.moderation.hash_lists.reading import export_list, show_list, show_lists

Function = TypeVar("Function", bound=Callable[..., Any])
LIST_NAME: Final = "LIST"


@click.group(cls=OneLineGroup)
def command() -> None:
    """Contents that are known by their hashes: md5, sha256, pHash and PDQ.

    A list gives its verdict to all submissions that it matches, past and future.
    """


def _act_options(function: Function) -> Function:
    options = (
        collection_option,
        click.option("--by", metavar="NAME", help="The person who says so; else the user of this system."),
        click.option("--reason", help="For people; ClickHouse shows it."),
        broker_option,
        data_dir_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="Of the list; an import replaces the list of this name.")
@click.option("--version", required=True, help="Of the list; decisions name it.")
@click.option("--source", help="Where the list is from.")
@click.option("--status", type=click.Choice(GIVEN_STATUSES), help="The verdict of entries that name none.")
@click.option("--label", "labels", multiple=True, metavar="NAME[=SCORE]", help="Of entries that name none.")
@click.option("--negative", is_flag=True, help="Contents on this list are never matched by near hashes.")
@click.option("--bits", multiple=True, metavar="ALGORITHM=BITS", help="How far a hash may be from an entry.")
@click.option(
    "--perceptual",
    type=click.Choice(PERCEPTUAL_STATUSES),
    default="review",
    show_default=True,
    help="What a match by near hashes means: review, or the verdict of the entry.",
)
@click.option(
    "--quarantine-after",
    type=click.IntRange(1, MAX_QUARANTINE_AFTER),
    default=DEFAULT_QUARANTINE_AFTER,
    show_default=True,
    help="Contents that one entry may match by near hashes before it acts no more.",
)
@click.option("--format", "file_format", type=click.Choice(FILE_FORMATS), help="Else by the ending of the file.")
@click.option("--algorithm", type=click.Choice(LIST_ALGORITHMS), help="Of hashes whose line names none.")
@click.option("--json", "as_json", is_flag=True, help="Print one object: the closing event.")
@policy_option
@_act_options
def import_(file: Path, **options: Any) -> int:  # fmt: skip
    """Import FILE as a list: CSV, NDJSON, or an export of ThreatExchange or HMA.

    The whole file is checked before anything is published. The list is effective once every entry has been published.
    """
    settings = load_command_settings(broker=options["broker"], data_dir=options["data_dir"])
    collection, negative = options["collection"], options["negative"]
    if not negative and options["status"] is None:
        raise click.UsageError("Say with --status what entries without a verdict mean, or that the list is --negative.")
    wanted = ListSettings(
        options["name"],
        options["version"],
        options["source"],
        None if negative else options["status"],
        tuple(map(parse_label, options["labels"])),
        options["reason"],
        negative,
        parse_bits(options["bits"]),
        options["perceptual"],
        options["quarantine_after"],
    )
    policy = load_policies(options["policy_file"] or settings.paths.policy_file).of(collection)
    imported = import_list(
        settings,
        file,
        options["file_format"] or format_of(file),
        collection,
        wanted,
        source_of(options["by"]),
        policy=policy,
        algorithm=options["algorithm"],
        track=track_progress,
    )
    if options["as_json"]:
        write_json_line(imported.event)
    else:
        say(imported_in_words(imported))
    return 0


@command.command()
@click.argument("name", metavar=LIST_NAME)
@collection_option
@clickhouse_option
@data_dir_option
def export(name: str, collection: str, clickhouse: str | None, data_dir: Path | None) -> int:
    """Write the entries of a list to stdout as NDJSON, as `lists import` reads them."""
    with connect(load_command_settings(clickhouse=clickhouse, data_dir=data_dir)) as client:
        for entry in export_list(client, collection, name):
            write_json_line(entry)
    return 0


@command.command()
@click.argument("name", metavar=f"[{LIST_NAME}]", required=False)
@collection_option
@click.option("--json", "as_json", is_flag=True, help="Print one object a list.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Of what was done to a list."
)
@clickhouse_option
@data_dir_option
def show(
    name: str | None, collection: str, as_json: bool, limit: int, clickhouse: str | None, data_dir: Path | None
) -> int:
    """Show the lists of a collection, or one list and its history."""
    with connect(load_command_settings(clickhouse=clickhouse, data_dir=data_dir)) as client:
        shown = [show_list(client, collection, name, limit=limit)] if name else []
        lists = [each.list for each in shown] or list(show_lists(client, collection))
    if as_json:
        for each in shown or lists:
            write_json_line(each)
        return 0
    console = make_console(stderr=False)
    if not lists:
        say(f"The collection {collection} has no lists.")
        return 0
    console.print(lists_table(lists))
    for each in shown:
        console.print(act_table(each.acts))
    return 0


@command.command()
@click.argument("name", metavar=LIST_NAME)
@_act_options
def drop(name: str, **options: Any) -> int:
    """Drop a list. Its verdicts are taken back, for all submissions."""
    settings = load_command_settings(broker=options["broker"], data_dir=options["data_dir"])
    event = drop_list(settings, options["collection"], name, source_of(options["by"]), options["reason"])
    say(f"{event.list_name} is dropped in the collection {event.collection}: decisions that it made are revised.")
    return 0


@command.command()
@click.argument("name", metavar=LIST_NAME)
@click.argument("entry", metavar="ALGORITHM:HASH")
@_act_options
def release(name: str, entry: str, **options: Any) -> int:
    """Let an entry act again that was put into quarantine because it matched too much."""
    settings = load_command_settings(broker=options["broker"], data_dir=options["data_dir"])
    collection, by = options["collection"], source_of(options["by"])
    event = release_entry(settings, collection, name, entry, by, options["reason"])
    say(f"{event.algorithm}:{event.hash} of {event.list_name} acts again.")
    return 0
