"""Live latency with and without a backlog in the bulk lane, in one run: the same workers, first idle, then importing.

The backlog are submissions by their bytes. All that are read meanwhile are of different pictures: every one is decoded
and looked up. Live submissions are duplicates at a steady rate, as in latency.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import quantiles

import numpy as np
from PIL import Image

from streams.kafka.topics import BULK_SUBMISSIONS
from tests.bench.deployment import Deployment
from tests.bench.report import Reach, at_least, at_most
from tests.bench.traffic import Traffic
from tests.bench.workload import fast_producer, flush, produce

STAGES = ("fingerprint", "bulk", "match")
PICTURE_SIZE = (64, 48)
DISTINCT = 50_000
"""Of the pictures of the backlog. Only they are read while it is measured; the others come again under other names."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """Of live duplicates: alone, and beside the backlog; what the bulk lane did meanwhile."""

    rate_per_s: float
    backlog: int
    samples: int
    alone_p50_ms: float
    alone_p99_ms: float
    beside_p50_ms: float
    beside_p99_ms: float
    bulk_per_s: float

    @property
    def p99_ratio(self) -> float:
        return self.beside_p99_ms / self.alone_p99_ms


def run(
    bootstrap: str, work_dir: Path, name: str, *, backlog: int, rate: float, warm_up_s: float, measured_s: float
) -> Lanes:
    """Measure live latency alone, fill the bulk lane, measure again.

    Raises:
        RuntimeError: a live submission was not decided, or the bulk lane is empty before the end.
    """
    with Deployment(bootstrap, work_dir, name) as deployment:
        worker = deployment.worker(*STAGES)
        worker.await_ready()
        with Traffic(deployment, rate) as traffic:
            time.sleep(warm_up_s)
            alone = _measure(traffic, measured_s)
            _fill(deployment, backlog)
            time.sleep(min(warm_up_s, 10.0))
            before = worker.metric("mediasieve_records_total", stage="bulk")
            beside = _measure(traffic, measured_s)
            done = worker.metric("mediasieve_records_total", stage="bulk")
            traffic.stop()
            traffic.await_decisions(30.0)
        tally = traffic.tally()
        if tally.lost or tally.refused or tally.contradictory or done >= min(backlog, DISTINCT):
            raise RuntimeError(f"lanes: {tally}, {done} of {backlog} bulk submissions done")
        first, second = _latencies_ms(traffic, *alone), _latencies_ms(traffic, *beside)
        cuts, other = quantiles(first, n=100), quantiles(second, n=100)
        per_s = (done - before) / measured_s
        return Lanes(rate, backlog, len(second), cuts[49], cuts[98], other[49], other[98], per_s)


def reach(found: Lanes) -> list[Reach]:
    return [
        Reach("live p99 beside a bulk backlog to live p99 alone", at_most(2, "×"), found.p99_ratio),
        Reach("bulk submissions meanwhile", at_least(1, "/s", 0), found.bulk_per_s),
    ]


def _measure(traffic: Traffic, measured_s: float) -> tuple[int, int]:
    first = len(traffic.tracked)
    time.sleep(measured_s)
    return first, len(traffic.tracked)


def _latencies_ms(traffic: Traffic, first: int, last: int) -> list[float]:
    measured = [each for each in traffic.tracked[first:last] if each.outcome == "duplicate"]
    return sorted((each.received_at - each.sent_at) * 1000 for each in measured)


def _fill(deployment: Deployment, backlog: int) -> None:
    """Small pictures of noise, all different, in a collection of their own with near matching."""
    producer, topic = fast_producer(deployment.bootstrap), deployment.wire(BULK_SUBMISSIONS)
    random, pictures = np.random.default_rng(1), list[bytes]()
    for number in range(backlog):
        if len(pictures) < DISTINCT:
            encoded = BytesIO()
            blurred = Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8))
            blurred.resize(PICTURE_SIZE, Image.Resampling.BICUBIC).save(encoded, "JPEG", quality=80)
            pictures.append(encoded.getvalue())
        headers = {
            "content-type": b"image/jpeg",
            "ce_id": b"bulk-%d" % number,
            "ce_source": b"bench",
            "ce_collection": b"imported",
        }
        produce(producer, topic, b"bulk-%d" % number, pictures[number % DISTINCT], headers=headers)
    flush(producer)
