"""The whole path from a submission to its decision: how many a second, and the worker's CPU for each, by kind of input.

One worker has the stages fingerprint and match. It knows the contents of duplicates before it is measured. The same
pictures are fingerprinted in this process beside it, which shows what the path adds to a new one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.kafka.topics import DECISIONS, SUBMISSIONS, load_topics
from tests.bench.deployment import SPREAD, Deployment, WorkerProcess
from tests.bench.report import Reach, at_most
from tests.bench.sampling import cpu_s
from tests.bench.workload import Watermarks, fast_producer, flush, produce
from tests.support.media import encode, photo

STAGES = ("fingerprint", "match")
SIZE = (500, 375)
SIZE_BYTES = 120_000
CONTENTS = 100
TIMEOUT_S = 300.0
BARE_FINGERPRINTS = 100


@dataclass(frozen=True, slots=True)
class Input:
    """One kind of submission; `rate_per_s` is None for a backlog, and `share` is of the submissions of a run."""

    name: str
    new: bool = False
    inline: bool = True
    rate_per_s: float | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Decisions a second, and the worker's CPU for each; `bare_us` is the CPU of one fingerprint in process."""

    name: str
    submissions: int
    decisions_per_s: float
    cpu_us: float
    bare_us: float


DUPLICATES, STEADY, NEW, BY_URL = (
    Input("duplicates inside the records"),
    Input("duplicates inside the records, 500/s", rate_per_s=500.0),
    Input("new pictures inside the records", new=True, share=0.25),
    Input("duplicates by URL", inline=False),
)


def run(bootstrap: str, work_dir: Path, name: str, *, submissions: int) -> list[Pipeline]:
    """Every kind of input in turn, in one worker."""
    picture = encode(photo("coffee.png", SIZE), quality=90)
    bare_us = _bare_us(picture)
    with Deployment(bootstrap, work_dir, name, file_roots=str(work_dir)) as deployment:
        worker = deployment.worker(*STAGES)
        worker.await_ready()
        decided = Watermarks(bootstrap, deployment.wire(DECISIONS), load_topics()[DECISIONS].partitions)
        measure = _Measurement(deployment, worker, decided, picture, work_dir)
        for known in (DUPLICATES, BY_URL):
            measure.run(known, CONTENTS)
        found = []
        for kind in (DUPLICATES, STEADY, NEW, BY_URL):
            count = max(CONTENTS, int(submissions * kind.share))
            seconds, cpu = measure.run(kind, count)
            found.append(Pipeline(kind.name, count, count / seconds, cpu / count * 1e6, bare_us))
        worker.stop()
    return found


class _Measurement:
    def __init__(
        self, deployment: Deployment, worker: WorkerProcess, decided: Watermarks, picture: bytes, work_dir: Path
    ) -> None:
        self._deployment, self._worker, self._decided = deployment, worker, decided
        self._picture, self._work_dir = picture, work_dir
        self._published = 0

    def run(self, kind: Input, count: int) -> tuple[float, float]:
        """Seconds, and the worker's CPU in seconds, from the first submission to the last decision."""
        goal = self._decided.count() + count
        begun_at, cpu_before = time.monotonic(), cpu_s(self._worker.pid)
        producer, topic = fast_producer(self._deployment.bootstrap), self._deployment.wire(SUBMISSIONS)
        partitions = load_topics()[SUBMISSIONS].partitions
        for number, (value, headers) in enumerate(self._submissions(kind, count)):
            if kind.rate_per_s is not None:
                producer.poll(max(0.0, begun_at + number / kind.rate_per_s - time.monotonic()))
            key = b"%d" % (self._published + number)
            produce(producer, topic, key, value, partition=number % partitions, headers=headers)
        flush(producer)
        self._published += count
        deadline = time.monotonic() + TIMEOUT_S
        while self._decided.count() < goal:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{kind.name}: not decided in {TIMEOUT_S:.0f} s")
            time.sleep(0.1)
        return time.monotonic() - begun_at, cpu_s(self._worker.pid) - cpu_before

    def _submissions(self, kind: Input, count: int) -> Iterator[tuple[bytes, dict[str, bytes]]]:
        for number in range(count):
            content = self._published + number if kind.new else number % CONTENTS
            if kind.inline:
                yield self._file(content), {"content-type": b"image/jpeg", "ce_collection": SPREAD.encode()}
            else:
                path = self._work_dir / f"pipeline-{content}.jpg"
                if not path.exists():
                    path.write_bytes(self._file(content))
                media_id = str(self._published + number)
                yield json.dumps({"media_id": media_id, "url": path.as_uri(), "collection": SPREAD}).encode(), {}

    def _file(self, content: int) -> bytes:
        """A decoder stops at the end of the picture: what follows only makes bytes differ."""
        return self._picture + (b"%012d" % content).ljust(SIZE_BYTES - len(self._picture), b".")


def _bare_us(picture: bytes) -> float:
    fingerprint_image(picture)
    begun_s = time.process_time()
    for _ in range(BARE_FINGERPRINTS):
        fingerprint_image(picture)
    return (time.process_time() - begun_s) / BARE_FINGERPRINTS * 1e6


def show(found: list[Pipeline], console: Console) -> None:
    table = Table(title="the whole path, one worker: fingerprint and match")
    for heading in ("submissions", "count", "decisions/s", "CPU µs each", "fingerprint in process, µs"):
        table.add_column(heading, justify="left" if heading == "submissions" else "right")
    for each in found:
        figures = (each.decisions_per_s, each.cpu_us, each.bare_us)
        table.add_row(each.name, f"{each.submissions:,}", *(f"{figure:,.0f}" for figure in figures))
    console.print(table)


def reach(found: list[Pipeline]) -> list[Reach]:
    by_name = {each.name: each for each in found}
    new = by_name[NEW.name]
    return [
        Reach(f"CPU of {DUPLICATES.name}", at_most(700, "µs", 0), by_name[DUPLICATES.name].cpu_us),
        Reach(f"CPU of {STEADY.name}", at_most(800, "µs", 0), by_name[STEADY.name].cpu_us),
        Reach(f"CPU of {NEW.name}, to fingerprints in process", at_most(1.35, "×", 2), new.cpu_us / new.bare_us),
    ]
