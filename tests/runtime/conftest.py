"""Workers in the test's own event loop, on real brokers, with small stages made for the tests."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from streams.config.settings import Settings
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import wire_name
from streams.runtime.stage import Stage
from streams.runtime.worker import Worker
from tests.support.brokers import Namespace
from tests.support.patience import PATIENCE_S


@dataclass
class Bench:
    """One deployment on one broker with its topics: starts workers, publishes and reads records."""

    namespace: Namespace
    data_dir: Path
    overrides: dict[str, object] = field(default_factory=dict)

    def settings(self, worker_id: str = "w0") -> Settings:
        quick = {"session_timeout_s": 6.0, "heartbeat_s": 0.5, "commit_interval_s": 0.1, "http": "", "linger_ms": 1.0}
        return self.namespace.settings(self.data_dir, worker_id=worker_id, **{**quick, **self.overrides})

    def topic(self, name: str) -> str:
        return wire_name(self.settings(), name)

    def publish(
        self,
        topic: str,
        records: Sequence[tuple[bytes | None, bytes | None, int]],
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Produce (key, value, partition) to an unprefixed topic and wait for the acknowledgements."""
        producer = Producer({"bootstrap.servers": self.namespace.bootstrap})
        name = self.topic(topic)
        for key, value, partition in records:
            producer.produce(name, value, key, partition, headers=list(headers))
        assert producer.flush(30) == 0

    def read(self, topic: str, until: Callable[[list[Message]], bool], timeout_s: float = PATIENCE_S) -> list[Message]:
        """All records of an unprefixed topic from the beginning, until `until` holds or time is up."""
        consumer = Consumer({"bootstrap.servers": self.namespace.bootstrap, "group.id": "reader"})
        name = self.topic(topic)
        partitions = consumer.list_topics(name, timeout=10).topics[name].partitions
        consumer.assign([TopicPartition(name, partition, 0) for partition in partitions])
        found: list[Message] = []
        deadline = time.monotonic() + timeout_s
        while not until(found) and time.monotonic() < deadline:
            found += [message for message in consumer.consume(500, 0.2) if message.error() is None]
        consumer.close()
        return found

    def committed(self, topic: str, partition: int, stage: str) -> int:
        """The committed offset of a stage's group, -1001 for none."""
        settings = self.settings()
        group = f"{settings.kafka.topic_prefix}{settings.kafka.group_prefix}-{stage}"
        consumer = Consumer({"bootstrap.servers": self.namespace.bootstrap, "group.id": group})
        (answer,) = consumer.committed([TopicPartition(self.topic(topic), partition)], timeout=10)
        consumer.close()
        return int(answer.offset)

    @contextlib.asynccontextmanager
    async def worker(self, *stages: Stage, worker_id: str = "w0") -> AsyncIterator[Worker]:
        """A worker whose partitions are assigned and tables recovered; stopped at the end."""
        worker = Worker(self.settings(worker_id), stages)
        running = asyncio.create_task(worker.run())
        try:
            await eventually(lambda: running.done() or all("out of reach" in what for what in worker.not_ready()))
            yield worker
        finally:
            worker.stop()
            await running


async def eventually(holds: Callable[[], bool], *, blocking: bool = False, timeout_s: float = PATIENCE_S) -> None:
    """Return once `holds()`; fail after `timeout_s`. A `blocking` condition runs on a thread."""
    deadline = time.monotonic() + timeout_s
    while not (await asyncio.to_thread(holds) if blocking else holds()):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


@pytest.fixture
def bench(broker: Namespace, tmp_path: Path) -> Bench:
    bench = Bench(broker, tmp_path)
    apply_topics(bench.settings())
    return bench
