"""A fingerprint worker under a flood, on Apache Kafka: its memory and its answers are read from outside."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from streams.config.settings import Settings
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import FINGERPRINTS, SUBMISSIONS, wire_name
from tests.support.brokers import Namespace
from tests.support.media import jpeg
from tests.support.patience import PATIENCE_S
from tests.support.processes import PeakMemory, descendants, end, launch, tail

#: A record of 20 MB is larger than the share of the stage, three quarters of this.
BUDGET_BYTES = 24 << 20
#: The budget, what an answer takes three times while it is read, one record beyond the bound and its dead letter.
ALLOWED_MB = 260
PARTITIONS = 8
#: Key, value, partition, content type.
Record = tuple[bytes, bytes, int, bytes | None]
JPEG = b"image/jpeg"


@dataclass
class Worker:
    """A worker that has answered its first record; `ready_mb` is the memory that it had taken by then, in MiB."""

    pid: int
    ready_mb: float

    @property
    def decoders(self) -> list[int]:
        """Its processes that decode; the first is the one that they are forked from."""
        return descendants(self.pid)


class Flood:
    """One deployment: its records, its worker, and the answers.

    Args:
        variables: settings of the worker beside those of the deployment.
    """

    def __init__(self, namespace: Namespace, folder: Path, **variables: Any) -> None:
        self.settings: Settings = namespace.settings(folder, in_flight_bytes=BUDGET_BYTES, worker_id="w", **variables)
        self._names = (*NAMES, *variables)
        self._log = folder / "worker.log"
        apply_topics(self.settings)

    def publish(self, records: Iterator[Record]) -> None:
        """Publish with few of the records in memory."""
        servers = self.settings.kafka.bootstrap_servers
        producer = Producer({"bootstrap.servers": servers, "message.max.bytes": 32 << 20})
        topic = wire_name(self.settings, SUBMISSIONS)
        for key, value, partition, content_type in records:
            headers = [("content-type", content_type)] if content_type else []
            while True:
                try:
                    producer.produce(topic, value, key, partition, headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(60) == 0

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """A worker that is alive at the end, too."""
        command = [sys.executable, "-m", "streams.cli", "worker", "--stages", "fingerprint", "--http", ""]
        process = launch(command, log=self._log, env=self.settings.environment(*self._names))
        try:
            self.publish(iter([(b"first", jpeg(size=(64, 48)), 7, JPEG)]))
            self.answers({b"first"})
            with PeakMemory(process.pid) as peak:
                pass
            yield Worker(process.pid, peak.rss_mb)
            assert process.poll() is None, tail(self._log)
        finally:
            end(process)

    def answers(self, keys: set[bytes], timeout_s: float = PATIENCE_S) -> list[Message]:
        """The fingerprint records of these media, each the first of its medium, in the order they were sent in."""
        consumer = Consumer({"bootstrap.servers": self.settings.kafka.bootstrap_servers, "group.id": "reader"})
        topic = wire_name(self.settings, FINGERPRINTS)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        found: dict[bytes, Message] = {}
        deadline = time.monotonic() + timeout_s
        while found.keys() < keys and time.monotonic() < deadline:
            for message in consumer.consume(5_000, 0.2):
                media_id = dict(message.headers() or [])["ce_subject"]
                if media_id in keys:
                    found.setdefault(media_id, message)
        consumer.close()
        assert found.keys() == keys, f"{len(keys) - len(found)} submissions have no answer:\n{tail(self._log)}"
        return sorted(found.values(), key=lambda message: message.timestamp()[1])


NAMES = ("broker", "topic_prefix", "group_prefix", "data_dir", "in_flight_bytes", "worker_id")


def media_ids(messages: Sequence[Message]) -> list[bytes]:
    return [dict(message.headers() or [])["ce_subject"] for message in messages]


def reasons(messages: Sequence[Message]) -> dict[bytes, str | None]:
    """Why a medium failed, None for one that has facts; by medium."""
    documents = [orjson.loads(message.value() or b"") for message in messages]
    failures = [document["failure"] and document["failure"]["reason"] for document in documents]
    return dict(zip(media_ids(messages), failures, strict=True))


@pytest.fixture
def flood(apache: Namespace, tmp_path: Path) -> Flood:
    return Flood(apache, tmp_path)
