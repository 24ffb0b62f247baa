"""How much faster two fingerprint workers are than one, each on a core of its own, on large photos.

A worker with one decoding thread takes more than one core where it can, for it fetches and hashes beside; so each is
kept to one. The photos are files that submissions name, so that the broker beside the workers stays idle. Processes
that only fingerprint, without any Kafka, show how much of a second core this machine has to give.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.kafka.topics import FINGERPRINTS, SUBMISSIONS, load_topics
from tests.bench.deployment import SPREAD, Deployment
from tests.bench.workload import Watermarks, fast_producer, flush, produce
from tests.support.media import PHOTOS, jpeg

SIZE = (1920, 1080)
TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Scaling:
    """Fingerprints a second, medians; `ratio` is the median of each round's, `bare_ratio` that of bare processes."""

    one_per_s: float
    two_per_s: float
    ratio: float
    bare_ratio: float


def run(bootstrap: str, work_dir: Path, *, photos: int, rounds: int) -> Scaling:
    """One worker, two workers, in turn; the workers are ready before the photos are published."""
    rates = [
        [_rate(bootstrap, work_dir, f"scaling{number}x{workers}", workers, photos) for workers in (1, 2)]
        for number in range(rounds)
    ]
    ones, twos = [one for one, _ in rates], [two for _, two in rates]
    bare = [_bare_rate(2, photos) / _bare_rate(1, photos) for _ in range(rounds)]
    return Scaling(median(ones), median(twos), median(two / one for one, two in rates), median(bare))


def _bare_rate(processes: int, photos: int) -> float:
    """Fingerprints a second of so many processes, each on a core, that have the photos in memory."""
    spawn = multiprocessing.get_context("spawn")
    begin, rates = spawn.Barrier(processes), spawn.SimpleQueue()
    cores = sorted(os.sched_getaffinity(0))
    started = [
        spawn.Process(target=_fingerprint_on, args=(cores[number % len(cores)], photos // processes, begin, rates))
        for number in range(processes)
    ]
    for each in started:
        each.start()
    total: float = sum(rates.get() for _ in started)
    for each in started:
        each.join()
    return total


def _fingerprint_on(core: int, photos: int, begin: Any, rates: Any) -> None:
    os.sched_setaffinity(0, {core})
    pictures = [jpeg(name, SIZE, quality=85) for name in PHOTOS[:4]]
    fingerprint_image(pictures[0])
    begin.wait()
    begun_at = time.monotonic()
    for number in range(photos):
        fingerprint_image(pictures[number % len(pictures)])
    rates.put(photos / (time.monotonic() - begun_at))


def _rate(bootstrap: str, work_dir: Path, name: str, workers: int, photos: int) -> float:
    with Deployment(bootstrap, work_dir, name, decode_threads="1", file_roots=str(work_dir)) as deployment:
        processes = [deployment.worker("fingerprint", worker_id=str(number)) for number in range(workers)]
        for core, process in zip(sorted(os.sched_getaffinity(0)), processes, strict=False):
            process.await_ready()
            process.stay_on(core)
        _publish(deployment, work_dir, photos)
        times_ms = _await_fingerprints(deployment, photos)
        return (len(times_ms) - 1) / ((max(times_ms) - min(times_ms)) / 1000)


def _publish(deployment: Deployment, work_dir: Path, photos: int) -> None:
    """Different bytes each, so that none is known already: a decoder stops at the end of the picture."""
    pictures = [jpeg(name, SIZE, quality=85) for name in PHOTOS[:4]]
    producer, topic = fast_producer(deployment.bootstrap), deployment.wire(SUBMISSIONS)
    partitions = load_topics()[SUBMISSIONS].partitions
    for number in range(photos):
        path = work_dir / f"scaling-{number}.jpg"
        if not path.exists():
            path.write_bytes(pictures[number % len(pictures)] + b"%d" % number)
    for number in range(photos):
        url = (work_dir / f"scaling-{number}.jpg").as_uri()
        value = json.dumps({"media_id": str(number), "url": url, "collection": SPREAD}).encode()
        produce(producer, topic, b"%d" % number, value, partition=number % partitions)
    flush(producer)


def _await_fingerprints(deployment: Deployment, photos: int) -> list[int]:
    """The broker's times of all fingerprints, in ms."""
    topic, partitions = deployment.wire(FINGERPRINTS), load_topics()[FINGERPRINTS].partitions
    consumer = Consumer({"log_level": 3, "bootstrap.servers": deployment.bootstrap, "group.id": f"{topic}-reader"})
    deadline = time.monotonic() + TIMEOUT_S
    written = Watermarks(deployment.bootstrap, topic, partitions)
    while written.count() < photos:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{photos} photos were not fingerprinted in {TIMEOUT_S:.0f} s")
        time.sleep(0.1)
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(partitions)])
    times_ms: list[int] = []
    while len(times_ms) < photos:
        times_ms += [record.timestamp()[1] for record in consumer.consume(photos - len(times_ms), timeout=10.0)]
    consumer.close()
    return times_ms
