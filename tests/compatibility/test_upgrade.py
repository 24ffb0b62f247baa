"""Topics and state that version 0.1.0 wrote are continued by this version: same decisions, same bytes.

`written_by_0.1.0/` holds what a worker of 0.1.0 wrote for eleven submissions: photos of scikit-image, copies of them, a
broken file, a film and a clip of the film. `topics.jsonl.xz` has the records of the topics, `state.tar.xz` the data
directory of the worker.
"""

from __future__ import annotations

import base64
import json
import lzma
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from streams.config.settings import Settings
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import wire_name
from tests.support.brokers import Namespace
from tests.support.media import encode, photo
from tests.support.patience import PATIENCE_S
from tests.support.processes import end, launch, tail

WRITTEN = Path(__file__).parent / "written_by_0.1.0"
CHANGELOG = "mediasieve-match-contents-changelog"


@dataclass(frozen=True, slots=True)
class StoredRecord:
    topic: str
    partition: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def stored_records() -> Iterator[StoredRecord]:
    """The records of all topics; those of one partition in the order of their offsets."""

    def decoded(text: str | None) -> bytes | None:
        return None if text is None else base64.b64decode(text)

    for line in lzma.decompress((WRITTEN / "topics.jsonl.xz").read_bytes()).splitlines():
        fields = json.loads(line)
        headers = [(name, decoded(value)) for name, value in fields["headers"]]
        where = fields["topic"], fields["partition"], fields["timestamp_ms"]
        yield StoredRecord(*where, decoded(fields["key"]), decoded(fields["value"]), headers)


def restore(broker: Namespace, settings: Settings, *topics: str) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "enable.idempotence": True})
    for record in stored_records():
        if record.topic in topics:
            producer.produce(
                wire_name(settings, record.topic),
                record.value,
                record.key,
                record.partition,
                timestamp=record.timestamp_ms,
                headers=record.headers,
            )
    assert producer.flush(PATIENCE_S) == 0


def read_decisions(broker: Namespace, count: int, log: Path) -> dict[str, bytes]:
    """Decisions by media id, once there are `count`."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": broker.name("reader")})
    topic = broker.name("media.decisions")
    partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    decisions: dict[str, bytes] = {}
    deadline = time.monotonic() + PATIENCE_S
    try:
        while len(decisions) < count and time.monotonic() < deadline:
            for message in consumer.consume(100, 0.3):
                decisions[json.loads(message.value())["media_id"]] = message.value()
    finally:
        consumer.close()
    assert len(decisions) == count, tail(log)
    return decisions


@pytest.mark.parametrize("state", ["as the old worker left it", "lost, rebuilt from the changelog"])
def test_a_worker_continues_where_0_1_0_ended(state: str, embedded: Namespace, tmp_path: Path) -> None:
    data_dir, log = tmp_path / "data", tmp_path / "worker.log"
    if state == "as the old worker left it":
        with tarfile.open(WRITTEN / "state.tar.xz") as archive:
            archive.extractall(data_dir / "state" / "w", filter="data")
    settings = embedded.settings(data_dir)
    apply_topics(settings)
    restore(embedded, settings, "media.fingerprints", CHANGELOG)
    environment = {
        "MEDIASIEVE_BROKER": embedded.bootstrap,
        "MEDIASIEVE_TOPIC_PREFIX": embedded.prefix,
        "MEDIASIEVE_GROUP_PREFIX": f"{embedded.prefix}mediasieve",
        "MEDIASIEVE_DATA_DIR": str(data_dir),
    }
    command = ["-m", "streams.cli", "worker", "--id", "w", "--stages", "fingerprint,match", "--http", "", "--afresh"]
    worker = launch([sys.executable, *command], log=log, env=environment)
    try:
        old = {
            json.loads(record.value)["media_id"]: record.value
            for record in stored_records()
            if record.topic == "media.decisions" and record.value is not None
        }
        assert read_decisions(embedded, len(old), log) == old

        headers: list[tuple[str, str | bytes | None]] = [
            ("content-type", b"image/png"),
            ("ce_subject", b"altered"),
            ("ce_collection", b"album"),
        ]
        producer = Producer({"bootstrap.servers": embedded.bootstrap})
        smaller = encode(photo("astronaut.png", (240, 180)), "PNG")
        producer.produce(embedded.name("media.submissions"), smaller, "altered", headers=headers)
        producer.flush(PATIENCE_S)
        altered = json.loads(read_decisions(embedded, len(old) + 1, log)["altered"])
    finally:
        code = end(worker)

    assert (altered["outcome"], altered["match"]["media_id"]) == ("near_duplicate", "astronaut.png")
    assert code == 0, tail(log)
