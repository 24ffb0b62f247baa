"""How soon a verdict is in force: for a new copy, for 10,000 past members, and how a walk through 100,000 slows others.

One worker has the stages fingerprint and match, and one collection with near matching has everything, so that all of it
goes through one partition. Times are from the publishing of a record to the broker's time of the decision.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson
from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition
from rich.console import Console
from rich.table import Table

from streams.domain.fingerprint.image.fingerprint import compute_content_id
from streams.kafka.topics import DECISIONS, SUBMISSIONS, VERDICTS, load_topics
from tests.bench.deployment import Deployment
from tests.bench.report import Reach, at_most
from tests.bench.workload import fast_producer, flush, produce
from tests.support.media import encode, photo

COLLECTION = "verdicts"
STAGES = ("fingerprint", "match")
LIVE_PER_S = 100.0
COPIES_PER_S = 100.0
STATUSES = ("blocked", "allowed", "review")
TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Reached:
    """How long verdicts took, in ms, and the latency of live submissions, in ms."""

    new_copies: int
    new_copy_p50_ms: float
    new_copy_p99_ms: float
    members: int
    members_s: float
    many_members: int
    many_members_s: float
    many_deleted_s: float
    live_p99_ms: float
    live_p99_in_walk_ms: float
    live_p99_in_deletion_ms: float


@dataclass(slots=True)
class Told:
    """A decision as it was read: `at_ms` is the broker's time."""

    media_id: str
    content_id: str
    revision: int
    outcome: str
    status: str
    said_at: str | None
    at_ms: int


