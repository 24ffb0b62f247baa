"""Follows media.decisions with little work a record: for one process that serves many waiters and subscribers.

Unlike `DecisionReader` it decodes nothing, drops no repeats, and starts at a position that names every partition.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.config.settings import Settings
from streams.errors import BrokerError
from streams.kafka.clients import reach_broker
from streams.kafka.readers.resting_consumer import RestingConsumer
from streams.kafka.topics import DECISIONS, wire_name

REQUEST_TIMEOUT_S: Final = 10.0
REFRESH_INTERVAL_S: Final = 30.0
MAX_RECORDS: Final = 500

Position = Mapping[int, int]
"""The next offset of every partition."""


@dataclass(frozen=True, slots=True)
class TailRecord:
    """One record of media.decisions; `timestamp_ms` is since the epoch."""

    partition: int
    offset: int
    timestamp_ms: int
    value: bytes = field(repr=False)


class DecisionTail:
    """Reads the decisions since a position; for one thread. It joins no group and commits nothing.

    Args:
        settings: name the broker.
        start: the next offset of partitions; those that it does not name, and all where it is None, start at the end.

    Raises:
        BrokerError: the broker is away, or has no such topic.
    """

    def __init__(self, settings: Settings, start: Position | None = None) -> None:
        self._settings = settings
        self.topic = wire_name(settings, DECISIONS)
        group = f"{settings.kafka.group_prefix}-decisions-tail"
        self._resting = RestingConsumer(settings, self.topic, group, fetch_wait_max_ms=500)
        self._consumer = self._resting.consumer
        try:
            self._begin(start or {})
        except BaseException:
            self.close()
            raise
        self._refreshed_at = time.monotonic()

    @property
    def position(self) -> dict[int, int]:
        """The next offset by partition."""
        return self._resting.position

    def read(self, timeout_s: float = 0.5) -> list[TailRecord]:
        """The next records as soon as there is one; an empty list if none came in time.

        Raises:
            BrokerError: the broker refuses.
        """
        self._refresh_partitions()
        found = []
        for message in self._resting.consume(MAX_RECORDS, timeout_s):
            trouble = message.error()
            if trouble is None:
                found.append(_record(message))
            elif not trouble.retriable() and trouble.code() != KafkaError._ALL_BROKERS_DOWN:
                raise BrokerError(f"reading {self.topic} failed: {trouble.str()}")
        return found

    def close(self) -> None:
        self._resting.close()

    def _begin(self, start: Position) -> None:
        metadata = reach_broker(self._settings, self._consumer).topics.get(self.topic)
        if metadata is None or not metadata.partitions:
            raise BrokerError(
                f"Kafka at {self._settings.kafka.bootstrap_servers} has no topic {self.topic}; "
                "run `mediasieve topics apply`."
            )
        position = {}
        try:
            for number in metadata.partitions:
                place = TopicPartition(self.topic, number)
                low, high = self._consumer.get_watermark_offsets(place, timeout=REQUEST_TIMEOUT_S)
                position[number] = min(max(start.get(number, high), low), high)
            self._resting.begin(position)
        except KafkaException as error:
            raise BrokerError(f"reading {self.topic} failed: {error.args[0].str()}") from error

    def _refresh_partitions(self) -> None:
        """Partitions that were added to the topic are read from their beginning."""
        now = time.monotonic()
        if now - self._refreshed_at < REFRESH_INTERVAL_S:
            return
        self._refreshed_at = now
        try:
            partitions = reach_broker(self._settings, self._consumer).topics[self.topic].partitions
        except (BrokerError, KeyError):
            return
        added = [number for number in partitions if number not in self.position]
        if added:
            self._resting.begin(dict.fromkeys(added, 0))


def _record(message: Any) -> TailRecord:
    return TailRecord(message.partition(), message.offset(), message.timestamp()[1], message.value() or b"")
