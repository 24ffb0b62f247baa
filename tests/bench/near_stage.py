"""The whole match stage with many contents known, as deployed: new pictures, and exact copies, on Apache Kafka.

The contents stand in the changelog, so that a worker's start also shows how fast state and index are rebuilt. Hashes
are chance, with half of their bits set as those of pictures are; which views there are is taken from a real photo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import orjson
from confluent_kafka import Consumer, TopicPartition
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from streams.domain.fingerprint import fingerprint_image
from streams.domain.hashes.algorithms import VIEWS_HASH
from streams.domain.hashes.levels import Level
from streams.domain.hashes.packing import ENTRY
from streams.domain.hashes.views import stored_groups
from streams.domain.policy.policy import Policy
from streams.domain.records import Fingerprint, MediaFacts, Origin
from streams.domain.state.content import FOR_EVER_MS, Content
from streams.domain.state.keys import content_key
from streams.kafka.topics import CONTENTS_CHANGELOG, DECISIONS, FINGERPRINTS, SUBMISSIONS
from tests.bench.contest import watch
from tests.bench.deployment import Deployment
from tests.bench.report import Reach, at_least, at_most
from tests.bench.sampling import memory_mb
from tests.bench.workload import Watermarks, fast_producer, flush, produce
from tests.support.media import jpeg

COLLECTION = "gallery"
PARTITION = 0
HALF_SET = np.arange(64) < 32
LEVELS: tuple[Level, ...] = ("plain", "standard")
TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class NearStage:
    """Decisions a second of one worker, by wall clock and by the CPU it used; `rebuild_s` is the index's alone."""

    level: str
    contents: int
    stored_entries: int
    asked: str
    events: int
    decisions_per_s: float
    cpu_us: float
    wrong: int
    rebuild_s: float
    memory_mb: float


def run(bootstrap: str, work_dir: Path, *, contents: int, events: int) -> list[NearStage]:
    """With `contents` known: `events` new pictures at each level, then as many exact copies at the last level."""
    found = []
    for level in LEVELS:
        with Deployment(bootstrap, work_dir, f"near-{level}") as deployment:
            gallery = Gallery(level)
            gallery.fill_changelog(deployment, contents)
            found.append(_phase(deployment, gallery, contents, "new", range(contents, contents + events)))
            if level == LEVELS[-1]:
                found.append(_phase(deployment, gallery, contents, "exact copies", range(events)))
    return found


class Gallery:
    """Pictures by number, with views as a real photo has them at this level, and hashes at random."""

    def __init__(self, level: Level) -> None:
        self.policy = Policy.of(views=level)
        photo = fingerprint_image(jpeg(), level=level)
        self._entries = np.frombuffer(bytes.fromhex(photo.hashes[VIEWS_HASH]), ENTRY)
        self.stored = stored_groups(self._entries, level) > 0

    def content_id(self, number: int) -> str:
        return f"sha256:{sha256(b'%d' % number).hexdigest()}"

    def entries(self, number: int) -> NDArray[np.void]:
        random = np.random.default_rng(number)
        entries = self._entries.copy()
        halves = random.permuted(np.tile(HALF_SET, (len(entries), 1)), axis=1)
        entries["hash64"] = np.packbits(halves, axis=1).view(">u8").reshape(-1)
        entries["hash256"] = random.integers(0, 2**64, (len(entries), 4), np.uint64)
        return entries

    def content(self, number: int) -> Content:
        own, medium = self.content_id(number), f"photos/2025/{number:012d}.jpg"
        kept = self.entries(number)[self.stored].tobytes()
        first = f"uploads#{number:012d}"
        return Content(own, medium, first, own, medium, number, FOR_EVER_MS, bytes(16), VIEWS_HASH, kept)

    def fingerprint(self, number: int, submission: str) -> Fingerprint:
        digest = sha256(b"%d" % number).hexdigest()
        hashes = {"phash64:1": digest[:16], "phash256:1": digest, VIEWS_HASH: self.entries(number).tobytes().hex()}
        return Fingerprint(
            submission_id=submission,
            attempt=0,
            media_id=f"photos/2026/{submission}.jpg",
            collection=COLLECTION,
            kind="image",
            submitted_at="2026-01-31T09:30:00.125Z",
            fingerprinted_at="2026-01-31T09:30:00.250Z",
            origin=Origin(SUBMISSIONS, number % 8, number),
            facts=MediaFacts(self.content_id(number), "image", "jpeg", 200_000, 1920, 1080, 1, 0.875, hashes),
            failure=None,
            metadata={"user": "u-1029", "album": "summer"},
            policy=self.policy,
        )

    def fill_changelog(self, deployment: Deployment, contents: int) -> None:
        producer, topic = fast_producer(deployment.bootstrap), deployment.wire(CONTENTS_CHANGELOG)
        for number in range(contents):
            key = content_key(COLLECTION, self.content_id(number))
            produce(producer, topic, key, self.content(number).pack(), partition=PARTITION)
        flush(producer)


