"""What the match stage keeps in memory for its partitions: indexes built from their state, and when contents expire."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from streams import metrics
from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.match.expiry import remove_expired
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.moderation.deletions.erasure import erase
from streams.domain.moderation.effects import Refusal
from streams.domain.state.content import from_old_layout
from streams.domain.state.keys import CONTENT_PREFIX, ERASURE_PREFIX, FRAMES_PREFIX, OLD_CONTENT_PREFIX
from streams.domain.state.state import State

logger = logging.getLogger(__name__)

MEASURE_INTERVAL_S = 5.0
EXPIRY_INTERVAL_S = 1.0
#: From the end of a state to the next sweep from its beginning: a small state is not swept all the time.
ROUND_INTERVAL_S = 10.0
COMMITTED_AFTER_S = 120.0


class PartitionState(State, Protocol):
    """The state of one partition, with scans."""

    @property
    def partition(self) -> int: ...
    def scan(self, prefix: bytes = b"", after: bytes = b"") -> Iterator[tuple[bytes, bytes]]: ...


def time_of(record: MatchInput | ModerationInput) -> int:
    """The time of a record, in ms since the epoch."""
    return record.time_ms if isinstance(record, MatchInput) else record.at.time_ms


class PartitionIndexes:
    """The indexes of every partition, for use by one thread."""

    def __init__(self) -> None:
        self._indexes: dict[int, CollectionIndexes] = {}
        self._expiries: dict[int, Expiry] = {}
        self._measure_at = 0.0

    def of(self, state: PartitionState) -> CollectionIndexes:
        """A partition's indexes, built from its state at the first call."""
        indexes = self._indexes.get(state.partition)
        return self._build(state) if indexes is None else indexes

    def expire(self, state: PartitionState, decided: Sequence[MatchInput | ModerationInput]) -> list[Refusal]:
        """Call after each batch: removes a few expired contents and decisions, and events that waited too long."""
        partition, refusals = state.partition, list[Refusal]()
        if decided:
            expiry = self._expiries.setdefault(partition, Expiry())
            refusals = expiry.advance(state, self._indexes[partition], max(map(time_of, decided)))
        if time.monotonic() >= self._measure_at:
            self._measure()
        return refusals

    def clear(self) -> None:
        """Drop everything: other workers may change the state from now on."""
        self._indexes.clear()
        self._expiries.clear()
        self._measure()

    def _build(self, state: PartitionState) -> CollectionIndexes:
        """Read a state, and convert what an earlier version wrote to the layout of this version."""
        begun_at = time.perf_counter()
        indexes = CollectionIndexes()
        indexes.load(state.scan(CONTENT_PREFIX), state.scan(FRAMES_PREFIX))
        indexes.moderated.load(state.scan)
        for key, value in state.scan(OLD_CONTENT_PREFIX):
            new_key, content = from_old_layout(key, value)
            state.put(new_key, content.pack())
            state.put(key, None)
        took_s = time.perf_counter() - begun_at
        metrics.INDEX_REBUILD_SECONDS.inc(took_s)
        if len(indexes):
            logger.info("partition %d: %d contents to compare with, in %.2f s", state.partition, len(indexes), took_s)
        self._indexes[state.partition] = indexes
        return indexes

    def _measure(self) -> None:
        metrics.INDEXED_CONTENTS.set(sum(map(len, self._indexes.values())))
        waiting = (sum(indexes.moderated.waiting.values()) for indexes in self._indexes.values())
        metrics.MODERATION_WAITING.set(sum(waiting))
        metrics.INDEX_BYTES.set(sum(indexes.memory_bytes for indexes in self._indexes.values()))
        lists = [indexes.moderated.lists for indexes in self._indexes.values()]
        metrics.LIST_ENTRIES.set(sum(map(len, lists)))
        metrics.LIST_BYTES.set(sum(each.memory_bytes for each in lists))
        self._measure_at = time.monotonic() + MEASURE_INTERVAL_S


class Expiry:
    """Removes expired contents and decisions from one partition's state, and the remains of deletions, a few at a time.

    An entry is removed if it expired before records that came in a while ago. Those records are committed, so that
    nothing from before will be decided again.
    """

    def __init__(self) -> None:
        self._after = b""
        self._next_step_at = self._committed_at = 0.0
        self._committed_ms = self._latest_ms = 0

    def advance(self, state: PartitionState, indexes: CollectionIndexes, latest_ms: int) -> list[Refusal]:
        """Remove a few entries, at most once a second; returns the moderation events among them.

        `latest_ms` is the latest time of the batch's records.
        """
        now = time.monotonic()
        if now >= self._committed_at:
            self._committed_ms, self._latest_ms = self._latest_ms, latest_ms
            self._committed_at = now + COMMITTED_AFTER_S
        if now < self._next_step_at:
            return []
        erase(state.scan(ERASURE_PREFIX), self._committed_ms, state)
        self._after, refusals = remove_expired(state.scan(after=self._after), self._committed_ms, state, indexes)
        self._next_step_at = now + (EXPIRY_INTERVAL_S if self._after else ROUND_INTERVAL_S)
        return refusals
