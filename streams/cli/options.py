"""Options that several commands share, and how their values are checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from streams.domain.records import COLLECTION_REGEX

ALL_STAGES = ("fingerprint", "match", "record")
Function = TypeVar("Function", bound=Callable[..., Any])


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


def _collection(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not COLLECTION_REGEX.fullmatch(value):
        raise click.BadParameter("1 to 128 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.")
    return value


def _stages(_ctx: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    unknown = [name for name in names if name not in ALL_STAGES]
    if unknown or not names:
        raise click.BadParameter(f"{', '.join(unknown) or 'none'}; there are {', '.join(ALL_STAGES)}.")
    return names


def collection_option(function: Function) -> Function:
    return click.option(
        "--collection",
        default="default",
        show_default=True,
        callback=_collection,
        help="The namespace inside which media are compared.",
    )(function)


def stages_option(function: Function) -> Function:
    return click.option(
        "--stages", default=",".join(ALL_STAGES), show_default=True, callback=_stages, help="Comma-separated."
    )(function)
