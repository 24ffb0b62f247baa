"""What the match stage keeps in memory of its partitions: made of their state, swept with it, dropped when they go."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from streams import metrics
from streams.domain.match.decide import MatchInput, State
from streams.domain.match.expiry import remove_expired
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.state.content import from_old_layout
from streams.domain.state.keys import CONTENT_PREFIX, FRAMES_PREFIX, OLD_CONTENT_PREFIX

logger = logging.getLogger(__name__)

MEASURE_EVERY_S = 5.0
SWEEP_EVERY_S = 1.0
COMMITTED_AFTER_S = 120.0


class PartitionState(State, Protocol):
    """The state of one partition, which can be read through."""

    @property
    def partition(self) -> int: ...
    def scan(self, prefix: bytes = b"", after: bytes = b"") -> Iterator[tuple[bytes, bytes]]: ...


class PartitionIndexes:
    """The near spaces of each partition, for use by one thread."""

    def __init__(self) -> None:
        self._spaces: dict[int, CollectionIndexes] = {}
        self._sweeps: dict[int, Sweep] = {}
        self._measure_at = 0.0

    def of(self, state: PartitionState) -> CollectionIndexes:
        """A partition's spaces, made of its state when they are first asked for."""
        spaces = self._spaces.get(state.partition)
        return self._open(state) if spaces is None else spaces

    def keep(self, state: PartitionState, decided: Sequence[MatchInput]) -> None:
        """After a batch: sweep a little of what is forgotten, if there is anything that can be."""
        partition = state.partition
        if any(each.fingerprint.policy.retention_days is not None for each in decided):
            self._sweeps.setdefault(partition, Sweep())
        if partition in self._sweeps and decided:
            self._sweeps[partition].go_on(state, self._spaces[partition], max(each.time_ms for each in decided))
        if time.monotonic() >= self._measure_at:
            self._measure()

    def forget(self) -> None:
        """Drop everything: others may change the state from now on."""
        self._spaces.clear()
        self._sweeps.clear()
        self._measure()

    def _open(self, state: PartitionState) -> CollectionIndexes:
        """Read a state, and bring what an earlier version wrote to the layout of this one."""
        begun_at = time.perf_counter()
        spaces = CollectionIndexes()
        spaces.load(state.scan(CONTENT_PREFIX), state.scan(FRAMES_PREFIX))
        for key, value in state.scan(OLD_CONTENT_PREFIX):
            new_key, content = from_old_layout(key, value)
            state.put(new_key, content.pack())
            state.put(key, None)
        took_s = time.perf_counter() - begun_at
        metrics.INDEX_REBUILD_SECONDS.inc(took_s)
        if len(spaces):
            logger.info("partition %d: %d contents to compare with, in %.2f s", state.partition, len(spaces), took_s)
        self._spaces[state.partition] = spaces
        return spaces

    def _measure(self) -> None:
        metrics.INDEXED_CONTENTS.set(sum(map(len, self._spaces.values())))
        metrics.INDEX_BYTES.set(sum(spaces.memory_bytes for spaces in self._spaces.values()))
        self._measure_at = time.monotonic() + MEASURE_EVERY_S


class Sweep:
    """Takes out of one partition's state what is forgotten, a little now and then.

    Forgotten is what expired before records that came in a while ago: these are committed, so that nothing of an
    earlier time will be decided again.
    """

    def __init__(self) -> None:
        self._after = b""
        self._sweep_at = self._committed_at = 0.0
        self._committed_ms = self._latest_ms = 0

    def go_on(self, state: PartitionState, spaces: CollectionIndexes, latest_ms: int) -> None:
        now = time.monotonic()
        if now >= self._committed_at:
            self._committed_ms, self._latest_ms = self._latest_ms, latest_ms
            self._committed_at = now + COMMITTED_AFTER_S
        if now >= self._sweep_at:
            self._after = remove_expired(state.scan(after=self._after), self._committed_ms, state, spaces)
            self._sweep_at = now + SWEEP_EVERY_S
