"""How the command line prints: data on stdout, messages on stderr, nothing that a terminal could misread."""

from __future__ import annotations

import sys
from typing import Any, BinaryIO, NoReturn

import click
import orjson
from rich.console import Console

PLAIN_WIDTH_CHARS = 160


class PipeConsole(Console):
    """A console that raises on a closed pipe, as plain `print` does."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def make_console(*, stderr: bool) -> Console:
    """A console for one command. Outside a terminal it is wide, because nobody can widen a log."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH_CHARS
    return PipeConsole(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def data_stream() -> BinaryIO:
    """Stdout for JSON lines. It is buffered: flush it when a reader should see them."""
    return click.get_binary_stream("stdout")


def write_json_line(document: Any) -> None:
    """Writes one line of JSON to stdout, without a flush."""
    data_stream().write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))


def say(message: str = "") -> None:
    """Prints a line for people on stderr, so that it never mixes with data."""
    click.echo(message, err=True)
