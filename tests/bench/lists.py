"""A hash list of a million entries on a real deployment: from the file until it is effective, and what it costs then.

One worker has the stages fingerprint and match. The list's last entry is the sha256 of a medium that was submitted
before: its past decision is revised, and a new copy is blocked. What a list costs the match stage alone, in process, is
in hash_lists.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from streams.domain.policy.policy import Policy
from streams.domain.records import VerdictSource
from streams.kafka.topics import DECISIONS, SUBMISSIONS
from streams.services.moderation.hash_lists.importing import ListSettings, import_list
from tests.bench.deployment import Deployment, WorkerProcess
from tests.bench.hash_lists import write_list
from tests.bench.report import Reach, at_least, at_most
from tests.bench.sampling import cpu_s
from tests.bench.verdicts import COLLECTION, Reader, Run
from tests.bench.workload import fast_producer, flush, produce
from tests.support.media import encode, photo

STAGES = ("fingerprint", "match")
PICTURE_SIZE = (64, 48)
TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Listed:
    """Seconds from the begin of an import, and CPU µs of the worker for a new picture in rounds without and with it."""

    entries: int
    published_s: float
    new_copy_s: float
    past_member_s: float
    without_us: tuple[float, ...]
    with_us: tuple[float, ...]

    @property
    def rate_share(self) -> float:
        """The rate of the worker with the list, as a share of that without."""
        return median(self.without_us) / median(self.with_us)


def run(bootstrap: str, work_dir: Path, name: str, *, entries: int, pictures: int, rounds: int) -> Listed:
    """Measure with a worker of its own; rounds of new pictures before the import and after it."""
    content = encode(photo("coffee.png", (320, 240)), quality=60)
    with Deployment(bootstrap, work_dir, name) as deployment:
        worker = deployment.worker(*STAGES)
        worker.await_ready()
        reader = Reader(bootstrap, deployment.wire(DECISIONS))
        bench = Run(deployment, reader, fast_producer(bootstrap, linger_ms=1), (content,))
        bench.submit(0, 1, "past-")
        bench.until(1, lambda told: told.revision == 0)
        new = _pictures()
        _cpu_us(worker, bench, new, pictures)  # a worker that has just started is slower
        without = tuple(_cpu_us(worker, bench, new, pictures) for _ in range(rounds))
        path = work_dir / f"{name}.csv"
        write_list(path, entries - 1)
        with path.open("a") as file:
            file.write(f"sha256,{bench.content_id(0).removeprefix('sha256:')}\n")
        published_s, new_copy_s, past_member_s = _import(bench, path)
        with_list = tuple(_cpu_us(worker, bench, new, pictures) for _ in range(rounds))
        worker.stop()
        reader.close()
    return Listed(entries, published_s, new_copy_s, past_member_s, without, with_list)


def _import(bench: Run, path: Path) -> tuple[float, float, float]:
    begun_ms = time.time() * 1000
    wanted = ListSettings("bench", "1", status="blocked")
    by, policy = VerdictSource("person", "bench"), Policy.of(name="bench")
    import_list(bench.deployment.settings, path, "csv", COLLECTION, wanted, by, policy=policy)
    published_s = time.time() - begun_ms / 1000
    at_ms, deadline = {"copy": 0.0, "past": 0.0}, time.monotonic() + TIMEOUT_S
    while not all(at_ms.values()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the list was not effective in {TIMEOUT_S:.0f} s: {at_ms}")
        bench.submit(0, 1, "copy-")
        for told in bench.reader.read(0.05):
            kind = told.media_id.partition("-")[0]
            if (
                kind in at_ms
                and told.status == "blocked"
                and not at_ms[kind]
                and (told.revision > 0) == (kind == "past")
            ):
                at_ms[kind] = told.at_ms
    return published_s, (at_ms["copy"] - begun_ms) / 1000, (at_ms["past"] - begun_ms) / 1000


def _pictures() -> Iterator[bytes]:
    """Small pictures of noise, all different."""
    random = np.random.default_rng(1)
    while True:
        encoded = BytesIO()
        blurred = Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8))
        blurred.resize(PICTURE_SIZE, Image.Resampling.BICUBIC).save(encoded, "JPEG", quality=80)
        yield encoded.getvalue()


def _cpu_us(worker: WorkerProcess, bench: Run, pictures: Iterator[bytes], count: int) -> float:
    """CPU of the worker and of its decoders for one of so many new pictures."""
    values = [next(pictures) for _ in range(count)]
    before, topic = cpu_s(worker.pid), bench.deployment.wire(SUBMISSIONS)
    headers = {"content-type": b"image/jpeg", "ce_collection": COLLECTION.encode()}
    for value in values:
        bench.published += 1
        produce(bench.producer, topic, b"new-%d" % bench.published, value, headers=headers)
    flush(bench.producer)
    bench.until(count, lambda told: told.media_id.startswith("new-") and told.revision == 0)
    return (cpu_s(worker.pid) - before) / count * 1e6


def show(found: Listed, console: Console) -> None:
    table = Table(title=f"a list of {found.entries:,} hashes, one worker")
    for heading in ("what", "measured"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    table.add_row("checked and published", f"{found.published_s:.1f} s")
    table.add_row("a new copy is blocked", f"{found.new_copy_s:.1f} s")
    table.add_row("a past decision is revised", f"{found.past_member_s:.1f} s")
    table.add_row("CPU of a new picture without", " ".join(f"{each:.0f}" for each in found.without_us) + " µs")
    table.add_row("the same with the list", " ".join(f"{each:.0f}" for each in found.with_us) + " µs")
    console.print(table)


def reach(found: Listed) -> list[Reach]:
    return [
        Reach(f"a list of {found.entries:,} hashes is effective", at_most(120, "s"), found.new_copy_s),
        Reach("rate with the list to without", at_least(0.8, "×", 2), found.rate_share),
    ]
