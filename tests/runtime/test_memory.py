"""A flood of records does not make a worker's memory grow: it is read from outside, with a real broker."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from streams.config.settings import Settings
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import FINGERPRINTS, SUBMISSIONS, wire_name
from streams.runtime.memory import MemoryReturn
from tests.support.brokers import Namespace
from tests.support.media import jpeg
from tests.support.processes import PeakMemory, end, launch, tail

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

#: A large record is larger than the share of the stage, three quarters of this.
BUDGET_BYTES = 24 << 20
#: The budget, what an answer takes three times while it is read, one record beyond the bound and its dead letter.
ALLOWED_MB = 260
PARTITIONS = 8
Record = tuple[bytes, bytes, int]


@pytest.fixture
def settings(apache: Namespace, tmp_path: Path) -> Settings:
    found = apache.settings(tmp_path, in_flight_bytes=BUDGET_BYTES, worker_id="w")
    apply_topics(found)
    return found


def publish(settings: Settings, records: Iterator[Record]) -> None:
    """Publish (key, value, partition) as pictures inside the records, with few of them in memory."""
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "message.max.bytes": 32 << 20})
    topic = wire_name(settings, SUBMISSIONS)
    for key, value, partition in records:
        while True:
            try:
                producer.produce(topic, value, key, partition, headers=[("content-type", b"image/jpeg")])
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0


@contextmanager
def worker(settings: Settings, log: Path) -> Iterator[tuple[int, float]]:
    """A fingerprint worker that has taken the first record: its process id, and its memory by then in MiB."""
    names = ("broker", "topic_prefix", "group_prefix", "data_dir", "in_flight_bytes", "worker_id")
    command = [sys.executable, "-m", "streams.cli", "worker", "--stages", "fingerprint", "--http", ""]
    process = launch(command, log=log, env=settings.environment(*names))
    try:
        publish(settings, iter([(b"first", jpeg(size=(64, 48)), 7)]))
        answers(settings, {b"first"})
        with PeakMemory(process.pid) as peak:
            pass
        yield process.pid, peak.rss_mb
        assert process.poll() is None, tail(log)
    finally:
        end(process)


def answers(settings: Settings, keys: set[bytes], timeout_s: float = 120.0) -> list[Message]:
    """The fingerprint records of these media, each the first of its medium, in the order in which they were sent."""
    consumer = Consumer({"bootstrap.servers": settings.kafka.bootstrap_servers, "group.id": "reader"})
    topic = wire_name(settings, FINGERPRINTS)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    found: dict[bytes, Message] = {}
    deadline = time.monotonic() + timeout_s
    while found.keys() < keys and time.monotonic() < deadline:
        for message in consumer.consume(5_000, 0.2):
            media_id = dict(message.headers() or [])["ce_subject"]
            if media_id in keys:
                found.setdefault(media_id, message)
    consumer.close()
    assert found.keys() == keys, f"{len(keys) - len(found)} submissions have no answer"
    return sorted(found.values(), key=lambda message: message.timestamp()[1])


def media_ids(messages: Sequence[Message]) -> list[bytes]:
    return [dict(message.headers() or [])["ce_subject"] for message in messages]


def test_a_flood_of_large_records_takes_no_more_than_the_budget_and_stops_no_other_partition(
    settings: Settings, tmp_path: Path
) -> None:
    """Every other one is no picture, and becomes a dead letter of its size."""
    picture = jpeg(size=(64, 48))
    flood = {b"flood-%d" % n for n in range(30)}
    others = {b"other-%d" % n for n in range(60)}

    def records() -> Iterator[Record]:
        for n in range(len(flood)):
            yield b"flood-%d" % n, (picture if n % 2 else b"none") + bytes([n]) * 20_000_000, n % 2
        for n in range(len(others)):
            yield b"other-%d" % n, picture + b"%d" % n, 2 + n % 6

    with worker(settings, tmp_path / "worker.log") as (pid, ready_mb), PeakMemory(pid) as peak:
        publish(settings, records())
        sent = media_ids(answers(settings, flood | others))
    assert peak.rss_mb - ready_mb < ALLOWED_MB
    last_other = max(sent.index(media_id) for media_id in others)
    assert any(media_id in flood for media_id in sent[last_other:])  # the others did not wait for the flood


def test_a_flood_of_small_records_takes_no_more_than_the_budget(settings: Settings, tmp_path: Path) -> None:
    """Fifty thousand that carry no bytes: each becomes a record of failure and a dead letter."""
    flood = {b"%d" % n for n in range(50_000)}

    with worker(settings, tmp_path / "worker.log") as (pid, ready_mb), PeakMemory(pid) as peak:
        publish(settings, ((b"%d" % n, b"", n % PARTITIONS) for n in range(len(flood))))
        answers(settings, flood)
    assert peak.rss_mb - ready_mb < ALLOWED_MB


def test_memory_goes_back_once_after_each_busy_time() -> None:
    due = MemoryReturn(busy_bytes=10, quiet_s=5.0)
    held = [(0, 0), (10, 1), (0, 5), (0, 6), (0, 7), (0, 20), (11, 21), (0, 26)]
    assert [due.is_due(held_bytes, now) for held_bytes, now in held] == [False] * 3 + [True] + [False] * 3 + [True]
