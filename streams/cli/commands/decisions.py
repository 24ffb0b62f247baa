"""`mediasieve decisions`: read decisions, as a table for people or as JSON lines for programs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

import click
import orjson

from streams.cli.options import broker_option, data_dir_option
from streams.cli.terminal import cell, data_stream, make_console, say, shown
from streams.kafka.decision_reader import Decision, DecisionReader, ReadFrom
from streams.local.data_dir import load_command_settings
from streams.services.groups import PARTLY
from streams.services.wording import OUTCOME_STYLES, group_of, match_in_words, reason_in_words, shown_in_words

SPAN_FORM = re.compile(r"(\d{1,9})([smhd])")
SPAN_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
NEWEST_SHOWN = 100
COLUMNS = (("decided", 8), ("outcome", 14), ("media id", 44), ("same as", 36), ("how", 0))


def _moment(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """Milliseconds since the epoch."""
    if value is None:
        return None
    span = SPAN_FORM.fullmatch(value)
    try:
        if span:
            moment = datetime.now(UTC) - timedelta(**{SPAN_UNITS[span[2]]: int(span[1])})
        else:
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.astimezone()
        return max(0, round(moment.timestamp() * 1000))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter("a span such as 90s, 10m, 2h, 7d, or a time such as 2026-01-31T09:30.") from error


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with new ones until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One decision a line on stdout, and nothing else.")
@click.option("--collection", help="Only those of this collection.")
@click.option("--since", metavar="SPAN|TIME", callback=_moment, help="10m, 2h, 7d, or 2026-01-31T09:30.")
@click.option("--limit", type=click.IntRange(1), help="The newest N; with --follow: end after N.")
@broker_option
@data_dir_option
def command(
    follow: bool,
    as_json: bool,
    collection: str | None,
    since: int | None,
    limit: int | None,
    broker: str | None,
    data_dir: Path | None,
) -> int:
    """Read the decisions that are there, each once.

    With --follow and without --since, only those that come from now on.
    """
    settings = load_command_settings(broker=broker, data_dir=data_dir)
    start: ReadFrom = since if since is not None else "end" if follow else "beginning"
    with DecisionReader(settings, start) as reader:
        found = (d for d in _endless(reader) if collection in (None, d["collection"]))
        if follow:
            _print_following(found, limit, as_json=as_json)
        else:
            _print_newest(reader, collection, limit, as_json=as_json)
        if reader.skipped_records:
            say(f"{reader.skipped_records:,} records in {reader.topic} are no decisions and were passed over.")
    return 0


def _endless(reader: DecisionReader) -> Iterator[Decision]:
    while True:
        read = reader.read()
        yield from read
        if not read:
            data_stream().flush()
            reader.refresh_partitions()


def _print_following(decisions: Iterator[Decision], limit: int | None, *, as_json: bool) -> None:
    if not as_json:
        say(_line([name for name, _ in COLUMNS]))
    stream, flushed_at = data_stream(), time.monotonic()
    for number, decision in enumerate(decisions, start=1):
        line = orjson.dumps(decision) if as_json else _line(row_of(decision)).encode()
        stream.write(line + b"\n")
        if time.monotonic() - flushed_at > 0.1 or number == limit:
            stream.flush()
            flushed_at = time.monotonic()
        if number == limit:
            return


def _print_newest(reader: DecisionReader, collection: str | None, limit: int | None, *, as_json: bool) -> None:
    if as_json and limit is None:
        while not reader.at_end:
            for decision in reader.read():
                if collection in (None, decision["collection"]):
                    data_stream().write(orjson.dumps(decision) + b"\n")
        return
    keep = limit or NEWEST_SHOWN
    newest: list[Decision] = []
    count = 0
    while not reader.at_end:
        read = [decision for decision in reader.read() if collection in (None, decision["collection"])]
        count += len(read)
        newest = sorted(newest + read, key=itemgetter("decided_at"))[-keep:]
    if as_json:
        for decision in newest:
            data_stream().write(orjson.dumps(decision) + b"\n")
        return
    if not newest:
        say("There are no decisions yet. Publish something with `mediasieve publish`.")
        return
    make_console(stderr=False).print(table_of(newest))
    if count > len(newest):
        say(f"The newest {len(newest):,} of {count:,}; --limit shows more, --json all.")


def row_of(decision: Decision) -> list[str]:
    """What a person sees of a decision: when, outcome, what, copy of what, and how or why."""
    match, failure = decision.get("match"), decision.get("failure")
    how = _how(match) if match else reason_in_words(failure["reason"]) if failure else ""
    how = "; ".join(part for part in (how, *shown_in_words(decision)) if part)
    decided = str(decision["decided_at"])[11:19]
    return [decided, decision["outcome"], decision["media_id"], match["media_id"] if match else "", how]


def _how(match: dict[str, Any]) -> str:
    """What was undone; and whose group it is, where that is not the medium it was found to be the same as."""
    _, first = group_of(match)
    is_elsewhere = first != match["media_id"] and match.get("relation") not in PARTLY
    return f"{match_in_words(match)}; in the group of {first}" if is_elsewhere else match_in_words(match)


def table_of(decisions: list[Decision]) -> Any:
    """A rich table of decisions, in the order given."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, _ in COLUMNS:
        table.add_column(name, overflow="fold", no_wrap=name in ("decided", "outcome"))
    for decision in decisions:
        decided, outcome, *rest = row_of(decision)
        table.add_row(decided, cell(outcome, OUTCOME_STYLES.get(outcome, "")), *map(cell, rest))
    return table


def _line(row: list[str]) -> str:
    cells = (shown(text).ljust(width) for text, (_, width) in zip(row, COLUMNS, strict=True))
    return "  ".join(cells).rstrip()
