"""`make chaos`: two workers under steady traffic on Apache Kafka; one is killed, comes back, is restarted as planned.

Every submission is counted. A pause is the longest time between two decisions that follow each other in a partition,
by the broker's clock, while submissions keep coming; it belongs to the phase in which it began.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import click
import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from rich.console import Console
from rich.table import Table

from streams.kafka.topics import FINGERPRINTS, load_topics
from tests.bench.deployment import Deployment
from tests.bench.report import Reach, at_most, show_reach, write_json
from tests.bench.sampling import machine
from tests.bench.traffic import WARM_UP_S, Tally, Traffic
from tests.bench.workload import READ_RECORDS, Watermarks
from tests.support.brokers import ApacheKafka

STAGES = ("fingerprint", "match")
DRAIN_S = 90.0
SLACK_S = 0.25  # a pause begins with the last decision before its cause
TARGET_S = {"kill -9": 10.0, "rejoin": 5.0, "planned restart": 5.0}


@dataclass(frozen=True, slots=True)
class Phase:
    """`pauses_s` by partition: of the submissions (`s0`…) and of the fingerprints (`f0`…)."""

    name: str
    pauses_s: Mapping[str, float]

    @property
    def worst_s(self) -> float:
        return max(self.pauses_s.values(), default=0.0)


@dataclass(frozen=True, slots=True)
class Chaos:
    """What came of one run."""

    rate_per_s: float
    phases: Sequence[Phase]
    tally: Tally
    uniques: int
    contents: int


def run(bootstrap: str, work_dir: Path, *, rate: float, seconds: float, rounds: int = 1) -> Chaos:
    """`rounds` times: kill -9, rejoin, planned restart, `seconds` apart; undisturbed for a while before and after."""
    with Deployment(bootstrap, work_dir, "chaos") as deployment:
        stays = deployment.worker(*STAGES, worker_id="stays")
        other = deployment.worker(*STAGES, worker_id="other")
        stays.await_ready()
        other.await_ready()
        begun: list[tuple[str, float]] = []
        with Traffic(deployment, rate) as traffic:
            time.sleep(WARM_UP_S)
            begun.append(("undisturbed", time.time()))
            time.sleep(min(seconds, 10.0))
            for _ in range(rounds):
                begun.append(("kill -9", time.time()))
                other.kill()
                time.sleep(seconds)
                begun.append(("rejoin", time.time()))
                other = deployment.worker(*STAGES, worker_id="other")
                time.sleep(seconds)
                begun.append(("planned restart", time.time()))
                other.stop()
                other = deployment.worker(*STAGES, worker_id="other")
                time.sleep(seconds)
            begun.append(("end", time.time()))
            traffic.stop()
            traffic.await_decisions(DRAIN_S)
        phases = _phases(traffic, begun, _partitions_of(deployment))
        uniques = sum(each.outcome == "unique" for each in traffic.tracked)
        return Chaos(rate, phases, traffic.tally(), uniques, traffic.contents)


def _phases(traffic: Traffic, begun: Sequence[tuple[str, float]], partition_of: Mapping[int, int]) -> list[Phase]:
    """The worst pause of each partition in each phase; equal phases of several rounds count as one."""
    decided: dict[str, list[int]] = {}
    for number, each in enumerate(traffic.tracked):
        if each.decisions:
            decided.setdefault(f"s{each.partition}", []).append(each.decided_at_ms)
            decided.setdefault(f"f{partition_of[number]}", []).append(each.decided_at_ms)
    worst: dict[str, dict[str, float]] = {}
    for (name, from_s), (_, to_s) in pairwise(begun):
        from_ms, to_ms = (from_s - SLACK_S) * 1000, (to_s - SLACK_S) * 1000
        pauses = worst.setdefault(name, {})
        for partition, times_ms in decided.items():
            gaps_ms = [later - earlier for earlier, later in pairwise(sorted(times_ms)) if from_ms <= earlier < to_ms]
            pauses[partition] = max(pauses.get(partition, 0.0), max(gaps_ms, default=0) / 1000)
    return [Phase(name, pauses) for name, pauses in worst.items()]


def _partitions_of(deployment: Deployment) -> dict[int, int]:
    """The partition of media.fingerprints in which each submission, by its number, was decided."""
    topic, count = deployment.wire(FINGERPRINTS), load_topics()[FINGERPRINTS].partitions
    consumer = Consumer({"log_level": 3, "bootstrap.servers": deployment.bootstrap, "group.id": f"{topic}-reader"})
    left = Watermarks(deployment.bootstrap, topic, count).count()
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(count)])
    found: dict[int, int] = {}
    while left > 0:
        records = consumer.consume(min(READ_RECORDS, left), timeout=30.0)
        if not records:
            raise TimeoutError(f"{topic} has {left} records that it does not give")
        left -= len(records)
        for record in records:
            submission_id: str = orjson.loads(record.value() or b"")["submission_id"]
            found[int(submission_id.rpartition("#")[2])] = record.partition() or 0
    consumer.close()
    return found


def reach(chaos: Chaos) -> list[Reach]:
    """The project's targets beside what was measured."""
    tally = chaos.tally
    figures = [
        Reach(f"pause of a partition, {phase.name}", at_most(TARGET_S[phase.name], "s"), phase.worst_s)
        for phase in chaos.phases
        if phase.name in TARGET_S
    ]
    return [
        *figures,
        Reach("submissions lost", at_most(0, "", digits=0), tally.lost + tally.refused),
        Reach("contradictory decisions", at_most(0, "", digits=0), tally.contradictory),
        Reach("contents decided unique but once", at_most(0, "", digits=0), abs(chaos.uniques - chaos.contents)),
    ]


def show(chaos: Chaos, console: Console) -> None:
    table = Table(title=f"pauses of partitions in s, two workers at {chaos.rate_per_s:,.0f} submissions/s")
    for heading in ("phase", "worst", "median", "partitions over 1 s", "target"):
        table.add_column(heading, justify="left" if heading == "phase" else "right")
    for phase in chaos.phases:
        pauses = list(phase.pauses_s.values())
        target = f"≤ {TARGET_S[phase.name]:.0f}" if phase.name in TARGET_S else ""
        over = f"{sum(pause > 1 for pause in pauses)} of {len(pauses)}"
        table.add_row(phase.name, f"{phase.worst_s:.2f}", f"{median(pauses):.2f}", over, target)
    console.print(table)
    console.print(asdict(chaos.tally))


@click.command()
@click.option("--rate", default=1000.0, show_default=True, help="Submissions a second.")
@click.option("--seconds", default=20.0, show_default=True, help="How long each phase lasts.")
@click.option("--rounds", default=1, show_default=True, help="How often it is all done.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here, too.")
def main(rate: float, seconds: float, rounds: int, json_path: Path | None) -> None:
    """Kill, rejoin and restart a worker under traffic; exit code 1 when a submission was lost or contradicted."""
    console = Console(width=120)
    with ApacheKafka() as kafka, tempfile.TemporaryDirectory(prefix="mediasieve-chaos-") as work_dir:
        chaos = run(kafka.bootstrap, Path(work_dir), rate=rate, seconds=seconds, rounds=rounds)
    show(chaos, console)
    show_reach(reach(chaos), console)
    if json_path:
        write_json(json_path, {"machine": machine(), "chaos": asdict(chaos)})
    tally = chaos.tally
    sys.exit(1 if tally.lost or tally.refused or tally.contradictory else 0)


if __name__ == "__main__":
    main()
