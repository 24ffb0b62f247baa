"""`mediasieve decisions`: read decisions, as a table for people or as JSON lines for programs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import click

from streams.cli.options import broker_option, data_dir_option, parse_since
from streams.cli.printing.decisions import decision_line, decisions_table, heading_line
from streams.cli.remote import api_option
from streams.cli.remote.decisions import print_decisions
from streams.cli.terminal import data_stream, make_console, say
from streams.kafka.readers.decision_reader import DecisionReader, DecisionRecord, ReadFrom
from streams.local.data_dir import load_command_settings

NEWEST_PRINTED = 100
FLUSH_INTERVAL_S = 0.1


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with new ones until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one decision a line on stdout, and nothing else.")
@click.option("--collection", help="Only decisions of this collection.")
@click.option("--since", metavar="SPAN|TIME", callback=parse_since, help="10m, 2h, 7d, or 2026-01-31T09:30.")
@click.option("--limit", type=click.IntRange(1), help="The newest N; with --follow: end after N.")
@api_option
@broker_option
@data_dir_option
def command(
    follow: bool,
    as_json: bool,
    collection: str | None,
    since: int | None,
    limit: int | None,
    api_url: str | None,
    broker: str | None,
    data_dir: Path | None,
) -> int:
    """Read all decisions, without repeats.

    With --follow and without --since, only those that come from now on. With --api, the current decisions of one
    collection.
    """
    if api_url:
        if follow:
            raise click.UsageError("--follow reads Kafka; follow an API with `curl -N URL/v1/events/decisions`.")
        print_decisions(api_url, collection, since, limit, as_json=as_json)
        return 0
    settings = load_command_settings(broker=broker, data_dir=data_dir)
    start: ReadFrom = since if since is not None else "end" if follow else "beginning"
    away = f"Kafka at {settings.kafka.bootstrap_servers} is away; waiting for it."
    with DecisionReader(settings, start, on_broker_away=lambda: say(away)) as reader:
        if follow:
            _follow(reader, collection, limit, as_json=as_json)
        elif as_json and limit is None:
            for record in _until_end(reader, collection):
                data_stream().write(record.to_json() + b"\n")
        else:
            _print_newest(reader, collection, limit, as_json=as_json)
        if reader.skipped_records:
            say(f"{reader.skipped_records:,} records in {reader.topic} are not decisions and were skipped.")
    return 0


def _follow(reader: DecisionReader, collection: str | None, limit: int | None, *, as_json: bool) -> None:
    if not as_json:
        say(heading_line())
    stream, flushed_at = data_stream(), time.monotonic()
    for number, record in enumerate(_endless(reader, collection), start=1):
        line = record.to_json() if as_json else decision_line(record).encode()
        stream.write(line + b"\n")
        if time.monotonic() - flushed_at > FLUSH_INTERVAL_S or number == limit:
            stream.flush()
            flushed_at = time.monotonic()
        if number == limit:
            return


def _endless(reader: DecisionReader, collection: str | None) -> Iterator[DecisionRecord]:
    while True:
        records = reader.read()
        yield from (record for record in records if collection in (None, record.decision.collection))
        if not records:
            data_stream().flush()
            reader.refresh_partitions()


def _until_end(reader: DecisionReader, collection: str | None) -> Iterator[DecisionRecord]:
    while not reader.at_end:
        yield from (record for record in reader.read() if collection in (None, record.decision.collection))


def _print_newest(reader: DecisionReader, collection: str | None, limit: int | None, *, as_json: bool) -> None:
    max_records, count = limit or NEWEST_PRINTED, 0
    newest: list[DecisionRecord] = []
    while not reader.at_end:
        records = [record for record in reader.read() if collection in (None, record.decision.collection)]
        count += len(records)
        newest = sorted(newest + records, key=attrgetter("decided_at"))[-max_records:]
    if as_json:
        for record in newest:
            data_stream().write(record.to_json() + b"\n")
    elif not newest:
        say("There are no decisions yet. Publish something with `mediasieve publish`.")
    else:
        make_console(stderr=False).print(decisions_table(newest))
        if count > len(newest):
            say(f"The newest {len(newest):,} of {count:,}; --limit shows more, --json all.")
