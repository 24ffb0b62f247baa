"""How far the match stage has come in media.fingerprints, as its consumer group and the broker say."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.config.settings import Settings
from streams.errors import BrokerError
from streams.kafka.clients import make_consumer
from streams.kafka.topics import FINGERPRINTS, consumer_group, wire_name

REQUEST_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class MatchProgress:
    """By partition: the offset that the next record gets, and the offset up to which records are decided."""

    ends: dict[int, int]
    decided: dict[int, int]


class MatchProgressReader:
    """Asks the broker, to which it connects at the first call; joins no group and commits nothing."""

    def __init__(self, settings: Settings) -> None:
        self._topic = wire_name(settings, FINGERPRINTS)
        self._group = consumer_group(settings, "match")
        self._settings = settings
        self._consumer: Consumer | None = None
        self._partitions: list[TopicPartition] = []
        self._lock = threading.Lock()
        self._closed = False

    def read(self) -> MatchProgress:
        """Blocks for some requests to the broker.

        Raises:
            BrokerError: the broker is away or refuses; the message says which right a worker needs.
        """
        try:
            with self._lock:
                return self._read()
        except KafkaException as error:
            raise BrokerError(
                f"cannot see how far the match stage is ({error.args[0].str()}); bulk submissions wait. The worker "
                f"needs DESCRIBE on the group {self._group} and on the topic {self._topic}."
            ) from error

    def _read(self) -> MatchProgress:
        if self._closed:
            raise BrokerError("closed")
        consumer = self._consumer
        if consumer is None:
            consumer = self._consumer = make_consumer(self._settings, self._group, queued_max_messages_kbytes=1024)
        if not self._partitions:
            found = consumer.list_topics(self._topic, timeout=REQUEST_TIMEOUT_S).topics[self._topic]
            self._partitions = [TopicPartition(self._topic, partition) for partition in found.partitions]
        begins, ends = {}, {}
        for place in self._partitions:  # first, so that no commit is older than the end it is compared with
            begins[place.partition], ends[place.partition] = consumer.get_watermark_offsets(
                place, timeout=REQUEST_TIMEOUT_S
            )
        committed = consumer.committed(self._partitions, timeout=REQUEST_TIMEOUT_S)
        return MatchProgress(ends, {each.partition: max(each.offset, begins[each.partition]) for each in committed})

    def close(self) -> None:
        """Blocks as long as a `read` on another thread."""
        with self._lock:
            self._closed = True
            if self._consumer is not None:
                self._consumer.close()
