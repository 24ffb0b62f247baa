"""The same dedupe job beside its peers: on one Apache Kafka broker, over the same records, in turn, several rounds.

Faust, which is far slower, gets the first records of the same kind only, as many as take it a few seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.bench import full_records
from tests.bench.contest import Contender, Result, run
from tests.bench.report import Reach, at_least, at_most
from tests.bench.sampling import installed_versions
from tests.bench.workload import create_topic, preload

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "tests" / "bench" / "peers"
OURS, FAUST, QUIX, FULL = "mediasieve runtime, same job", "plain Faust", "Quix Streams", full_records.NAME
#: Faust does about a fifteenth of the others' work in the same time.
FAUST_SHARE = 1 / 25


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over the rounds; `ratio` is the median over rounds of ours to this one, in events/s."""

    name: str
    version: str
    events: int
    events_per_s: float
    cpu_us_per_event: float
    ratio: float
    wrong: int


def peers_python() -> Path | None:
    """The interpreter of the peers' environment, which `make bench` sets up; None where it is not."""
    chosen = Path(os.environ.get("BENCH_PYTHON", ROOT / ".venv-bench" / "bin" / "python"))
    return chosen if chosen.exists() else None


def contenders() -> list[Contender]:
    """Ours, and the peers that are installed."""
    ours = Contender(OURS, "this checkout", (sys.executable, "-m", "tests.bench.ours_dedupe"), prepare=_changelog)
    python = peers_python()
    if python is None:
        return [ours]
    asked = "import importlib.metadata as m; print(m.version('faust-streaming'), m.version('quixstreams'))"
    faust, quix = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    faust_command = (str(python), str(PEERS / "plain_faust.py"), "worker", "-l", "warn")
    return [
        ours,
        Contender(QUIX, quix, (str(python), str(PEERS / "quix.py"))),
        Contender(FAUST, faust, faust_command),
    ]


def _changelog(bootstrap: str, group: str) -> None:
    create_topic(bootstrap, f"{group}-dedupe-seen-changelog", cleanup_policy="compact")


def measure(
    bootstrap: str, work_dir: Path, *, records: int, full: int, rounds: int, say: Callable[[str], None]
) -> list[Row]:
    """Run every contender once a round, in the same order; `full` is how many full records the match stage gets."""
    many = preload(bootstrap, "bench-many", records)
    few = preload(bootstrap, "bench-few", max(500, round(records * FAUST_SHARE)))
    field = contenders()
    if rounds > 1:
        run(field[0], bootstrap, few, work_dir)  # nobody shall pay for the broker's first steps
    results: list[Result] = []
    for number in range(rounds):
        for contender in field:
            workload = few if contender.name == FAUST else many
            results.append(run(contender, bootstrap, workload, work_dir))
            say(_line(results[-1], number))
        results.append(full_records.run_in(bootstrap, work_dir, f"full{number}", full))
        say(_line(results[-1], number))
    versions = {each.name: each.version for each in field}
    return _rows(results, versions | {FULL: "this checkout"})


def _line(result: Result, number: int) -> str:
    speed, cpu = f"{result.events_per_s:,.0f} events/s", f"{result.cpu_us_per_event:.1f} CPU µs/event"
    return f"round {number + 1}: {result.contender}: {speed}, {cpu}" + (f", {result.wrong} WRONG" * bool(result.wrong))


def _rows(results: Sequence[Result], versions: dict[str, str]) -> list[Row]:
    of = {name: [each for each in results if each.contender == name] for name in versions}
    ours = [each.events_per_s for each in of[OURS]]
    return [
        Row(
            name=name,
            version=versions[name],
            events=runs[0].events,
            events_per_s=median(each.events_per_s for each in runs),
            cpu_us_per_event=median(each.cpu_us_per_event for each in runs),
            ratio=median(own / each.events_per_s for own, each in zip(ours, runs, strict=True)),
            wrong=sum(each.wrong for each in runs),
        )
        for name, runs in of.items()
    ]


def reach(rows: Iterable[Row]) -> list[Reach]:
    """The project's targets beside what was measured."""
    row = {each.name: each for each in rows}
    figures = [Reach("same job: CPU an event", at_most(20, "µs"), row[OURS].cpu_us_per_event)]
    if FAUST in row:
        figures.append(Reach("same job: times as fast as plain Faust", at_least(10, "×"), row[FAUST].ratio))
    if QUIX in row:
        figures.append(Reach("same job: times as fast as Quix Streams", at_least(1.5, "×", 2), row[QUIX].ratio))
    per_core = 1e6 / row[FULL].cpu_us_per_event
    wrong = sum(each.wrong for each in row.values())
    return [
        *figures,
        Reach("match stage, full records: decisions a second of one core", at_least(20_000, "/s", 0), per_core),
        Reach("wrong answers, all contenders", at_most(0, "", 0), wrong),
    ]


def show(rows: Sequence[Row], console: Console) -> None:
    table = Table(title="dedupe by key, medians of interleaved rounds")
    for heading in ("", "version", "events", "events/s", "CPU µs/event", "ours is × as fast", "wrong"):
        table.add_column(heading, justify="left" if heading in ("", "version") else "right")
    for row in rows:
        ratio = "" if row.name in (OURS, FULL) else f"{row.ratio:.2f}"
        speed, cpu = f"{row.events_per_s:,.0f}", f"{row.cpu_us_per_event:.1f}"
        table.add_row(row.name, row.version, f"{row.events:,}", speed, cpu, ratio, str(row.wrong))
    console.print(table)


def versions() -> dict[str, str]:
    return installed_versions("faust-streaming", "aiokafka", "confluent-kafka", "rocksdict", "orjson")
