"""A consumer for readers that live long: it lets a broker rest that answers at once when it has nothing.

Apache Kafka keeps a fetch open until there is a record. The embedded broker answers with nothing, and librdkafka asks
again and again, which takes both of them a third of a core. Such a broker is asked from time to time where its
partitions end, and for records only when there are some.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from confluent_kafka import OFFSET_END, OFFSET_INVALID, Consumer, KafkaException, Message, TopicPartition

from streams.config.settings import Settings
from streams.kafka.clients import make_consumer

STATISTICS_INTERVAL_MS: Final = 1_000
MANY_EMPTY_ANSWERS: Final = 30
"""A broker that gives so many more answers than records in STATISTICS_INTERVAL_MS answers at once."""

REST_S: Final = 0.05
REQUEST_TIMEOUT_S: Final = 5.0


class RestingConsumer:
    """Reads partitions of one topic, for one thread. It joins no group.

    Args:
        settings: name the broker.
        topic: its name on the broker.
        group: for the broker's logs and rights.
        overrides: as `make_consumer` takes them.

    Attributes:
        consumer: of librdkafka.
        position: by partition that is read, the next offset.
        answers_at_once: whether the broker was seen to.
    """

    def __init__(self, settings: Settings, topic: str, group: str, **overrides: Any) -> None:
        self.answers_at_once = False
        self.position: dict[int, int] = {}
        self._topic = topic
        self._answers = self._records = 0
        self._paused = False
        self.consumer: Consumer = make_consumer(
            settings, group, statistics_interval_ms=STATISTICS_INTERVAL_MS, stats_cb=self._count_answers, **overrides
        )

    def begin(self, position: Mapping[int, int]) -> None:
        """Read these partitions, too, from these offsets on."""
        self.consumer.incremental_assign([TopicPartition(self._topic, *place) for place in position.items()])
        self.position.update(position)
        self._paused = False  # not all of them

    def consume(self, most: int, timeout_s: float) -> list[Message]:
        """The next records and errors as soon as there is one; an empty list if none came in time.

        Args:
            most: records at most.
            timeout_s: how long to wait.
        """
        deadline = time.monotonic() + timeout_s
        messages = self._await_records(deadline) if self.answers_at_once else None
        if messages is None:
            messages = self.consumer.consume(1, max(deadline - time.monotonic(), 0.0))
        if messages and most > 1:
            messages += self.consumer.consume(most - 1, 0.0)
        self._records += len(messages)
        for message in messages:
            partition, offset = message.partition(), message.offset()
            if message.error() is None and partition is not None and offset is not None:
                self.position[partition] = offset + 1
        return messages

    def _count_answers(self, statistics: str) -> None:
        brokers = orjson.loads(statistics)["brokers"].values()
        answers = sum(broker.get("req", {}).get("Fetch", 0) for broker in brokers)
        if answers - self._answers > self._records + MANY_EMPTY_ANSWERS:
            self.answers_at_once = True
        self._answers, self._records = answers, 0

    def _await_records(self, deadline: float) -> list[Message] | None:
        """None once there are records, or the broker is away, which librdkafka deals with; at the deadline, none."""
        while True:
            try:
                some = self._has_records()
                if some == self._paused:
                    (self.consumer.resume if some else self.consumer.pause)(self._places(self.position))
                    self._paused = not some
                    if some:  # a resume leaves librdkafka's thread of the broker asleep; any request wakes it
                        self._has_records()
            except KafkaException:
                return None
            if some:
                return None
            messages: list[Message] = self.consumer.consume(1, 0.0)  # what came meanwhile; serves statistics
            left_s = deadline - time.monotonic()
            if messages or left_s <= 0:
                return messages
            time.sleep(min(REST_S, left_s))

    def _has_records(self) -> bool:
        """Whether the broker has records beyond the position."""
        asked = self._places(self.position, OFFSET_END)
        ends = self.consumer.offsets_for_times(asked, timeout=REQUEST_TIMEOUT_S) if asked else []
        return any(end.error or end.offset > self.position[end.partition] for end in ends)

    def _places(self, partitions: Iterable[int], offset: int = OFFSET_INVALID) -> list[TopicPartition]:
        return [TopicPartition(self._topic, partition, offset) for partition in partitions]

    def close(self) -> None:
        self.consumer.close()
