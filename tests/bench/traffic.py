"""A steady stream of submissions, small photos of which most are duplicates, and every decision on them.

Each submission is counted: sent, taken by the broker, decided. What that says about a worker is for latency.py and
chaos.py.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Self

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from streams.kafka.topics import DECISIONS, SUBMISSIONS, load_topics
from tests.bench.deployment import SPREAD, Deployment
from tests.bench.workload import Watermarks, fast_producer
from tests.support.media import PHOTOS, jpeg

CONTENTS = 100

#: Before anything is measured: a new broker compiles itself for so long on a slow machine, on half a core.
WARM_UP_S = 45.0

SIZE = (160, 120)


@dataclass(slots=True)
class Tracked:
    """One submission and its first decision; `_at` by time.monotonic(), `decided_at_ms` by the broker's clock."""

    sent_at: float
    partition: int = -1
    received_at: float = 0.0
    decided_at_ms: int = 0
    outcome: str = ""
    decisions: int = 0


@dataclass(slots=True)
class Tally:
    """What must be zero, and how many repeats there were (which are allowed, if byte-identical)."""

    sent: int
    lost: int
    refused: int
    contradictory: int
    repeats: int


def small_photos(contents: int = CONTENTS) -> list[bytes]:
    """Distinct JPEGs of a few kilobytes."""
    return [jpeg(PHOTOS[n % len(PHOTOS)], SIZE, quality=50 + n // len(PHOTOS)) for n in range(contents)]


@dataclass
class Traffic:
    """Publishes `rate` submissions a second until `stop`, and reads decisions until `close`; two threads."""

    deployment: Deployment
    rate: float
    collection: str = SPREAD
    tracked: list[Tracked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._media = small_photos()
        self._values: dict[str, bytes] = {}
        self._contradictory = 0
        self._refused = 0
        self._publishing = threading.Event()
        self._reading = threading.Event()
        self._publisher = threading.Thread(target=self._publish, name="publisher")
        self._reader = threading.Thread(target=self._read, name="reader")

    def __enter__(self) -> Self:
        self._publishing.set()
        self._reading.set()
        self._consumer = self._from_now_on()
        self._reader.start()
        self._publisher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._reading.clear()
        self._reader.join()

    def stop(self) -> None:
        """Publish no more; returns when the broker has taken or refused all."""
        self._publishing.clear()
        if self._publisher.is_alive():
            self._publisher.join()

    def await_decisions(self, timeout_s: float) -> bool:
        """Wait until every submission sent has a decision; False if some have none by then."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if all(each.decisions for each in self.tracked):
                return True
            time.sleep(0.1)
        return False

    @property
    def contents(self) -> int:
        """How many different photos were sent."""
        return min(len(self._media), len(self.tracked))

    def tally(self) -> Tally:
        return Tally(
            sent=len(self.tracked),
            lost=sum(not each.decisions for each in self.tracked) - self._refused,
            refused=self._refused,
            contradictory=self._contradictory,
            repeats=sum(max(0, each.decisions - 1) for each in self.tracked),
        )

    def _publish(self) -> None:
        topic = self.deployment.wire(SUBMISSIONS)
        producer = fast_producer(self.deployment.bootstrap, linger_ms=0)
        begun, number = time.monotonic(), 0
        while self._publishing.is_set():
            wait_s = begun + number / self.rate - time.monotonic()
            if wait_s > 0:
                producer.poll(wait_s)
                continue
            self._submit(producer, topic, number)
            number += 1
        producer.flush(60.0)

    def _submit(self, producer: Producer, topic: str, number: int) -> None:
        tracked = Tracked(time.monotonic())
        self.tracked.append(tracked)

        def delivered(error: Any, message: Message) -> None:
            if error is not None:
                self._refused += 1
            else:
                tracked.partition = message.partition() or 0

        headers = {
            "content-type": b"image/jpeg",
            "ce_specversion": b"1.0",
            "ce_id": b"%d" % number,
            "ce_source": b"bench",
            "ce_type": b"submission",
            "ce_collection": self.collection.encode(),
        }
        value = self._media[number % len(self._media)]
        producer.produce(topic, value, b"%d" % number, on_delivery=delivered, headers=headers)

    def _from_now_on(self) -> Consumer:
        topic, bootstrap = self.deployment.wire(DECISIONS), self.deployment.bootstrap
        consumer = Consumer(
            {"log_level": 3, "bootstrap.servers": bootstrap, "group.id": f"{topic}-reader", "fetch.wait.max.ms": 50}
        )
        latest = Watermarks(bootstrap, topic, load_topics()[DECISIONS].partitions).ask()
        consumer.assign([TopicPartition(topic, partition, offset) for partition, offset in latest.items()])
        return consumer

    def _read(self) -> None:
        while self._reading.is_set():
            record = self._consumer.poll(0.1)
            if record is not None and record.error() is None:
                self._take(record, time.monotonic())
        self._consumer.close()

    def _take(self, record: Message, now: float) -> None:
        headers = dict(record.headers() or [])
        identity, value = str(headers["ce_id"]), record.value() or b""
        digest = blake2b(value, digest_size=16).digest()
        if self._values.setdefault(identity, digest) != digest:
            self._contradictory += 1
        if not (record.key() or b"").isdigit():
            return  # of the bulk lane
        tracked = self.tracked[int(record.key() or b"-1")]
        tracked.decisions += 1
        if tracked.decisions == 1:
            tracked.received_at, tracked.decided_at_ms = now, record.timestamp()[1]
            tracked.outcome = value[:200].partition(b'"outcome":"')[2].partition(b'"')[0].decode()
