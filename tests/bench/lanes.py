"""Live latency with and without work in the bulk lane, by turns in one run; in the last round behind a whole backlog.

The backlog are submissions by their bytes. All that are read meanwhile are of different pictures: every one is decoded
and looked up. Live submissions are duplicates at a steady rate, as in latency.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median, quantiles

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
"""Of the pictures. Only they are read while it is measured; those after them are the same under other names."""

MOST_PER_S = 55
"""The bulk lane is paced at less than this beside live work."""

SETTLE_S = 5.0
DRAIN_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Lanes:
    """Of live duplicates: p50 and p99 in ms alone and beside bulk work, of each round; and what the bulk lane did.

    In the last round, all of the backlog stands in the bulk lane; before, what is done in one round.
    """

    rate_per_s: float
    backlog: int
    alone_ms: tuple[tuple[float, float], ...]
    beside_ms: tuple[tuple[float, float], ...]
    bulk_per_s: float

    @property
    def p99_ratios(self) -> tuple[float, ...]:
        return tuple(beside[1] / alone[1] for alone, beside in zip(self.alone_ms, self.beside_ms, strict=True))


def run(
    bootstrap: str,
    work_dir: Path,
    name: str,
    *,
    backlog: int,
    rate: float,
    warm_up_s: float,
    measured_s: float,
    rounds: int,
) -> Lanes:
    """Measure live latency alone and beside bulk work by turns, since other work on the machine changes both.

    Raises:
        RuntimeError: a live submission was not decided, or the bulk lane was empty before the end of a round.
    """
    alone, beside, per_s = list[tuple[int, int]](), list[tuple[int, int]](), list[float]()
    with Deployment(bootstrap, work_dir, name) as deployment:
        worker = deployment.worker(*STAGES)
        worker.await_ready()
        pictures = _Backlog(deployment)

        def done() -> int:
            return int(worker.metric("mediasieve_records_total", stage="bulk"))

        with Traffic(deployment, rate) as traffic:
            time.sleep(warm_up_s)
            for number in range(rounds):
                alone.append(_measure(traffic, measured_s))
                is_last = number == rounds - 1
                pictures.publish(backlog if is_last else round(MOST_PER_S * (measured_s + SETTLE_S)))
                time.sleep(SETTLE_S)
                before = done()
                beside.append(_measure(traffic, measured_s))
                per_s.append((done() - before) / measured_s)
                if done() >= pictures.published:
                    raise RuntimeError(f"lanes: all of {pictures.published} bulk submissions are done")
                if not is_last:
                    _await(lambda: done() >= pictures.published)
            traffic.stop()
            traffic.await_decisions(30.0)
        tally = traffic.tally()
        if tally.lost or tally.refused or tally.contradictory:
            raise RuntimeError(f"lanes: {tally}")
    figures = [tuple(_quantiles_ms(traffic, *part) for part in parts) for parts in (alone, beside)]
    return Lanes(rate, backlog, figures[0], figures[1], sum(per_s) / rounds)


def reach(found: Lanes) -> list[Reach]:
    return [
        Reach("live p99 beside bulk work to live p99 alone", at_most(2, "×"), median(found.p99_ratios)),
        Reach(f"the same beside a backlog of {found.backlog:,}", at_most(2, "×"), found.p99_ratios[-1]),
        Reach("bulk submissions meanwhile", at_least(1, "/s", 0), found.bulk_per_s),
    ]


def _measure(traffic: Traffic, measured_s: float) -> tuple[int, int]:
    first = len(traffic.tracked)
    time.sleep(measured_s)
    return first, len(traffic.tracked)


def _await(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DRAIN_TIMEOUT_S
    while not is_done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"lanes: bulk submissions were not done in {DRAIN_TIMEOUT_S:.0f} s")
        time.sleep(0.5)


def _quantiles_ms(traffic: Traffic, first: int, last: int) -> tuple[float, float]:
    measured = [each for each in traffic.tracked[first:last] if each.outcome == "duplicate"]
    cuts = quantiles(((each.received_at - each.sent_at) * 1000 for each in measured), n=100)
    return cuts[49], cuts[98]


class _Backlog:
    """Small pictures of noise in a collection of their own with near matching."""

    def __init__(self, deployment: Deployment) -> None:
        self._producer, self._topic = fast_producer(deployment.bootstrap), deployment.wire(BULK_SUBMISSIONS)
        self._random, self._pictures = np.random.default_rng(1), list[bytes]()
        self.published = 0

    def publish(self, count: int) -> None:
        for number in range(self.published, self.published + count):
            headers = {
                "content-type": b"image/jpeg",
                "ce_id": b"bulk-%d" % number,
                "ce_source": b"bench",
                "ce_collection": b"imported",
            }
            produce(self._producer, self._topic, b"bulk-%d" % number, self._picture(number), headers=headers)
        flush(self._producer)
        self.published += count

    def _picture(self, number: int) -> bytes:
        if number < DISTINCT:
            encoded = BytesIO()
            blurred = Image.fromarray(self._random.integers(0, 256, (8, 8, 3), np.uint8))
            blurred.resize(PICTURE_SIZE, Image.Resampling.BICUBIC).save(encoded, "JPEG", quality=80)
            self._pictures.append(encoded.getvalue())
        return self._pictures[number % DISTINCT]
