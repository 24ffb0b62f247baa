"""How far match is, as a broker tells: before it ever ran, behind, and at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from streams.errors import BrokerError
from streams.kafka.readers.match_progress import MatchProgressReader
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import FINGERPRINTS, consumer_group, load_topics, wire_name
from tests.support.brokers import Namespace

PARTITIONS = load_topics()[FINGERPRINTS].partitions


def test_the_ends_of_the_log_and_the_commits_of_match(broker: Namespace, tmp_path: Path) -> None:
    settings = broker.settings(tmp_path)
    apply_topics(settings)
    topic, group = wire_name(settings, FINGERPRINTS), consumer_group(settings, "match")
    reader = MatchProgressReader(settings)
    assert reader.read().ends == dict.fromkeys(range(PARTITIONS), 0)
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for number in range(5):
        producer.produce(topic, b"x", b"k", number % 2)
    assert producer.flush(30) == 0
    behind = reader.read()
    assert (behind.ends[0], behind.ends[1], behind.ends[2]) == (3, 2, 0)
    assert set(behind.decided.values()) == {0}
    match = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": group})
    match.commit(offsets=[TopicPartition(topic, 0, 3), TopicPartition(topic, 1, 1)], asynchronous=False)
    match.close()
    assert {p: reader.read().decided[p] for p in range(3)} == {0: 3, 1: 1, 2: 0}
    reader.close()
    with pytest.raises(BrokerError, match="closed"):
        reader.read()
