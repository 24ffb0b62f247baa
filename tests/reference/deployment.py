"""A deployment that a test can hurt: worker processes, a publisher at a steady rate, and what came out."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import OffsetSpec

from streams.config.settings import Settings
from streams.kafka.clients import make_admin
from streams.kafka.topics import SUBMISSIONS, consumer_group, wire_name
from tests.support.patience import PATIENCE_S
from tests.support.processes import end, kill, launch, tail


@dataclass(frozen=True)
class Published:
    """One record of a public topic, and whether somebody must be answered for it."""

    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    answered: bool = True
    topic: str = SUBMISSIONS


@dataclass
class Workers:
    """Worker processes by id, each with logs of its own.

    `afresh` as `mediasieve up` does on the embedded broker; `module` is run in place of the command line.
    """

    settings: Settings
    environment: dict[str, str]
    logs: Path
    afresh: bool = False
    module: str = "streams.cli"
    stages: str = "fingerprint,match,record"
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, worker_id: str, stages: str = "") -> None:
        command = [sys.executable, "-m", self.module, "worker", "--id", worker_id, "--http", "", "--stages"]
        command += [stages or self.stages, *(["--afresh"] if self.afresh else [])]
        log = self.logs / f"worker-{worker_id}.log"
        self.running[worker_id] = launch(command, log=log, env=self.environment)

    def kill(self, worker_id: str) -> None:
        kill(self.running.pop(worker_id))

    def stop(self, worker_id: str) -> int:
        return end(self.running.pop(worker_id), timeout_s=PATIENCE_S)

    def close(self) -> None:
        for process in self.running.values():
            kill(process)

    def keep_up(self) -> None:
        """What a supervisor does: start again what ended by itself."""
        for worker_id, process in list(self.running.items()):
            if process.poll() is not None:
                self.start(worker_id)

    def last_words(self) -> str:
        logs = "\n".join(f"{log.name}:\n{tail(log, 60)}" for log in sorted(self.logs.glob("worker-*.log")))
        return f"{logs}\n{groups(self.settings)}"


def groups(settings: Settings) -> str:
    """Who is in the groups of the stages, with which partitions, and how far each partition is behind."""
    admin = make_admin(settings)
    names = [consumer_group(settings, stage) for stage in ("fingerprint", "bulk", "match", "record")]
    lines = []
    for name, answer in admin.describe_consumer_groups(names, request_timeout=10).items():
        try:
            found = answer.result(20)
            lines.append(f"{name}: {found.state}")
            for member in found.members:
                mine = [f"{each.topic}/{each.partition}" for each in member.assignment.topic_partitions]
                lines.append(f"    {member.group_instance_id or member.member_id}: {' '.join(mine)}")
            offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)])[name].result(20)
            committed = {(each.topic, each.partition): each.offset for each in offsets.topic_partitions}
            asked = {TopicPartition(*each): OffsetSpec.latest() for each in committed}
            for tp, end in admin.list_offsets(asked, request_timeout=10).items():
                behind = end.result(20).offset - committed[tp.topic, tp.partition]
                lines += [f"    {tp.topic}/{tp.partition}: {behind} behind"] if behind else []
        except KafkaException as error:
            lines.append(f"{name}: {error}")
    return "\n".join(lines)


class Publisher(threading.Thread):
    """Publishes `records` at `rate` a second, as a user would, with a producer that tries again."""

    def __init__(self, settings: Settings, records: Sequence[Published], rate: float) -> None:
        super().__init__(daemon=True)
        self._producer = Producer(
            {
                "bootstrap.servers": settings.kafka.bootstrap_servers,
                "enable.idempotence": True,
                "message.timeout.ms": 120_000,
            }
        )
        self._settings = settings
        self._records = records
        self._rate = rate
        self.failed: list[str] = []

    def run(self) -> None:
        begun_at = time.monotonic()
        for number, record in enumerate(self._records):
            wait_s = begun_at + number / self._rate - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            self._producer.produce(
                wire_name(self._settings, record.topic),
                record.value,
                record.key,
                headers=list(record.headers),
                on_delivery=self._delivered,
            )
            self._producer.poll(0)
        self._producer.flush(120)

    def _delivered(self, error: object, message: Message) -> None:
        if error is not None:
            self.failed.append(str(error))


def follow(settings: Settings, topic: str) -> Iterator[Message | None]:
    """Every record of a topic, partition by partition in offset order; None whenever there is no more right now."""
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka.bootstrap_servers, "group.id": "follower", "fetch.wait.max.ms": 50}
    )
    name = wire_name(settings, topic)
    try:
        partitions = consumer.list_topics(name, timeout=20).topics[name].partitions
        consumer.assign([TopicPartition(name, partition, 0) for partition in partitions])
        while True:
            messages = [message for message in consumer.consume(1000, 0.3) if message.error() is None]
            yield from messages
            if not messages:
                yield None
    finally:
        consumer.close()
