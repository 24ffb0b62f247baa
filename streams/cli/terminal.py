"""How the command line speaks: data on stdout, talk on stderr, nothing a terminal could misread.

What is said stands with the commands.
"""

from __future__ import annotations

import sys
from typing import BinaryIO, NoReturn

import click
from rich.console import Console
from rich.text import Text

PLAIN_WIDTH_CHARS = 160


class PipeConsole(Console):
    """A console that leaves a closed pipe to whoever called, as plain `print` does."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def make_console(*, stderr: bool) -> Console:
    """A console for one command; wide where it is no terminal, because nobody can widen a log."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH_CHARS
    return PipeConsole(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def data_stream() -> BinaryIO:
    """Stdout for JSON lines; buffered, so flush when a reader should see them."""
    return click.get_binary_stream("stdout")


def say(message: str = "") -> None:
    """One line to whoever watches; never mixed into data."""
    click.echo(message, err=True)


def shown(text: str) -> str:
    """Foreign text made safe to print: control characters (of a file's name, say) are spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def cell(text: str, style: str = "") -> Text:
    """A table's cell from foreign text: no markup, no control characters, cut in the middle of nothing."""
    return Text(shown(text), style=style, overflow="fold")


def human_bytes(size_bytes: float) -> str:
    """`3.1 MB`, in powers of ten as file managers count."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"
