"""What a worker with all stages costs while there is nothing to do, by broker."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from streams.analytics.client import connect
from streams.analytics.migrations import migrate
from streams.local.broker import EmbeddedBroker
from streams.local.clickhouse.server import EmbeddedClickHouse
from streams.stages import STAGE_NAMES
from tests.bench.deployment import Deployment
from tests.bench.report import Reach, at_most
from tests.bench.sampling import cpu_s, memory_mb

STAGES = STAGE_NAMES
#: After its start, a worker returns memory and waits longer and longer between its questions.
SETTLE_S = 8.0
BOUNDS = {"Apache Kafka": 2.0, EmbeddedBroker.kind: 4.0}


@dataclass(frozen=True, slots=True)
class Idle:
    """Percent of one core, and MiB."""

    broker: str
    cpu_percent: float
    memory_mb: float


def run(bootstrap: str, work_dir: Path, name: str, *, measured_s: float) -> list[Idle]:
    """A worker on Apache Kafka at `bootstrap`, and one on the embedded broker."""
    with EmbeddedBroker(work_dir / f"{name}-broker") as embedded:
        brokers = {"Apache Kafka": bootstrap, embedded.kind: embedded.bootstrap}
        return [
            _measure(broker, address, work_dir, f"{name}{number}", measured_s)
            for number, (broker, address) in enumerate(brokers.items())
        ]


def _measure(broker: str, bootstrap: str, work_dir: Path, name: str, measured_s: float) -> Idle:
    with (
        EmbeddedClickHouse(work_dir / f"{name}-clickhouse") as clickhouse,
        Deployment(bootstrap, work_dir, name, clickhouse=clickhouse.url) as deployment,
    ):
        with connect(deployment.settings, database="") as client:
            migrate(client, deployment.settings.clickhouse.database)
        worker = deployment.worker(*STAGES)
        worker.await_ready()
        time.sleep(SETTLE_S)
        begun_at, cpu_before = time.monotonic(), cpu_s(worker.pid)
        time.sleep(measured_s)
        share = (cpu_s(worker.pid) - cpu_before) / (time.monotonic() - begun_at)
        found = Idle(broker, 100 * share, memory_mb(worker.pid)["rss"])
        worker.stop()
    return found


def reach(found: list[Idle]) -> list[Reach]:
    return [
        Reach(f"idle worker on {each.broker}: of a core", at_most(BOUNDS[each.broker], "%"), each.cpu_percent)
        for each in found
    ]
