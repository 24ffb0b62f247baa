"""A reader that lives long lets the embedded broker rest, and reads on as soon as there are records."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.config.settings import Settings
from streams.kafka.readers.resting_consumer import RestingConsumer
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import DECISIONS, load_topics, wire_name
from tests.support.brokers import Namespace
from tests.support.patience import PATIENCE_S

PARTITIONS = load_topics()[DECISIONS].partitions


@pytest.fixture
def settings(broker: Namespace, tmp_path: Path) -> Settings:
    settings = broker.settings(tmp_path)
    apply_topics(settings)
    return settings


def publish(settings: Settings, numbers: range) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers})
    for number in numbers:
        producer.produce(wire_name(settings, DECISIONS), f"{number}".encode(), partition=number % PARTITIONS)
    assert producer.flush(PATIENCE_S) == 0


def test_records_are_read_before_and_while_the_broker_rests(settings: Settings, broker: Namespace) -> None:
    topic = wire_name(settings, DECISIONS)
    resting, found = RestingConsumer(settings, topic, "rests", fetch_wait_max_ms=500), list[int]()
    resting.begin(dict.fromkeys(range(PARTITIONS), 0))

    def read(until: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < until and time.monotonic() < deadline:
            for message in resting.consume(50, 0.3):
                assert message.error() is None
                found.append(int(message.value() or b""))

    try:
        publish(settings, range(100))
        read(100)
        deadline = time.monotonic() + (PATIENCE_S if broker.kind == "embedded" else 4.0)
        while not resting.answers_at_once and time.monotonic() < deadline:
            assert resting.consume(50, 0.3) == []
        assert resting.answers_at_once == (broker.kind == "embedded")
        assert resting.consume(50, 0.3) == []
        for start in range(100, 400, 60):
            publish(settings, range(start, start + 60))
            read(start + 60)
        assert sorted(found) == list(range(400))
        later = threading.Timer(0.5, publish, (settings, range(400, 401)))
        later.start()
        (message,) = resting.consume(50, PATIENCE_S / 4)  # not as late as the next call
        assert message.value() == b"400"
        later.join()
    finally:
        resting.close()
