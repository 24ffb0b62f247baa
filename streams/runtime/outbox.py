"""Outputs through librdkafka, and barriers that resolve once Kafka has acknowledged them. No Faust in here."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from streams.errors import DeliveryFailed
from streams.kafka.outputs import OutputHeaders
from streams.runtime.in_flight import InFlight

logger = logging.getLogger(__name__)

#: With more messages in the queue, code on the event loop should produce from a thread.
CROWDED_MESSAGES = 20_000

#: Acknowledgements wait so long for others. The thread that takes them would wake up, and want the GIL, for each alone.
GATHER_S = 0.003

#: How long Kafka may be away before a message counts as lost and the worker ends.
DELIVERY_TIMEOUT_S = 60.0


class Barrier:
    """Counts the messages that are produced under it, and resolves once all are acknowledged.

    One thread (or the loop) produces, the outbox's thread counts deliveries. Each counter has one writer, so no lock is
    needed: the thread that sees both counters equal completes the barrier. `changelog_offsets` has the highest offset
    of the changelog records under the barrier, by partition.

    Args:
        loop: where `callback` is called.
        callback: called once all messages are acknowledged.
        in_flight: the account in which the messages count from `seal` on until then.
    """

    __slots__ = (
        "_callback",
        "_delivered",
        "_expected",
        "_in_flight",
        "_loop",
        "changelog_offsets",
        "produced",
        "size_bytes",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None], in_flight: InFlight | None = None
    ) -> None:
        self._loop = loop
        self._callback: Callable[[], None] | None = callback
        self._in_flight = in_flight
        self._delivered = 0
        self._expected = -1
        self.produced = 0
        self.size_bytes = 0
        self.changelog_offsets: dict[int, int] = {}

    def delivered(self) -> None:
        self._delivered += 1
        if self._delivered == self._expected:
            self._loop.call_soon_threadsafe(self._complete)

    def seal(self) -> None:
        """Nothing more will be produced. Call once, in the event loop's thread."""
        if self._in_flight is not None:
            self._in_flight.add_outputs(self.size_bytes)
        self._expected = self.produced
        if self._delivered == self._expected:
            self._loop.call_soon_threadsafe(self._complete)

    def _complete(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            if self._in_flight is not None:
                self._in_flight.remove_outputs(self.size_bytes)
            callback()


class Outbox:
    """One librdkafka producer a process: idempotent, acks=all, bounded by count and bytes.

    Args:
        config: librdkafka's settings for an idempotent producer, from `producer_config` in kafka/clients.py.
        on_failure: called once, from another thread, with the first delivery that failed for good; the
            owner must end the process without committing.
        max_bytes: the bound of the queue; `produce` waits while the queue is full.
        delivery_timeout_s: how long Kafka may be away before a delivery counts as failed.
    """

    def __init__(
        self,
        config: dict[str, Any],
        on_failure: Callable[[DeliveryFailed], None],
        *,
        max_bytes: int = 128 << 20,
        delivery_timeout_s: float = DELIVERY_TIMEOUT_S,
    ) -> None:
        self._producer = Producer(
            {
                **config,
                "queue.buffering.max.kbytes": max_bytes >> 10,
                "delivery.timeout.ms": int(delivery_timeout_s * 1000),
            },
            logger=logger,
        )
        self._on_failure = on_failure
        self._failed = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="outbox", daemon=True)
        self._thread.start()

    def produce(
        self,
        barrier: Barrier,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        headers: OutputHeaders = None,
    ) -> None:
        """Hand over one message; blocks while the queue is full, so it is not for the event loop's hot path.

        Raises:
            DeliveryFailed: Kafka does not take the message.
        """

        def on_delivery(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._fail(error, message)
            else:
                barrier.delivered()

        barrier.produced += 1
        barrier.size_bytes += len(value or b"") + len(key or b"")
        self._produce(topic, value, key, -1, on_delivery, headers)

    def produce_changelog(
        self, barrier: Barrier, topic: str, partition: int, changes: Sequence[tuple[bytes, bytes | None]]
    ) -> None:
        """Hand over the changes of a table's partition, in order; blocks and raises as `produce` does."""

        def on_delivery(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._fail(error, message)
            else:
                offset = message.offset()
                if offset is not None and offset > barrier.changelog_offsets.get(partition, -1):
                    barrier.changelog_offsets[partition] = offset
                barrier.delivered()

        for key, value in changes:
            barrier.produced += 1
            barrier.size_bytes += len(value or b"") + len(key or b"")
            self._produce(topic, value, key, partition, on_delivery, None)

    def _produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        on_delivery: Callable[[KafkaError | None, Message], None],
        headers: OutputHeaders,
    ) -> None:
        while True:
            try:
                if headers is None:
                    self._producer.produce(topic, value, key, partition, on_delivery)
                else:
                    self._producer.produce(topic, value, key, partition, on_delivery, headers=headers)
                return
            except BufferError as error:
                if self._failed.is_set() or self._stopped.is_set():
                    raise DeliveryFailed("the outbox is closed") from error
                time.sleep(0.005)

    @property
    def crowded(self) -> bool:
        """Whether producing now might have to wait for room."""
        return len(self._producer) > CROWDED_MESSAGES

    def close(self) -> None:
        """Stop. Messages without an acknowledgement are dropped: their input was not committed."""
        self._stopped.set()
        self._thread.join(timeout=5)
        self._producer.purge()
        self._producer.flush(1)

    def _poll(self) -> None:
        while not self._stopped.is_set():
            if self._producer.poll(0.5):
                self._stopped.wait(GATHER_S)

    def _fail(self, error: KafkaError, message: Message) -> None:
        if self._stopped.is_set() or self._failed.is_set():
            return
        self._failed.set()
        self._on_failure(
            DeliveryFailed(
                f"Kafka did not take a message for {message.topic()}: {error.str()}. The worker ends without "
                "committing; check the broker and start it again, nothing is lost."
            )
        )
