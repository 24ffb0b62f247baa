"""Follows media.moderator.callbacks: every worker that asks moderators reads all of it, and commits nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Callable
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from streams.config.settings import Settings
from streams.errors import BrokerError
from streams.kafka.clients import reach_broker
from streams.kafka.readers.resting_consumer import RestingConsumer
from streams.kafka.topics import CALLBACKS, reader_group, wire_name

logger = logging.getLogger(__name__)

RETRY_S: Final = 2.0
POLL_S: Final = 0.2
REQUEST_TIMEOUT_S: Final = 10.0
QUEUE_KBYTES: Final = 4 << 10
MOST_RECORDS: Final = 100


class CallbackFollower:
    """Reads on a thread of its own, from `since_s` before it begins.

    Args:
        settings: name the broker. It may be away: then reading begins when it is back.
        since_s: how far back answers are read that came while no worker ran.
    """

    def __init__(self, settings: Settings, since_s: float) -> None:
        self._settings = settings
        self._since_s = since_s
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, deliver: Callable[[uuid.UUID, bytes], None]) -> None:
        """Begin to read; `deliver` gets a question and its answer on the event loop that runs now."""
        since_ms = int((time.time() - self._since_s) * 1000)
        arguments = (asyncio.get_running_loop(), deliver, since_ms)
        self._thread = threading.Thread(target=self._run, args=arguments, name="callbacks", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        self._ended.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _run(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[uuid.UUID, bytes], None], since_ms: int) -> None:
        topic, group = wire_name(self._settings, CALLBACKS), reader_group(self._settings, CALLBACKS)
        resting = RestingConsumer(self._settings, topic, group, queued_max_messages_kbytes=QUEUE_KBYTES)
        try:
            while not self._ended.is_set():
                try:
                    resting.begin(self._position(resting.consumer, topic, since_ms))
                    break
                except (BrokerError, KafkaException) as error:
                    logger.warning("answers of moderators cannot be read yet: %s", error)
                    self._ended.wait(RETRY_S)
            while not self._ended.is_set():
                for message in resting.consume(MOST_RECORDS, POLL_S):
                    if message.error() is None:
                        _pass_on(message, loop, deliver)
        finally:
            resting.close()

    def _position(self, consumer: Consumer, topic: str, since_ms: int) -> dict[int, int]:
        """Where the records from then on begin, by partition."""
        known = reach_broker(self._settings, consumer, REQUEST_TIMEOUT_S).topics.get(topic)
        if known is None or not known.partitions:
            raise BrokerError(f"there is no topic {topic}; run `mediasieve topics apply`")
        asked = [TopicPartition(topic, partition, since_ms) for partition in known.partitions]
        found = consumer.offsets_for_times(asked, timeout=REQUEST_TIMEOUT_S)
        return {
            place.partition: place.offset
            if place.offset >= 0
            else consumer.get_watermark_offsets(place, timeout=REQUEST_TIMEOUT_S)[1]
            for place in found
        }


def _pass_on(message: Message, loop: asyncio.AbstractEventLoop, deliver: Callable[[uuid.UUID, bytes], None]) -> None:
    try:
        question = uuid.UUID((message.key() or b"").decode("ascii"))
    except ValueError:
        return  # nobody but the API is to write to this topic
    loop.call_soon_threadsafe(deliver, question, message.value() or b"")
