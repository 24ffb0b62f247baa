"""How an agent declares itself: what comes in, which function is called, what state it has. No running here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from streams.domain.records import RawRecord
from streams.errors import BadInput
from streams.runtime.runners.view import KeyedBatch, Work


async def _nothing() -> None:
    return


def _nothing_to_forget() -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all kinds have. `open` and `close` bring up and shut down what the function needs."""

    name: str
    reads: tuple[str, ...]
    open: Callable[[], Awaitable[None]] = _nothing
    close: Callable[[], Awaitable[None]] = _nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedStage(Stage):
    """Decides in partition order with state in `table`: `process` runs on one thread, a batch at a time.

    `process` reads and changes state and emits outputs through the batch it is given; it must not block
    on anything but that. What it raises ends the worker: bad records are for it to dead-letter.
    `forget` is called on the same thread when partitions were taken away: what the function keeps in memory of any
    partition's state must go, for others change that state from then on.
    """

    table: str
    process: Callable[[KeyedBatch], None]
    forget: Callable[[], None] = _nothing_to_forget


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrentStage(Stage):
    """Slow work, many records at once, no state: `handle` deals with one record and emits outputs.

    It returns None if it could do so at once, without blocking, and otherwise what is left to be awaited, beside that
    of other records. Outputs go out as they complete, except that those of equal record keys keep their order. What
    `handle` raises ends the worker: bad input is for it to dead-letter.
    """

    handle: Callable[[Work], Coroutine[Any, Any, None] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStage(Stage):
    """Writes rows elsewhere: `write` takes the records of one topic (unprefixed) and returns the undecodable.

    It is tried again as long as it raises SinkError, and must be idempotent. `ping` tells whether the other side is
    in reach, and serves readiness.
    """

    write: Callable[[str, Sequence[RawRecord]], Awaitable[list[tuple[RawRecord, BadInput]]]]
    ping: Callable[[], Awaitable[bool]]
    max_rows: int
    max_bytes: int
    max_age_s: float
