"""How much memory a worker with all stages takes while it works through a backlog of pictures inside the records.

The backlog is published before the worker starts, so that the worker always finds as much as it cares to fetch.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from streams.analytics.client import connect
from streams.analytics.migrations import migrate
from streams.kafka.topics import DECISIONS, SUBMISSIONS, load_topics
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.bench.deployment import SPREAD, Deployment
from tests.bench.report import Reach, at_most
from tests.bench.sampling import memory_mb
from tests.bench.workload import Watermarks, fast_producer, flush, produce
from tests.support.media import encode, photo
from tests.support.processes import PeakMemory

STAGES = ("fingerprint", "match", "record")
TIMEOUT_S = 900.0
#: Of so many records, one carries a picture that no other record has.
ONE_NEW_OF = 20


@dataclass(frozen=True, slots=True)
class Backlog:
    """`records` pictures, each a file of `size_bytes`; the worker may take `bound_mb` at its peak."""

    name: str
    records: int
    size_bytes: int
    picture: tuple[int, int]
    bound_mb: float


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB of the worker: before the backlog, at its peak, and `rest_s` after the last decision."""

    backlog: str
    published_mb: float
    seconds: float
    ready_mb: float
    peak_mb: float
    rest_mb: float
    bound_mb: float


BACKLOGS = (
    Backlog("records of 120 kB", 34_000, 120_000, (500, 375), 600),
    Backlog("records of 5 MB", 800, 5_000_000, (3000, 2000), 900),
)


def backlogs(part: float) -> list[Backlog]:
    """The backlogs, or a part of each."""
    return [replace(each, records=max(20, int(each.records * part))) for each in BACKLOGS]


def pictures(backlog: Backlog) -> Iterator[bytes]:
    """Files of the backlog's size. A decoder stops at the end of the picture: what follows only makes bytes differ."""
    picture = encode(photo("coffee.png", backlog.picture), quality=90)
    for number in range(backlog.records):
        content = number if number % ONE_NEW_OF == 0 else number % ONE_NEW_OF
        yield picture + b"%012d" % content + bytes(max(0, backlog.size_bytes - len(picture) - 12))


def run(bootstrap: str, work_dir: Path, name: str, backlog: Backlog, *, rest_s: float) -> Memory:
    """Publish the backlog, start a worker with all stages, and watch it until all is decided and `rest_s` longer."""
    with (
        EmbeddedClickHouse(work_dir / f"{name}-clickhouse") as clickhouse,
        Deployment(bootstrap, work_dir, name, clickhouse=clickhouse.url) as deployment,
    ):
        with connect(deployment.settings, database="") as client:
            migrate(client, deployment.settings.clickhouse.database)
        published_bytes = _publish(deployment, backlog)
        worker = deployment.worker(*STAGES)
        with PeakMemory(worker.pid) as peak:
            worker.await_ready()
            ready_mb, begun_at = memory_mb(worker.pid)["rss"], time.monotonic()
            _await_decisions(deployment, backlog.records)
            seconds = time.monotonic() - begun_at
            time.sleep(rest_s)
        rest_mb = memory_mb(worker.pid)["rss"]
        worker.stop()
    return Memory(backlog.name, published_bytes / (1 << 20), seconds, ready_mb, peak.rss_mb, rest_mb, backlog.bound_mb)


def reach(found: Memory) -> list[Reach]:
    return [
        Reach(f"memory at its peak, {found.backlog}", at_most(found.bound_mb, "MB", 0), found.peak_mb),
        Reach(f"memory a minute later, {found.backlog}", at_most(400, "MB", 0), found.rest_mb),
    ]


def _publish(deployment: Deployment, backlog: Backlog) -> int:
    producer, topic = fast_producer(deployment.bootstrap), deployment.wire(SUBMISSIONS)
    partitions = load_topics()[SUBMISSIONS].partitions
    headers = {"content-type": b"image/jpeg", "ce_collection": SPREAD.encode()}
    published_bytes = 0
    for number, picture in enumerate(pictures(backlog)):
        produce(producer, topic, b"%d" % number, picture, partition=number % partitions, headers=headers)
        published_bytes += len(picture)
    flush(producer)
    return published_bytes


def _await_decisions(deployment: Deployment, records: int) -> None:
    decided = Watermarks(deployment.bootstrap, deployment.wire(DECISIONS), load_topics()[DECISIONS].partitions)
    deadline = time.monotonic() + TIMEOUT_S
    while decided.count() < records:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{records} submissions were not decided in {TIMEOUT_S:.0f} s")
        time.sleep(0.2)