def _phase(deployment: Deployment, gallery: Gallery, contents: int, asked: str, numbers: range) -> NearStage:
    """Submit these pictures to a worker that begins to run, and see what it answers."""
    decisions = deployment.wire(DECISIONS)
    before = Watermarks(deployment.bootstrap, decisions).ask()
    producer, topic = fast_producer(deployment.bootstrap), deployment.wire(FINGERPRINTS)
    for number in numbers:
        record = gallery.fingerprint(number, f"{asked} {number:012d}")
        produce(producer, topic, COLLECTION.encode(), record.to_json(), partition=PARTITION)
    flush(producer)
    worker = deployment.worker("match")
    try:
        expected = sum(before.values()) + len(numbers)
        cpu_us = watch(asked, worker.process, worker.log, deployment.bootstrap, decisions, expected)
        rebuild_s, rss_mb = worker.metric("mediasieve_near_rebuild_seconds_total"), memory_mb(worker.pid)["rss"]
    finally:
        worker.stop()
    outcomes, seconds = _answers(deployment.bootstrap, decisions, before, len(numbers))
    wrong = len(numbers) - outcomes["unique" if asked == "new" else "duplicate"]
    rate = len(numbers) / seconds
    level, stored = gallery.policy.views, int(gallery.stored.sum())
    return NearStage(level, contents, stored, asked, len(numbers), rate, cpu_us, wrong, rebuild_s, rss_mb)


def _answers(bootstrap: str, topic: str, before: Mapping[int, int], count: int) -> tuple[Counter[str], float]:
    """Outcomes of the decisions after these offsets, and the seconds between the first and the last."""
    consumer = Consumer({"log_level": 3, "bootstrap.servers": bootstrap, "group.id": f"{topic}-near"})
    consumer.assign([TopicPartition(topic, partition, offset) for partition, offset in before.items()])
    outcomes, times_ms = Counter[str](), []
    while outcomes.total() < count:
        records = consumer.consume(min(1_000, count - outcomes.total()), timeout=TIMEOUT_S)
        if not records:
            raise TimeoutError(f"{topic} gave {outcomes.total()} of {count} decisions")
        outcomes.update(orjson.loads(record.value() or b"{}")["outcome"] for record in records)
        times_ms += [record.timestamp()[1] for record in records]
    consumer.close()
    return outcomes, max(1, max(times_ms) - min(times_ms)) / 1000


def show(found: Sequence[NearStage], console: Console) -> None:
    table = Table(title=f"match stage with {found[0].contents:,} contents known, one worker")
    for heading in ("views", "entries stored a content", "submissions", "decisions/s", "CPU µs", "rebuild s", "MB"):
        table.add_column(heading, justify="right")
    for each in found:
        figures = (
            f"{each.decisions_per_s:,.0f}",
            f"{each.cpu_us:.0f}",
            f"{each.rebuild_s:.1f}",
            f"{each.memory_mb:.0f}",
        )
        table.add_row(each.level, str(each.stored_entries), f"{each.events:,} {each.asked}", *figures)
    console.print(table)


def reach(found: Sequence[NearStage]) -> list[Reach]:
    figures = []
    for each in found:
        if each.asked == "new":
            target = at_least(8_000 if each.level == "plain" else 1_500, "/s", 0)
            figures.append(Reach(f"match stage, new pictures, {each.level} views", target, each.decisions_per_s))
            figures.append(Reach(f"index rebuilt, {each.level} views", at_most(5, "s"), each.rebuild_s))
        figures.append(Reach(f"wrong decisions, {each.asked}, {each.level}", at_most(0, "", 0), each.wrong))
    return figures
