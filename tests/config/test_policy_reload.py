"""A running worker follows its policy file: fingerprints carry the policy in force, and go to its partitions."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import Message, Producer

from streams.config.settings import Settings
from streams.domain.policy.policy import Policy
from streams.domain.records import Fingerprint
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import FINGERPRINTS, SUBMISSIONS, wire_name
from tests.reference.deployment import follow
from tests.support.brokers import Namespace
from tests.support.media import jpeg
from tests.support.patience import PATIENCE_S
from tests.support.processes import end, launch, tail


def publish(settings: Settings, media_id: str) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers})
    headers = [("content-type", b"image/jpeg"), ("ce_subject", media_id.encode()), ("ce_collection", b"shop")]
    producer.produce(wire_name(settings, SUBMISSIONS), jpeg(), media_id, headers=headers)
    producer.flush(PATIENCE_S)


def next_record(records: Iterator[Message | None]) -> Message | None:
    """The next record, or None if none comes in time."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if (message := next(records)) is not None:
            return message
    return None


def test_a_worker_follows_a_changed_file_and_ignores_a_broken_one(embedded: Namespace, tmp_path: Path) -> None:
    file, log = tmp_path / "policies.yaml", tmp_path / "worker.log"
    file.write_text("policies: {default: {views: plain}}")
    settings = embedded.settings(tmp_path / "data", policy_file=file)
    apply_topics(settings)
    names = ("broker", "topic_prefix", "group_prefix", "data_dir", "policy_file")
    worker = launch(
        [sys.executable, "-m", "streams.cli", "worker", "--stages", "fingerprint", "--http", "", "--afresh"],
        log=log,
        env=settings.environment(*names),
    )
    records = follow(settings, FINGERPRINTS)
    seen: list[str] = []
    keys: dict[str, bytes] = {}
    deadline = time.monotonic() + PATIENCE_S
    try:
        while len(seen) < 2 and time.monotonic() < deadline:
            publish(settings, f"photo-{time.monotonic_ns()}")
            message = next_record(records)
            assert message is not None, tail(log)
            found = Fingerprint.from_json(message.value())
            if found.policy.version not in seen:
                seen.append(found.policy.version)
                file.write_text("policies: {default: {near: false}}")
            keys[found.policy.version] = message.key() or b""
        file.write_text("policies: {default: {near: maybe}}")
        while "near is 'maybe'" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        publish(settings, "last")
        last = next_record(records)
        assert last is not None, tail(log)
    finally:
        code = end(worker)

    plain, exact = Policy.of(views="plain"), Policy.of(near=False)
    assert seen == [plain.version, exact.version], tail(log)
    assert keys[plain.version] == b"shop"
    assert keys[exact.version].startswith(b"shop\0sha256:")
    assert Fingerprint.from_json(last.value()).policy == exact
    assert log.read_text().count("near is 'maybe'") == 1
    assert "to other partitions" in log.read_text()
    assert code == 0
