"""Reads media.decisions as a consumer with exactly-once effects does: repeats of a `decision_id` are dropped.

Nothing is committed and no group is joined, so reading disturbs nobody. What is printed is in decisions.py.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from types import TracebackType
from typing import Any, Literal, Self

import orjson
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.cli.terminal import say
from streams.config.settings import Settings
from streams.domain.records import format_timestamp
from streams.errors import BrokerError
from streams.kafka.clients import make_consumer, reach_broker
from streams.kafka.topics import DECISIONS, wire_name

#: So many decisions are remembered to tell repeats: repeats come soon after a worker's restart.
REMEMBERED = 1_000_000
SILENCE_S = 30.0
REFRESH_S = 30.0
REQUEST_TIMEOUT_S = 10.0

Decision = dict[str, Any]
ReadFrom = Literal["beginning", "end"] | int


class DecisionReader:
    """Decisions since `start`: the beginning, the end (only new ones), or milliseconds since the epoch.

    Each is its JSON object with `decided_at` added, the time of its Kafka record. For one thread.

    Raises:
        BrokerError: the broker is away, or has no such topic.
    """

    def __init__(self, settings: Settings, start: ReadFrom = "beginning") -> None:
        self._settings = settings
        self.topic = wire_name(settings, DECISIONS)
        self.skipped_records = 0
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._away = False
        reach_broker(settings)
        self._consumer = make_consumer(
            settings,
            f"{settings.kafka.group_prefix}-decisions-reader",
            enable_partition_eof=True,
            error_cb=self._heard,
        )
        self._ends: dict[int, int] = {}
        self._positions: dict[int, int] = {}
        self._assign(start)
        self._heard_at = self._refreshed_at = time.monotonic()

    @property
    def at_end(self) -> bool:
        """Everything that was there when this reader began has been read."""
        return all(self._positions[partition] >= end for partition, end in self._ends.items())

    def read(self, timeout_s: float = 0.1) -> list[Decision]:
        """The next decisions, none of them seen before; empty if none came in time.

        Raises:
            BrokerError: the broker fell silent before everything that was there has been read, or refuses.
        """
        found = []
        for message in self._consumer.consume(500, timeout_s):
            self._heard_at = time.monotonic()
            error = message.error()
            if error is None:
                self._positions[message.partition()] = message.offset() + 1
                decision = self._decode(message)
                if decision is not None:
                    found.append(decision)
            elif error.code() == KafkaError._PARTITION_EOF:
                self._positions[message.partition()] = message.offset()
            elif not error.retriable():
                raise BrokerError(f"reading {self.topic} failed: {error.str()}")
        if not self.at_end and time.monotonic() - self._heard_at > SILENCE_S:
            raise BrokerError(
                f"Kafka at {self._settings.kafka.bootstrap_servers} has been silent for {SILENCE_S:.0f} s."
            )
        return found

    def refresh_partitions(self) -> None:
        """To be called now and then while waiting for more: finds partitions that were added, says that all is well."""
        now = time.monotonic()
        if now - self._refreshed_at < REFRESH_S:
            return
        self._refreshed_at = now
        try:
            partitions = reach_broker(self._settings, self._consumer).topics[self.topic].partitions
        except (BrokerError, KeyError):
            return
        added = [p for p in partitions if p not in self._positions]
        if added:
            self._consumer.incremental_assign([TopicPartition(self.topic, p, 0) for p in added])
            self._positions.update(dict.fromkeys(added, 0))

    def close(self) -> None:
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _assign(self, start: ReadFrom) -> None:
        try:
            known = self._consumer.list_topics(timeout=REQUEST_TIMEOUT_S).topics.get(self.topic)
            if known is None:
                raise BrokerError(
                    f"Kafka at {self._settings.kafka.bootstrap_servers} has no topic {self.topic}; "
                    "run `mediasieve topics apply`."
                )
            places = [TopicPartition(self.topic, partition) for partition in known.partitions]
            lows = {}
            for place in places:
                low, high = self._consumer.get_watermark_offsets(place, timeout=REQUEST_TIMEOUT_S)
                lows[place.partition], self._ends[place.partition] = low, high
            if isinstance(start, int):
                asked = [TopicPartition(self.topic, place.partition, start) for place in places]
                found = self._consumer.offsets_for_times(asked, timeout=REQUEST_TIMEOUT_S)
                begin = {p.partition: p.offset if p.offset >= 0 else self._ends[p.partition] for p in found}
            else:
                begin = lows if start == "beginning" else dict(self._ends)
        except KafkaException as error:
            self._consumer.close()
            raise BrokerError(f"reading {self.topic} failed: {error.args[0].str()}") from error
        self._positions = begin
        self._consumer.assign([TopicPartition(self.topic, p, offset) for p, offset in begin.items()])

    def _decode(self, message: Any) -> Decision | None:
        try:
            decision = orjson.loads(message.value() or b"")
            identity = bytes.fromhex(decision["decision_id"].replace("-", ""))
        except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError, ValueError):
            self.skipped_records += 1  # somebody else wrote here
            return None
        if identity in self._seen:
            return None
        self._seen[identity] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return {**decision, "decided_at": format_timestamp(message.timestamp()[1])}

    def _heard(self, error: Any) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN and not self._away:
            self._away = True
            say(f"Kafka at {self._settings.kafka.bootstrap_servers} is away; waiting for it.")
