"""What every stage declares, and what a kind of stage brings to be run. The kinds are in runners/, one file each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streams.config.byte_shares import SMALL_RECORDS_WEIGHT
from streams.config.settings import Settings
from streams.runtime.context import StageContext
from streams.runtime.ledger import Delivery
from streams.runtime.watchdog import Watchdog

if TYPE_CHECKING:
    import faust

    from streams.runtime.tables.table import Table


async def _do_nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many records and bytes of a stage may be in flight, and how many of each one fetch brings.

    `gather_s` is how long records that come slowly are gathered, so that they come together: a fetch, its delivery and
    the writes it leads to cost as much for one record as for twenty.
    """

    max_records: int
    max_bytes: int
    fetch_records: int
    fetch_bytes: int
    gather_s: float = 0.016


class Runner(ABC):
    """Runs one stage in one worker. All methods are called on the event loop.

    `table` is the stage's table, or None for a stage without state.
    """

    table: Table | None = None

    @abstractmethod
    async def process(self, delivery: Delivery) -> None:
        """Start the work on a delivery; returns when the next delivery may come, which is before the work has ended."""

    @property
    def obstacle(self) -> str | None:
        """Why the stage cannot do its work now although its partitions are assigned, or None."""
        return None

    def on_committed(self, partitions: Iterable[int]) -> None:
        """Offsets of the given partitions were committed."""
        return

    @abstractmethod
    def on_revoked(self) -> None:
        """All partitions were taken away; their batches are stale."""

    @abstractmethod
    async def close(self) -> None:
        """End all work; what has not ended is done by the next owner of the partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(ABC):
    """A step of the stream, as an agent declares it. A subclass is a kind of stage.

    Topics are without the deployment's prefix. A stage that emits to a topic outside `writes` ends the worker.

    Args:
        name: also names the consumer group.
        reads: the topics whose records the stage gets.
        writes: the topics that the stage emits to, dead letters included. The changelog of a table is not listed.
        looks_up: the topics from which the stage reads single records, by partition and offset.
        open: prepares what the stage needs, before partitions are assigned.
        close: releases what the stage needs.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    looks_up: tuple[str, ...] = ()
    open: Callable[[], Awaitable[None]] = _do_nothing
    close: Callable[[], Awaitable[None]] = _do_nothing

    @property
    def changelogs(self) -> tuple[str, ...]:
        """The topics that the stage's tables are rebuilt from; the stage both writes and reads them."""
        return ()

    @property
    def weight(self) -> int:
        """How much of the worker's budget of bytes the stage gets, in proportion to the others' weights."""
        return SMALL_RECORDS_WEIGHT

    @abstractmethod
    def bounds(self, settings: Settings, share_bytes: int) -> Bounds:
        """How much may be in flight; `share_bytes` is the stage's share of the worker's budget."""

    @abstractmethod
    def runner(self, context: StageContext, app: faust.App) -> Runner:
        """A new runner. Call on the running loop; `app` gets the stage's table, if it has one."""

    @abstractmethod
    def work_timeout_s(self, settings: Settings) -> float | None:
        """How long it may take until one of the records in flight is finished; None for as long as it takes."""

    def watchdog(self, settings: Settings) -> Watchdog:
        """Tells when this stage stands still."""
        return Watchdog(
            self.name,
            settings.runtime.watchdog_timeout_s,
            rebalance_timeout_s=settings.kafka.rebalance_timeout_s,
            work_timeout_s=self.work_timeout_s(settings),
        )
