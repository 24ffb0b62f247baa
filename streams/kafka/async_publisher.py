"""One producer for a process whose event loop serves many requests: a record in, its place in Kafka out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaException

from streams.config.settings import Settings
from streams.errors import BrokerError, Overloaded
from streams.kafka.clients import make_producer
from streams.kafka.topics import wire_name

POLL_S: Final = 0.1
CLOSE_TIMEOUT_S: Final = 5.0
QUEUE_KBYTES: Final = 256 << 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where Kafka has a record."""

    partition: int
    offset: int


class AsyncPublisher:
    """An idempotent producer with acks=all for one event loop. A thread of its own passes on the answers.

    Args:
        settings: name the broker. It may be away: then every `publish` fails after `timeout_s`.
        max_bytes: of the records that wait for their answer; more are refused.
        timeout_s: after which a record that Kafka did not take fails.
    """

    def __init__(self, settings: Settings, *, max_bytes: int, timeout_s: float = 15.0) -> None:
        self._settings = settings
        self._max_bytes = max_bytes
        self.waiting_bytes = 0
        self._loop = asyncio.get_running_loop()
        self._producer = make_producer(
            settings, queue_buffering_max_kbytes=QUEUE_KBYTES, delivery_timeout_ms=int(timeout_s * 1000), linger_ms=0
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="publisher", daemon=True)
        self._thread.start()

    async def publish(self, topic: str, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes | None]]) -> Place:
        """Sends a record and waits until all in-sync replicas have it.

        Args:
            topic: without the deployment's prefix.
            key: of the record.
            value: of the record.
            headers: of the record.

        Raises:
            Overloaded: too many bytes wait already.
            BrokerError: Kafka did not take the record.
        """
        size_bytes = len(value)
        if self.waiting_bytes and self.waiting_bytes + size_bytes > self._max_bytes:
            raise Overloaded("too many bytes wait for Kafka")
        done: asyncio.Future[Place] = self._loop.create_future()

        def on_delivery(error: Any, message: Any) -> None:
            place = None if error is not None else Place(message.partition(), message.offset())
            self._loop.call_soon_threadsafe(_settle, done, place, error)

        try:
            self._producer.produce(
                wire_name(self._settings, topic), value, key, headers=list(headers), on_delivery=on_delivery
            )
        except BufferError as error:
            raise Overloaded("the queue to Kafka is full") from error
        except KafkaException as error:
            raise BrokerError(f"Kafka did not take the record: {error.args[0].str()}") from error
        self.waiting_bytes += size_bytes
        try:
            return await done
        finally:
            self.waiting_bytes -= size_bytes

    async def close(self) -> None:
        """Waits a few seconds for the records that are on their way."""
        await asyncio.to_thread(self._producer.flush, CLOSE_TIMEOUT_S)
        self._ended.set()
        await asyncio.to_thread(self._thread.join)

    def _poll(self) -> None:
        while not self._ended.is_set():
            self._producer.poll(POLL_S)


def _settle(done: asyncio.Future[Place], place: Place | None, error: Any) -> None:
    if done.done():  # nobody waits any more
        return
    if place is None:
        done.set_exception(BrokerError(f"Kafka did not take the record: {error.str()}"))
    else:
        done.set_result(place)
