"""Reads media.decisions as a consumer with exactly-once effects does: a repeated `decision_id` is dropped.

A reader joins no group and commits nothing, so it disturbs nobody.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import orjson
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.config.settings import Settings
from streams.domain.records import Decision, format_timestamp
from streams.errors import BadInput, BrokerError
from streams.kafka.clients import make_consumer, reach_broker
from streams.kafka.topics import DECISIONS, reader_group, wire_name

#: How many decision ids are remembered to drop repeats. Repeats come soon after a worker's restart.
MAX_REMEMBERED_IDS = 1_000_000
MAX_SILENCE_S = 30.0
REFRESH_INTERVAL_S = 30.0
REQUEST_TIMEOUT_S = 10.0

ReadFrom = Literal["beginning", "end"] | int


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision, the bytes of its record, and the time of the record (`decided_at`, RFC 3339)."""

    decision: Decision
    decided_at: str
    value: bytes = field(repr=False)

    def to_json(self) -> bytes:
        """The record's JSON with `decided_at` added. Fields of a later version stay in."""
        return orjson.dumps({**orjson.loads(self.value), "decided_at": self.decided_at})


class DecisionReader:
    """Reads the decisions since `start`: the beginning, the end (only new ones), or milliseconds since the epoch.

    For one thread.

    Args:
        on_broker_away: called once when all brokers are away; the reader goes on and waits for them.

    Raises:
        BrokerError: the broker is away, or has no such topic.
    """

    def __init__(
        self, settings: Settings, start: ReadFrom = "beginning", *, on_broker_away: Callable[[], None] | None = None
    ) -> None:
        self._settings = settings
        self._on_broker_away = on_broker_away
        self.topic = wire_name(settings, DECISIONS)
        self.skipped_records = 0
        self._seen_ids: OrderedDict[bytes, None] = OrderedDict()
        reach_broker(settings)
        self._consumer = make_consumer(
            settings,
            reader_group(settings, DECISIONS),
            enable_partition_eof=True,
            error_cb=self._on_error,
        )
        self._end_offsets: dict[int, int] = {}
        self._next_offsets: dict[int, int] = {}
        self._assign(start)
        self._heard_at = self._refreshed_at = time.monotonic()

    @property
    def at_end(self) -> bool:
        """Every record that existed when this reader started has been read."""
        return all(self._next_offsets[partition] >= end for partition, end in self._end_offsets.items())

    def read(self, timeout_s: float = 0.1) -> list[DecisionRecord]:
        """The next decisions, without repeats; an empty list if none came in time.

        Raises:
            BrokerError: the broker refuses, or fell silent before the reader was at the end.
        """
        found = []
        for message in self._consumer.consume(500, timeout_s):
            self._heard_at = time.monotonic()
            error = message.error()
            if error is None:
                self._next_offsets[message.partition()] = message.offset() + 1
                record = self._decode(message)
                if record is not None:
                    found.append(record)
            elif error.code() == KafkaError._PARTITION_EOF:
                self._next_offsets[message.partition()] = message.offset()
            elif not error.retriable():
                raise BrokerError(f"reading {self.topic} failed: {error.str()}")
        if not self.at_end and time.monotonic() - self._heard_at > MAX_SILENCE_S:
            raise BrokerError(
                f"Kafka at {self._settings.kafka.bootstrap_servers} has been silent for {MAX_SILENCE_S:.0f} s."
            )
        return found

    def refresh_partitions(self) -> None:
        """Finds partitions that were added to the topic. Call it while waiting for more; it asks twice a minute."""
        now = time.monotonic()
        if now - self._refreshed_at < REFRESH_INTERVAL_S:
            return
        self._refreshed_at = now
        try:
            partitions = reach_broker(self._settings, self._consumer).topics[self.topic].partitions
        except (BrokerError, KeyError):
            return
        added = [p for p in partitions if p not in self._next_offsets]
        if added:
            self._consumer.incremental_assign([TopicPartition(self.topic, p, 0) for p in added])
            self._next_offsets.update(dict.fromkeys(added, 0))

    def close(self) -> None:
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _assign(self, start: ReadFrom) -> None:
        try:
            metadata = self._consumer.list_topics(timeout=REQUEST_TIMEOUT_S).topics.get(self.topic)
            if metadata is None:
                raise BrokerError(
                    f"Kafka at {self._settings.kafka.bootstrap_servers} has no topic {self.topic}; "
                    "run `mediasieve topics apply`."
                )
            partitions = [TopicPartition(self.topic, partition) for partition in metadata.partitions]
            low_offsets = {}
            for each in partitions:
                low, high = self._consumer.get_watermark_offsets(each, timeout=REQUEST_TIMEOUT_S)
                low_offsets[each.partition], self._end_offsets[each.partition] = low, high
            if isinstance(start, int):
                times = [TopicPartition(self.topic, each.partition, start) for each in partitions]
                found = self._consumer.offsets_for_times(times, timeout=REQUEST_TIMEOUT_S)
                begin = {p.partition: p.offset if p.offset >= 0 else self._end_offsets[p.partition] for p in found}
            else:
                begin = low_offsets if start == "beginning" else dict(self._end_offsets)
        except KafkaException as error:
            self._consumer.close()
            raise BrokerError(f"reading {self.topic} failed: {error.args[0].str()}") from error
        self._next_offsets = begin
        self._consumer.assign([TopicPartition(self.topic, p, offset) for p, offset in begin.items()])

    def _decode(self, message: Any) -> DecisionRecord | None:
        """None for a repeat, and for a record that is not a decision: somebody else wrote it."""
        value = message.value() or b""
        try:
            decision = Decision.from_json(value)
            decision_id = bytes.fromhex(decision.decision_id.replace("-", ""))
        except (BadInput, ValueError):
            self.skipped_records += 1
            return None
        if decision_id in self._seen_ids:
            return None
        self._seen_ids[decision_id] = None
        if len(self._seen_ids) > MAX_REMEMBERED_IDS:
            self._seen_ids.popitem(last=False)
        return DecisionRecord(decision, format_timestamp(message.timestamp()[1]), value)

    def _on_error(self, error: Any) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN and self._on_broker_away is not None:
            on_broker_away, self._on_broker_away = self._on_broker_away, None
            on_broker_away()
