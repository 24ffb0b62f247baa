"""Reads single records of media.fingerprints by their place, while Kafka keeps them; for one thread."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.config.settings import Settings
from streams.domain.records import Fingerprint
from streams.errors import BadInput, BrokerError
from streams.kafka.clients import make_consumer
from streams.kafka.topics import FINGERPRINTS, wire_name

MAX_SILENCE_S: Final = 5.0
FETCH_BYTES: Final = 64 << 10


class FingerprintReader:
    """It joins no group and commits nothing. The broker may be away when it is made."""

    def __init__(self, settings: Settings) -> None:
        self.topic = wire_name(settings, FINGERPRINTS)
        self._consumer = make_consumer(
            settings,
            f"{settings.kafka.group_prefix}-fingerprints-reader",
            enable_partition_eof=True,
            fetch_message_max_bytes=FETCH_BYTES,
            queued_max_messages_kbytes=1024,
        )

    def read(self, partition: int, offset: int) -> Fingerprint | None:
        """The fingerprint at a place; None if Kafka no longer has it, or if it is not a valid fingerprint.

        Raises:
            BrokerError: the broker refuses, or does not answer.
        """
        try:
            self._consumer.assign([TopicPartition(self.topic, partition, offset)])
        except KafkaException as error:
            raise BrokerError(f"reading {self.topic} failed: {error.args[0].str()}") from error
        try:
            return self._read(partition, offset)
        finally:
            self._consumer.unassign()  # or it goes on fetching

    def _read(self, partition: int, offset: int) -> Fingerprint | None:
        deadline = time.monotonic() + MAX_SILENCE_S
        while time.monotonic() < deadline:
            message = self._consumer.poll(0.1)
            if message is None or message.partition() != partition:
                continue
            trouble = message.error()
            if trouble is not None and trouble.code() != KafkaError._PARTITION_EOF:
                if trouble.retriable():
                    continue
                raise BrokerError(f"reading {self.topic} failed: {trouble.str()}")
            if trouble is not None or message.offset() != offset:
                return None
            try:
                return Fingerprint.from_json(message.value())
            except BadInput:
                return None
        raise BrokerError(f"Kafka was silent for {MAX_SILENCE_S:g} s while {self.topic} was read")

    def close(self) -> None:
        self._consumer.close()
