"""Progress on stderr: a bar on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from streams.cli.terminal import make_console, say
from streams.services.text import human_bytes

PLAIN_INTERVAL_S = 5.0


class Tracker:
    """Counts finished items and their bytes. It shows nothing; the subclasses do."""

    def __init__(self, task: str, total: int | None) -> None:
        self.task = task
        self.total = total
        self.items = 0
        self.size_bytes = 0
        self.started_at = time.monotonic()

    def advance(self, items: int = 1, size_bytes: int = 0) -> None:
        self.items += items
        self.size_bytes += size_bytes

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started_at

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
    """Prints a line, at most one in `PLAIN_INTERVAL_S`."""

    def __init__(self, task: str, total: int | None) -> None:
        super().__init__(task, total)
        self._printed_at = self.started_at

    def advance(self, items: int = 1, size_bytes: int = 0) -> None:
        super().advance(items, size_bytes)
        now = time.monotonic()
        if now - self._printed_at >= PLAIN_INTERVAL_S:
            self._printed_at = now
            of = f" of {self.total:,}" if self.total is not None else ""
            say(f"{self.task}: {self.items:,}{of}, {self.rate()}")


class BarTracker(Tracker):
    """Shows a bar with count, rate and remaining time."""

    def __init__(self, task: str, total: int | None) -> None:
        super().__init__(task, total)
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
        self._task_id = self._bar.add_task(task, total=total, rate="")

    def advance(self, items: int = 1, size_bytes: int = 0) -> None:
        super().advance(items, size_bytes)
        self._bar.update(self._task_id, completed=self.items, rate=self.rate())

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


@contextmanager
def track_progress(task: str, total: int | None = None) -> Iterator[Tracker]:
    """Shows the progress of a task while the block runs. The block calls `advance`."""
    kind = BarTracker if sys.stderr.isatty() else PlainTracker
    with kind(task, total) as tracker:
        yield tracker
