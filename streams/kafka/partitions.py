"""Which partition a key belongs to, and keys that lead to every partition of a topic."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Final

from aiokafka.partitioner import murmur2

from streams.config.settings import Settings
from streams.errors import BrokerError
from streams.kafka.clients import reach_broker
from streams.kafka.topics import wire_name

_POSITIVE: Final = 0x7FFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Java clients, librdkafka with `murmur2_random`, aiokafka and Faust choose for a key."""
    return int((murmur2(key) & _POSITIVE) % partitions)


def keys_of_partitions(name: str, partitions: int) -> list[bytes]:
    """For each partition a key that begins with a name and leads to it."""
    keys: dict[int, bytes] = {}
    for number in count():
        key = f"{name}\0{number}".encode()
        keys.setdefault(partition_of(key, partitions), key)
        if len(keys) == partitions:
            break
    return [keys[partition] for partition in range(partitions)]


class TopicPartitions:
    """Asks the broker once how many partitions a topic has. That of a keyed topic never changes.

    Args:
        settings: name the broker.
        topic: without the deployment's prefix.
    """

    def __init__(self, settings: Settings, topic: str) -> None:
        self._settings = settings
        self._topic = topic
        self._partitions: int | None = None

    async def keys(self, name: str) -> list[bytes]:
        """For each partition of the topic a key that begins with `name` and leads to it.

        Raises:
            BrokerError: the broker is away, or has no such topic.
        """
        if self._partitions is None:
            self._partitions = await asyncio.to_thread(self._ask)
        return keys_of_partitions(name, self._partitions)

    def _ask(self) -> int:
        name = wire_name(self._settings, self._topic)
        topic = reach_broker(self._settings).topics.get(name)
        if topic is None or not topic.partitions:
            raise BrokerError(f"Kafka has no topic {name}; run `mediasieve topics apply`.")
        return len(topic.partitions)
