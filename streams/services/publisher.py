"""Sends submissions to Kafka and counts what became of each. What is sent is made in outgoing.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException

from streams.config.settings import Settings
from streams.errors import BrokerError
from streams.kafka.clients import make_producer, reach_broker
from streams.kafka.topics import SUBMISSIONS, wire_name
from streams.services.outgoing import Outgoing

QUEUE_KBYTES = 64 << 10
CANCEL_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one submission: its place in Kafka, or the `error` that kept it out."""

    sent: Outgoing
    partition: int | None
    offset: int | None
    error: str | None


class Publisher:
    """Idempotent producer of media.submissions that remembers nothing but counts; for one thread.

    Args:
        on_receipt: called in `send` and `finish` once for every submission sent.

    Raises:
        BrokerError: the broker is away, or has no such topic.
    """

    def __init__(self, settings: Settings, on_receipt: Callable[[Receipt], None]) -> None:
        self.topic = wire_name(settings, SUBMISSIONS)
        self._on_receipt = on_receipt
        self._waiting = 0
        self._producer = make_producer(settings, queue_buffering_max_kbytes=QUEUE_KBYTES)
        reach_broker(settings)
        if self.topic not in reach_broker(settings, self._producer).topics:  # connects it, too
            raise BrokerError(
                f"Kafka at {settings.kafka.bootstrap_servers} has no topic {self.topic}; run `mediasieve topics apply`."
            )

    def send(self, outgoing: Outgoing) -> None:
        """Hand one submission over; waits while the queue to the broker is full."""

        def delivered(error: Any, message: Any) -> None:
            self._waiting -= 1
            if error is not None:
                self._on_receipt(Receipt(outgoing, None, None, error.str()))
            else:
                self._on_receipt(Receipt(outgoing, message.partition(), message.offset(), None))

        while True:
            try:
                self._producer.produce(
                    self.topic, outgoing.value, outgoing.key, headers=outgoing.headers, on_delivery=delivered
                )
            except BufferError:
                self._poll(0.1)
            except KafkaException as error:
                self._on_receipt(Receipt(outgoing, None, None, error.args[0].str()))
                return
            else:
                self._waiting += 1
                self._poll(0.0)
                return

    def _poll(self, timeout_s: float) -> None:
        try:
            self._producer.poll(timeout_s)
        except SystemError as error:  # what the binding makes of a Ctrl-C that comes while it calls back
            raise KeyboardInterrupt from error

    def look(self) -> None:
        """Hear of what the broker has answered meanwhile."""
        self._poll(0.0)

    def finish(self) -> None:
        """Wait until the broker has answered for every submission; it fails after librdkafka's delivery timeout."""
        while self._waiting:
            self._poll(0.1)

    def cancel(self) -> None:
        """Give up what is still on its way; each of those gets a receipt with an error."""
        self._producer.purge()
        deadline = time.monotonic() + CANCEL_AFTER_S
        while self._waiting and time.monotonic() < deadline:
            self._poll(0.1)
