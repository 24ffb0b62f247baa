"""Reads lines from standard input or a file while other work goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import UnsupportedOperation
from select import select
from typing import IO

IDLE_INTERVAL_S = 0.1
READ_BYTES = 64 << 10
MAX_LINE_BYTES = 1 << 20


def read_lines(file: IO[bytes], on_idle: Callable[[], None]) -> Iterator[bytes]:
    """The lines of a pipe or a file as they come; while none comes, `on_idle` is called ten times a second.

    A line that is longer than any valid submission is split.
    """
    rest = b""
    try:
        descriptor = file.fileno()
    except UnsupportedOperation:  # a file in memory
        yield from file
        return
    while True:
        while not select([descriptor], [], [], IDLE_INTERVAL_S)[0]:
            on_idle()
        part = os.read(descriptor, READ_BYTES)
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
        if not part or len(rest) > MAX_LINE_BYTES:
            yield rest
            rest = b""
        if not part:
            return
