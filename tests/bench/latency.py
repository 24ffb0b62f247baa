"""Publish-to-decision latency of duplicates at a steady rate, measured by a consumer of the decision topic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from time import sleep

from tests.bench.deployment import Deployment
from tests.bench.sampling import cpu_s
from tests.bench.traffic import Traffic

ARRANGEMENTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "one process": (("fingerprint", "match"),),
    "a process a stage": (("fingerprint",), ("match",)),
}


@dataclass(frozen=True, slots=True)
class Latency:
    """Of duplicates decided after the warm-up; `cpu_us_per_submission` is of all workers together."""

    arrangement: str
    rate_per_s: float
    samples: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    cpu_us_per_submission: float


def run(
    bootstrap: str, work_dir: Path, name: str, arrangement: str, *, rate: float, warm_up_s: float, measured_s: float
) -> Latency:
    """Start the workers of one arrangement, warm up, measure.

    Raises:
        RuntimeError: a submission was not decided, or a decision is not what it must be.
    """
    with Deployment(bootstrap, work_dir, name) as deployment:
        workers = [
            deployment.worker(*stages, worker_id=str(number)) for number, stages in enumerate(ARRANGEMENTS[arrangement])
        ]
        for worker in workers:
            worker.await_ready()
        with Traffic(deployment, rate) as traffic:
            sleep(warm_up_s)
            first, cpu_before = len(traffic.tracked), sum(cpu_s(worker.pid) for worker in workers)
            sleep(measured_s)
            last, cpu_after = len(traffic.tracked), sum(cpu_s(worker.pid) for worker in workers)
            traffic.stop()
            traffic.await_decisions(30.0)
        measured = [each for each in traffic.tracked[first:last] if each.outcome == "duplicate"]
        tally = traffic.tally()
        if tally.lost or tally.refused or tally.contradictory or not measured:
            raise RuntimeError(f"latency, {arrangement}: {tally}")
        taken_ms = sorted((each.received_at - each.sent_at) * 1000 for each in measured)
        cuts = quantiles(taken_ms, n=100)
        cpu_us = (cpu_after - cpu_before) / max(1, last - first) * 1e6
        return Latency(arrangement, rate, len(taken_ms), cuts[49], cuts[98], taken_ms[-1], cpu_us)
