"""The features of the embedded broker that we rely on, tested with the clients that we use."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition as AioTopicPartition
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
)

from streams.local.broker import EmbeddedBroker
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def topic(running: EmbeddedBroker) -> str:
    return create(running, uuid.uuid4().hex)


def create(broker: EmbeddedBroker, name: str, partitions: int = 4, **config: str) -> str:
    options = {option.replace("_", "."): value for option, value in config.items()}
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    [created] = admin.create_topics([NewTopic(name, partitions, 1, config=options)]).values()
    created.result(10)
    return name


def send(broker: EmbeddedBroker, topic: str, values: list[bytes], **options: Any) -> list[KafkaError | None]:
    """Send to the partitions in turn; the delivery reports."""
    reports: list[KafkaError | None] = []
    config = {"bootstrap.servers": broker.bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 5}
    producer = Producer({**config, "message.max.bytes": 32 << 20, "message.timeout.ms": 20_000, **options})
    headers = [("ce_id", b"\xff\x00"), ("twice", b"1"), ("twice", b"2"), ("none", None)]
    for number, value in enumerate(values):
        producer.produce(
            topic,
            value,
            key=b"%d" % number,
            headers=headers,
            partition=number % 4,
            on_delivery=lambda error, _: reports.append(error),
        )
    assert producer.flush(30) == 0
    return reports


def read(broker: EmbeddedBroker, topic: str, count: int, **options: Any) -> list[Message]:
    """The first `count` records a new member of a group gets, committed."""
    config = {"bootstrap.servers": broker.bootstrap, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({"group.id": uuid.uuid4().hex, "fetch.message.max.bytes": 32 << 20, **config, **options})
    consumer.subscribe([topic])
    messages: list[Message] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(messages) < count and time.monotonic() < deadline:
        messages += consumer.consume(count - len(messages), 0.5)
    assert [message.error() for message in messages] == [None] * count
    consumer.commit(asynchronous=False)
    consumer.close()
    return messages


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records_are_read_as_they_were_sent(running: EmbeddedBroker, topic: str, codec: str) -> None:
    values = [b"%d-" % number * 30 for number in range(200)]
    assert send(running, topic, values, **{"compression.type": codec}) == [None] * 200
    messages = read(running, topic, 200)
    assert sorted((message.value() or b"") for message in messages) == sorted(values)
    assert messages[0].headers() == [("ce_id", b"\xff\x00"), ("twice", b"1"), ("twice", b"2"), ("none", None)]
    for partition in range(4):
        keys = [int(message.key() or b"") for message in messages if message.partition() == partition]
        assert keys == sorted(keys)


def test_a_static_group_member_continues_at_its_commit(running: EmbeddedBroker, topic: str) -> None:
    send(running, topic, [b"x"] * 40)
    member = {"group.id": uuid.uuid4().hex, "group.instance.id": "worker-0", "session.timeout.ms": 8000}
    before = read(running, topic, 25, **member)
    after = read(running, topic, 15, **member)
    seen = {(message.partition(), message.offset()) for message in [*before, *after]}
    assert len(seen) == 40


async def test_aiokafka_reads_compressed_records_and_commits_as_a_static_member(
    running: EmbeddedBroker, topic: str
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=running.bootstrap, compression_type="lz4", acks="all")
    await producer.start()
    for number in range(20):
        await producer.send(topic, b"%d" % number, partition=number % 2, headers=[("h", b"1")])
    await producer.stop()
    group = uuid.uuid4().hex

    async def consume(count: int) -> list[tuple[int, int]]:
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=running.bootstrap,
            group_id=group,
            group_instance_id="worker-0",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        got = []
        for _ in range(count):
            record = await asyncio.wait_for(consumer.getone(), 20)
            assert record.headers == (("h", b"1"),)
            got.append((record.partition, record.offset))
        await consumer.commit()
        committed = [await consumer.committed(AioTopicPartition(topic, partition)) for partition in (0, 1)]
        assert sum(offset or 0 for offset in committed) >= count
        await consumer.stop()
        return got

    assert len({*await consume(12), *await consume(8)}) == 20


def test_a_record_may_be_as_large_as_its_topic_says(running: EmbeddedBroker) -> None:
    topic = create(running, uuid.uuid4().hex, max_message_bytes=str(20 << 20))
    largest = os.urandom((20 << 20) - 500)
    [taken] = send(running, topic, [largest])
    assert taken is None
    [message] = read(running, topic, 1)
    assert message.value() == largest
    [refused] = send(running, topic, [os.urandom(20 << 20)])
    assert refused is not None
    assert refused.code() == KafkaError.MSG_SIZE_TOO_LARGE


def test_topics_are_made_and_altered_with_their_settings(running: EmbeddedBroker) -> None:
    admin = AdminClient({"bootstrap.servers": running.bootstrap})
    topic = create(running, uuid.uuid4().hex, partitions=3, cleanup_policy="compact", retention_ms="1000")
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    change = ConfigEntry("retention.ms", "2000", incremental_operation=AlterConfigOpType.SET)
    altered = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[change])
    for done in admin.incremental_alter_configs([altered]).values():
        done.result(10)
    [described] = admin.describe_configs([resource]).values()
    config = described.result(10)
    assert config["cleanup.policy"].value == "compact"
    assert config["retention.ms"].value == "2000"
    assert not config["retention.ms"].is_default
    assert config["min.insync.replicas"].is_default
    for grown in admin.create_partitions([NewPartitions(topic, 5)]).values():
        grown.result(10)
    assert len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == 5


def test_a_compacted_topic_drops_overwritten_records(running: EmbeddedBroker) -> None:
    topic = create(running, uuid.uuid4().hex, cleanup_policy="compact", segment_ms="100")
    producer = Producer({"bootstrap.servers": running.bootstrap})
    for number in range(3000):
        producer.produce(topic, b"%d" % number, key=b"%d" % (number % 10), partition=0)
    producer.flush(20)
    deadline = time.monotonic() + PATIENCE_S
    while remaining(running, topic) >= 3000:
        assert time.monotonic() < deadline
        producer.produce(topic, b"more", key=b"more", partition=0)
        producer.flush(20)
        time.sleep(0.5)


def remaining(broker: EmbeddedBroker, topic: str) -> int:
    """The number of records in partition 0."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "any", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, 0, 0)])
    count = 0
    while True:
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            assert message.error().code() == KafkaError._PARTITION_EOF
            consumer.close()
            return count
        count += 1


