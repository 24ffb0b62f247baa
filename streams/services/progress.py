"""How a service reports its progress. The command line shows a bar; without a terminal, pass `no_progress`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """Counts finished items."""

    def advance(self, items: int = 1, size_bytes: int = 0) -> None: ...


class TrackProgress(Protocol):
    """Shows the progress of a task while its block runs; `total` is None where nobody knows it."""

    def __call__(self, task: str, total: int | None = None) -> AbstractContextManager[Progress]: ...


class _NoProgress:
    def advance(self, items: int = 1, size_bytes: int = 0) -> None:
        return


@contextmanager
def no_progress(task: str, total: int | None = None) -> Iterator[Progress]:
    """A `TrackProgress` that shows nothing."""
    yield _NoProgress()
