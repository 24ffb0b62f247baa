"""Reads single submissions of both lanes by their place, while Kafka keeps them."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.config.settings import Settings
from streams.domain.records import Origin, Submission, decode_submission
from streams.errors import BadInput, BrokerError
from streams.kafka.clients import make_consumer, reach_broker
from streams.kafka.topics import BULK_SUBMISSIONS, SUBMISSIONS, plain_name, reader_group, wire_name

REQUEST_TIMEOUT_S: Final = 10.0
MAX_SILENCE_S: Final = 30.0


class SubmissionReader:
    """Reads submissions by partition and offset; for one thread. It joins no group and commits nothing.

    Raises:
        BrokerError: the broker is away.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        known = reach_broker(settings).topics
        self._places: set[tuple[str, int]] = {
            (topic, partition)
            for topic in (SUBMISSIONS, BULK_SUBMISSIONS)
            if (found := known.get(wire_name(settings, topic))) is not None
            for partition in found.partitions
        }
        self._consumer = make_consumer(settings, reader_group(settings, SUBMISSIONS), enable_partition_eof=True)

    def read(self, topic: str, partition: int, offset: int) -> Submission | None:
        """The submission at a place; None if Kafka no longer has it, or if it is not a valid submission.

        Args:
            topic: as records name it, without the prefix of a deployment, or with it.

        Raises:
            BrokerError: the broker refuses, or does not answer.
        """
        topic = plain_name(self._settings, topic)
        if (topic, partition) not in self._places:
            return None
        on_wire = wire_name(self._settings, topic)
        try:
            place = TopicPartition(on_wire, partition, offset)
            low, high = self._consumer.get_watermark_offsets(place, timeout=REQUEST_TIMEOUT_S)
            if not low <= offset < high:
                return None
            self._consumer.assign([place])
        except KafkaException as error:
            raise BrokerError(f"reading {on_wire} failed: {error.args[0].str()}") from error
        deadline = time.monotonic() + MAX_SILENCE_S
        while time.monotonic() < deadline:
            message = self._consumer.poll(0.1)
            if message is None or (message.partition(), message.topic()) != (partition, on_wire):
                continue
            trouble = message.error()
            if trouble is not None and trouble.code() != KafkaError._PARTITION_EOF:
                if trouble.retriable():
                    continue
                raise BrokerError(f"reading {on_wire} failed: {trouble.str()}")
            if trouble is not None or message.offset() != offset:
                return None
            origin = Origin(topic, partition, offset)
            try:
                return decode_submission(
                    key=message.key(),
                    value=message.value(),
                    headers=message.headers() or [],
                    origin=origin,
                    timestamp_ms=message.timestamp()[1],
                )
            except BadInput:
                return None
        raise BrokerError(
            f"Kafka at {self._settings.kafka.bootstrap_servers} has been silent for {MAX_SILENCE_S:.0f} s."
        )

    def close(self) -> None:
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
