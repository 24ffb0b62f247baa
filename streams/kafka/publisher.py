"""Sends records to the public topics: many submissions with a receipt each, or one or many records of any topic.

`streams.services` makes the records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaException, Producer

from streams.config.settings import Settings
from streams.errors import BrokerError
from streams.kafka.clients import make_producer, reach_broker
from streams.kafka.topics import SUBMISSIONS, wire_name

QUEUE_KBYTES = 64 << 10
CANCEL_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """One submission, ready to send."""

    media_id: str
    submission_id: str
    value: bytes = field(repr=False)
    headers: list[tuple[str, bytes]]
    by_reference: bool
    key: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of sending one record: its place in Kafka, or the `error` that kept it out."""

    record: SubmissionRecord
    partition: int | None
    offset: int | None
    error: str | None


class Publisher:
    """An idempotent producer of submissions, for one thread. It remembers only how many records are unanswered.

    Args:
        topic: media.submissions, or that of the bulk lane; without the deployment's prefix.
        on_receipt: called once for every record, from within `send`, `poll`, `finish` and `cancel`.

    Raises:
        BrokerError: the broker is away, or has no such topic.
    """

    def __init__(self, settings: Settings, on_receipt: Callable[[Receipt], None], *, topic: str = SUBMISSIONS) -> None:
        self.topic = wire_name(settings, topic)
        self._on_receipt = on_receipt
        self._unanswered = 0
        self._producer = make_producer(settings, queue_buffering_max_kbytes=QUEUE_KBYTES)
        reach_broker(settings)
        if self.topic not in reach_broker(settings, self._producer).topics:  # also connects the producer
            raise BrokerError(
                f"Kafka at {settings.kafka.bootstrap_servers} has no topic {self.topic}; run `mediasieve topics apply`."
            )

    def send(self, record: SubmissionRecord) -> None:
        """Queues a record; waits while the queue to the broker is full."""

        def on_delivery(error: Any, message: Any) -> None:
            self._unanswered -= 1
            if error is not None:
                self._on_receipt(Receipt(record, None, None, error.str()))
            else:
                self._on_receipt(Receipt(record, message.partition(), message.offset(), None))

        while True:
            try:
                self._producer.produce(
                    self.topic, record.value, record.key, headers=record.headers, on_delivery=on_delivery
                )
            except BufferError:
                self._poll(0.1)
            except KafkaException as error:
                self._on_receipt(Receipt(record, None, None, error.args[0].str()))
                return
            else:
                self._unanswered += 1
                self._poll(0.0)
                return

    def poll(self) -> None:
        """Passes on the receipts that have arrived; never waits."""
        self._poll(0.0)

    def finish(self) -> None:
        """Waits for all receipts. A record that gets no answer fails after librdkafka's delivery timeout."""
        while self._unanswered:
            self._poll(0.1)

    def cancel(self) -> None:
        """Gives up the records that are still queued; their receipts have an error."""
        self._producer.purge()
        deadline = time.monotonic() + CANCEL_TIMEOUT_S
        while self._unanswered and time.monotonic() < deadline:
            self._poll(0.1)

    def _poll(self, timeout_s: float) -> None:
        try:
            self._producer.poll(timeout_s)
        except SystemError as error:  # confluent-kafka turns a Ctrl-C during a callback into this
            raise KeyboardInterrupt from error


def publish_record(
    settings: Settings, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]
) -> tuple[int, int]:
    """Sends one record and waits until Kafka has it; returns its partition and offset.

    Args:
        settings: name the broker.
        topic: without the deployment's prefix.
        key: of the record.
        value: of the record.
        headers: of the record.

    Raises:
        BrokerError: the broker is away, has no such topic, or does not take the record.
    """
    name, producer = _producer_for(settings, topic)
    answers: list[tuple[Any, Any]] = []
    try:
        producer.produce(name, value, key, headers=headers, on_delivery=lambda *answer: answers.append(answer))
    except KafkaException as error:
        raise BrokerError(f"Kafka did not take the record: {error.args[0].str()}") from error
    while not answers:
        producer.poll(0.1)
    refused, message = answers[0]
    if refused is not None:
        raise BrokerError(f"Kafka did not take the record: {refused.str()}")
    return message.partition(), message.offset()


Record = tuple[bytes, bytes, list[tuple[str, bytes]]]
"""Key, value and headers."""


def publish_records(settings: Settings, topic: str, records: Iterable[Record]) -> int:
    """Sends many records in order, and waits until Kafka has all of them; returns their number.

    Args:
        settings: name the broker.
        topic: without the deployment's prefix.
        records: made while they are sent, so that few are in memory.

    Raises:
        BrokerError: the broker is away, has no such topic, or does not take a record. Others may have been sent.
    """
    name, producer = _producer_for(settings, topic)
    refused: list[str] = []

    def on_delivery(error: Any, message: Any) -> None:
        if error is not None:
            refused.append(error.str())

    sent = 0
    for key, value, headers in records:
        while not refused:
            try:
                producer.produce(name, value, key, headers=headers, on_delivery=on_delivery)
                break
            except BufferError:
                producer.poll(0.1)
            except KafkaException as error:
                refused.append(error.args[0].str())
        producer.poll(0)
        if refused:
            break
        sent += 1
    while not refused and len(producer):
        producer.poll(0.1)
    if refused:
        producer.purge()
        raise BrokerError(f"Kafka did not take a record: {refused[0]}")
    return sent


def _producer_for(settings: Settings, topic: str) -> tuple[str, Producer]:
    """The topic's name on the wire, and a producer that is connected."""
    name = wire_name(settings, topic)
    reach_broker(settings)
    producer = make_producer(settings, queue_buffering_max_kbytes=QUEUE_KBYTES)
    if name not in reach_broker(settings, producer).topics:
        raise BrokerError(
            f"Kafka at {settings.kafka.bootstrap_servers} has no topic {name}; run `mediasieve topics apply`."
        )
    return name, producer