def test_records_topics_and_offsets_survive_a_stop(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as broker:
        topic = create(broker, "kept", retention_ms="5000")
        send(broker, topic, [b"before"] * 8)
        read(broker, topic, 6, **{"group.id": "readers"})
        broker.restart()
        send(broker, topic, [b"after"] * 2)
        assert len(read(broker, topic, 4, **{"group.id": "readers"})) == 4


def test_saved_records_survive_a_kill_of_the_broker(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as broker:
        topic = create(broker, "kept")
        send(broker, topic, [b"x"] * 8)
        deadline = time.monotonic() + PATIENCE_S
        while not is_saved(broker, topic):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        broker.kill()
        broker.start()
        assert len(read(broker, topic, 8)) == 8


def is_saved(broker: EmbeddedBroker, topic: str) -> bool:
    """Whether the file has been written again. The broker writes it about once a second while there are changes."""
    saved = broker.data_dir / "kafka.json"
    if not saved.exists() or topic.encode() not in saved.read_bytes():
        return False
    seen = saved.stat().st_mtime_ns
    send(broker, topic, [b"nudge"])
    deadline = time.monotonic() + PATIENCE_S
    while saved.stat().st_mtime_ns == seen and time.monotonic() < deadline:
        time.sleep(0.05)
    return saved.stat().st_mtime_ns != seen


def test_watermarks_and_offsets_by_time_are_answered(running: EmbeddedBroker, topic: str) -> None:
    send(running, topic, [b"x"] * 4)
    consumer = Consumer({"bootstrap.servers": running.bootstrap, "group.id": "any"})
    assert consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10) == (0, 1)
    [found] = consumer.offsets_for_times([TopicPartition(topic, 0, 0)], timeout=10)
    assert found.offset == 0
    consumer.close()
