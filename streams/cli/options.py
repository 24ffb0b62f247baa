"""Options and arguments that several commands share, and the checks of their values."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from streams.domain.records import COLLECTION_REGEX
from streams.stages import STAGE_NAMES

SPAN_REGEX = re.compile(r"(\d{1,9})([smhd])")
SPAN_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
Function = TypeVar("Function", bound=Callable[..., Any])

#: The type of an argument that names a picture or a video; reading the file tells which.
MEDIA_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def broker_option(function: Function) -> Function:
    return click.option(
        "--broker", metavar="HOST:PORT", help="Kafka; else MEDIASIEVE_BROKER, else what `mediasieve up` runs here."
    )(function)


def data_dir_option(function: Function) -> Function:
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where `mediasieve up` keeps its data; else MEDIASIEVE_DATA_DIR, else .mediasieve.",
    )(function)


def policy_option(function: Function) -> Function:
    return click.option(
        "--policy",
        "policy_file",
        type=click.Path(path_type=Path),
        help="A policy file; else MEDIASIEVE_POLICY_FILE.",
    )(function)


def clickhouse_option(function: Function) -> Function:
    return click.option("--clickhouse", metavar="URL", help="ClickHouse; else MEDIASIEVE_CLICKHOUSE.")(function)


def collection_option(function: Function) -> Function:
    return click.option(
        "--collection",
        default="default",
        show_default=True,
        callback=check_collection,
        help="The namespace in which media are compared.",
    )(function)


def stages_option(function: Function) -> Function:
    return click.option(
        "--stages", default=",".join(STAGE_NAMES), show_default=True, callback=_parse_stages, help="Comma-separated."
    )(function)


def check_collection(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """The name of a collection, or None where none is given."""
    if value is not None and not COLLECTION_REGEX.fullmatch(value):
        raise click.BadParameter("1 to 128 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.")
    return value


def _parse_stages(_ctx: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    unknown = [name for name in names if name not in STAGE_NAMES]
    if unknown or not names:
        raise click.BadParameter(f"{', '.join(unknown) or 'none'}; there are {', '.join(STAGE_NAMES)}.")
    return names


def user_name() -> str | None:
    """The user of this system; None in a container that has no user of this number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def parse_since(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """Milliseconds since the epoch."""
    if value is None:
        return None
    span = SPAN_REGEX.fullmatch(value)
    try:
        if span:
            since = datetime.now(UTC) - timedelta(**{SPAN_UNITS[span[2]]: int(span[1])})
        else:
            since = datetime.fromisoformat(value)
            since = since if since.tzinfo else since.astimezone()
        return max(0, round(since.timestamp() * 1000))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter("a span such as 90s, 10m, 2h, 7d, or a time such as 2026-01-31T09:30.") from error
