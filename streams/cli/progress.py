"""How far something has come: a bar on a terminal, a plain line now and then elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from streams.cli.terminal import human_bytes, make_console, say

PLAIN_EVERY_S = 5.0


class Tracker:
    """Counts items and bytes done; what is shown of it is decided by `tracking`."""

    def __init__(self, what: str, total: int | None) -> None:
        self.what = what
        self.total = total
        self.items = 0
        self.size_bytes = 0
        self.started = time.monotonic()

    def advance(self, items: int = 1, size_bytes: int = 0) -> None:
        self.items += items
        self.size_bytes += size_bytes

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started

    def rate(self) -> str:
        """`120/s, 3.4 MB/s`"""
        seconds = max(self.elapsed_s, 1e-3)
        size = f", {human_bytes(self.size_bytes / seconds)}/s" if self.size_bytes else ""
        return f"{self.items / seconds:,.0f}/s{size}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        return


class PlainTracker(Tracker):
    """Says a line when `PLAIN_EVERY_S` have passed since the last one."""

    def __init__(self, what: str, total: int | None) -> None:
        super().__init__(what, total)
        self._said = self.started

    def advance(self, items: int = 1, size_bytes: int = 0) -> None:
        super().advance(items, size_bytes)
        now = time.monotonic()
        if now - self._said >= PLAIN_EVERY_S:
            self._said = now
            of = f" of {self.total:,}" if self.total is not None else ""
            say(f"{self.what}: {self.items:,}{of}, {self.rate()}")


class BarTracker(Tracker):
    """A bar with count, rate and time to go."""

    def __init__(self, what: str, total: int | None) -> None:
        super().__init__(what, total)
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bar: Any = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=make_console(stderr=True),
        )
        self._task = self._bar.add_task(what, total=total, rate="")

    def advance(self, items: int = 1, size_bytes: int = 0) -> None:
        super().advance(items, size_bytes)
        self._bar.update(self._task, completed=self.items, rate=self.rate())

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


@contextmanager
def tracking(what: str, total: int | None = None) -> Iterator[Tracker]:
    """Show how far `what` has come while the block runs; the caller says `advance`."""
    kind = BarTracker if sys.stderr.isatty() else PlainTracker
    with kind(what, total) as tracker:
        yield tracker