class Reader:
    """Reads media.decisions from the end."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "fetch.wait.max.ms": 10})
        partitions = range(load_topics()[DECISIONS].partitions)
        self._consumer.assign([TopicPartition(topic, each, OFFSET_END) for each in partitions])
        self.read(2.0)

    def read(self, timeout_s: float = 0.02) -> Iterator[Told]:
        for message in self._consumer.consume(2000, timeout_s):
            if message.error() is None:
                value: dict[str, Any] = orjson.loads(message.value() or b"{}")
                verdict, at_ms = value["verdict"], message.timestamp()[1]
                told = value["media_id"], value["content_id"], value["revision"], value["outcome"]
                yield Told(*told, verdict["status"], verdict["at"], at_ms)

    def close(self) -> None:
        self._consumer.close()


@dataclass(slots=True)
class Run:
    """Publishes to one deployment, and reads its decisions."""

    deployment: Deployment
    reader: Reader
    producer: Producer
    contents: tuple[bytes, ...]
    published: int = 0
    live_at: dict[str, float] = field(default_factory=dict)

    def content_id(self, number: int) -> str:
        return compute_content_id(self.contents[number])

    def submit(self, content: int, count: int, prefix: str) -> None:
        """Publish copies of a content."""
        topic = self.deployment.wire(SUBMISSIONS)
        partitions = load_topics()[SUBMISSIONS].partitions
        headers = {"content-type": b"image/jpeg", "ce_collection": COLLECTION.encode()}
        for _ in range(count):
            self.published += 1
            key = f"{prefix}{self.published}".encode()
            self.live_at[key.decode()] = time.time() * 1000
            value, partition = self.contents[content], self.published % partitions
            produce(self.producer, topic, key, value, partition=partition, headers=headers)
        if count > 1:
            flush(self.producer)

    def say(self, content: int, event: str, status: str = "") -> tuple[str, float]:
        """Publish a moderation event about a content; returns its `at`, which names it, and when that was in ms."""
        now_ms = time.time() * 1000
        at = f"2026-01-01T00:00:00.{self.published % 1000:03d}Z"
        document = {
            **{"event": event, "collection": COLLECTION, "content_id": self.content_id(content), "at": at},
            **{"by": {"kind": "person", "name": "bench"}, "status": status or None},
        }
        value = json.dumps({name: entry for name, entry in document.items() if entry is not None}).encode()
        produce(self.producer, self.deployment.wire(VERDICTS), self.content_id(content).encode(), value)
        flush(self.producer)
        return at, now_ms

    def until(self, count: int, counts: Callable[[Told], bool], live: list[float] | None = None) -> float:
        """Read until `count` decisions were told that `counts` holds for; returns the broker's time of the last.

        With a list for their latencies, live submissions of a new medium go on meanwhile.
        """
        found, last_ms, deadline = 0, 0.0, time.monotonic() + TIMEOUT_S
        next_at = time.monotonic()
        while found < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{found} of {count} decisions came in {TIMEOUT_S:.0f} s")
            if live is not None and time.monotonic() >= next_at:
                next_at += 1 / LIVE_PER_S
                self.submit(0, 1, "live-")
            for told in self.reader.read(0.002 if live is not None else 0.02):
                if counts(told):
                    found, last_ms = found + 1, max(last_ms, told.at_ms)
                if live is not None and told.revision == 0 and told.media_id.startswith("live-"):
                    live.append(told.at_ms - self.live_at[told.media_id])
        return last_ms


def run(bootstrap: str, work_dir: Path, name: str, *, verdicts: int, members: int, many: int) -> Reached:
    """Measure with a worker of its own; `verdicts` on new copies, groups of `members` and of `many` past members."""
    names = "coffee.png", "chelsea.png", "astronaut.png"
    contents = tuple(encode(photo(name, (320, 240)), quality=60) for name in names)
    with Deployment(bootstrap, work_dir, name) as deployment:
        worker = deployment.worker(*STAGES)
        worker.await_ready()
        reader = Reader(bootstrap, deployment.wire(DECISIONS))
        bench = Run(deployment, reader, fast_producer(bootstrap, linger_ms=1), contents)
        bench.submit(0, 1, "first-")
        bench.until(1, lambda told: told.revision == 0)
        times = [_new_copy_ms(bench, number) for number in range(verdicts)]
        few_s = _walk_s(bench, 1, members, None)
        calm, in_walk, in_deletion = list[float](), list[float](), list[float]()
        _live(bench, calm, len(times) or 1)
        many_s = _walk_s(bench, 2, many, in_walk)
        deleted_s = _deletion_s(bench, 2, many, in_deletion)
        worker.stop()
        reader.close()
    return Reached(
        len(times), _quantile(times, 50), _quantile(times, 99), members, few_s, many, many_s, deleted_s,
        _quantile(calm, 99), _quantile(in_walk, 99), _quantile(in_deletion, 99),
    )  # fmt: skip


def _new_copy_ms(bench: Run, number: int) -> float:
    """From a verdict until the decision of a new copy tells it, while copies come steadily."""
    status = STATUSES[number % len(STATUSES)]
    at, said_ms = bench.say(0, "verdict", status)
    next_at = time.monotonic()
    while True:
        if time.monotonic() >= next_at:
            next_at += 1 / COPIES_PER_S
            bench.submit(0, 1, "copy-")
        for told in bench.reader.read(0.002):
            if told.revision == 0 and told.status == status and told.said_at == at:
                return told.at_ms - said_ms


def _walk_s(bench: Run, content: int, members: int, live: list[float] | None) -> float:
    """From a verdict on a content until all its past members have a revised decision."""
    bench.submit(content, members, f"member{content}-")
    content_id = bench.content_id(content)
    bench.until(members, lambda told: told.content_id == content_id and told.revision == 0)
    at, said_ms = bench.say(content, "verdict", "blocked")
    last_ms = bench.until(
        members, lambda told: told.content_id == content_id and told.revision > 0 and told.said_at == at, live
    )
    return (last_ms - said_ms) / 1000


def _deletion_s(bench: Run, content: int, members: int, live: list[float]) -> float:
    """From the deletion of a content until all its media have a decision that says so."""
    content_id = bench.content_id(content)
    _, said_ms = bench.say(content, "deletion")
    last_ms = bench.until(members, lambda told: told.content_id == content_id and told.outcome == "deleted", live)
    return (last_ms - said_ms) / 1000


def _live(bench: Run, latencies: list[float], count: int) -> None:
    """Latencies of live submissions while nothing else happens."""
    bench.until(count, lambda told: told.media_id.startswith("live-"), latencies)


def _quantile(values: list[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1] if len(values) > 1 else sum(values)


def show(found: Reached, console: Console) -> None:
    table = Table(title="from a verdict to its effect, one worker")
    for heading in ("what", "count", "time"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row("a new copy's decision, p50", f"{found.new_copies:,}", f"{found.new_copy_p50_ms:.0f} ms")
    table.add_row("a new copy's decision, p99", f"{found.new_copies:,}", f"{found.new_copy_p99_ms:.0f} ms")
    table.add_row("past members, the last", f"{found.members:,}", f"{found.members_s:.1f} s")
    table.add_row("past members, the last", f"{found.many_members:,}", f"{found.many_members_s:.1f} s")
    table.add_row("deleted media, the last", f"{found.many_members:,}", f"{found.many_deleted_s:.1f} s")
    table.add_row("live submission, p99", "", f"{found.live_p99_ms:.0f} ms")
    table.add_row("the same during the walk", "", f"{found.live_p99_in_walk_ms:.0f} ms")
    table.add_row("the same during the deletion", "", f"{found.live_p99_in_deletion_ms:.0f} ms")
    console.print(table)


def reach(found: Reached) -> list[Reach]:
    return [
        Reach("verdict to a new copy's decision: p99", at_most(1000, "ms", 0), found.new_copy_p99_ms),
        Reach(f"verdict to {found.members:,} past members", at_most(10, "s"), found.members_s),
    ]
