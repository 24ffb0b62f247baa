"""How fast a worker without local state rebuilds its table from the changelog, and what it weighs in memory.

Recovery is the time from a worker's start to its first decision, on a fingerprint that waits for it, with a full
changelog, less that with an empty one.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.domain.records import routing_key
from streams.kafka.topics import CONTENTS_CHANGELOG, DECISIONS, FINGERPRINTS
from tests.bench import full_records
from tests.bench.deployment import Deployment
from tests.bench.sampling import memory_mb
from tests.bench.workload import VALUE_BYTES, Watermarks, fast_producer, flush, produce

SETTLE_S = 1.5
TIMEOUT_S = 300.0
PROBE = 1 << 40


@dataclass(frozen=True, slots=True)
class Recovery:
    """`seconds` without start-up."""

    what: str
    records: int
    seconds: float

    @property
    def records_per_s(self) -> float:
        return self.records / max(self.seconds, 0.1)


@dataclass(frozen=True, slots=True)
class Recoveries:
    """Of small values and of real state; `memory_mb` is resident memory of the worker, by situation."""

    small: Recovery
    real: Recovery
    memory_mb: Mapping[str, float]


def run(bootstrap: str, work_dir: Path, *, small: int, submissions: int) -> Recoveries:
    """Recover `small` records of 100 bytes, then what `submissions` full records left behind."""
    memory: dict[str, float] = {}
    with Deployment(bootstrap, work_dir, "rest") as deployment:
        worker = deployment.worker("fingerprint", "match")
        worker.await_ready()
        time.sleep(SETTLE_S)
        memory["at rest, nothing done yet"] = memory_mb(worker.pid)["rss"]
        worker.stop()
    with Deployment(bootstrap, work_dir, "small") as deployment:
        empty_s = _decided_s(deployment)
        _fill(deployment, small)
        small_recovery = Recovery(f"{VALUE_BYTES}-byte values", small, _decided_s(deployment, memory) - empty_s)
    with Deployment(bootstrap, work_dir, "real") as deployment:
        full_records.run(deployment, submissions)
        records = Watermarks(bootstrap, deployment.wire(CONTENTS_CHANGELOG)).count()
        real_recovery = Recovery("real state", records, _decided_s(deployment, memory) - empty_s)
    return Recoveries(small_recovery, real_recovery, memory)


def _decided_s(deployment: Deployment, memory: dict[str, float] | None = None) -> float:
    """Seconds until a match worker without local state decides."""
    shutil.rmtree(deployment.data_dir, ignore_errors=True)
    topic, decided = deployment.wire(FINGERPRINTS), Watermarks(deployment.bootstrap, deployment.wire(DECISIONS))
    before = decided.count()
    producer, probe = fast_producer(deployment.bootstrap), full_records.fingerprint_of(0, PROBE + before)
    produce(producer, topic, routing_key(probe), probe.to_json())
    flush(producer)
    worker = deployment.worker("match")
    try:
        while decided.count() == before:
            if worker.process.poll() is not None:
                raise RuntimeError(f"the worker ended; its log is {worker.log}")
            if time.monotonic() - worker.started_at > TIMEOUT_S:
                raise TimeoutError(f"nothing was decided in {TIMEOUT_S:.0f} s")
            time.sleep(0.02)
        taken_s = time.monotonic() - worker.started_at
        if memory is not None:
            time.sleep(SETTLE_S)
            memory[f"after recovery, {deployment.name} state"] = memory_mb(worker.pid)["rss"]
    finally:
        worker.stop()
    return taken_s


def _fill(deployment: Deployment, records: int) -> None:
    """Distinct keys straight into the changelog, spread over its partitions; of no kind that the match stage reads."""
    producer, topic = fast_producer(deployment.bootstrap), deployment.wire(CONTENTS_CHANGELOG)
    for number in range(records):
        produce(producer, topic, b"-%012d" % number, b"." * VALUE_BYTES)
    flush(producer)
