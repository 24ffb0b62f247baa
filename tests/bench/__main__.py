"""`make bench`: everything, on one Apache Kafka broker beside it, and the table of what the project aims at."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tests.bench import (
    detection,
    fingerprint,
    idle,
    lanes,
    latency,
    lists,
    lookalikes,
    memory,
    near_index,
    near_stage,
    pipeline,
    recovery,
    scaling,
    throughput,
    verdicts,
    video,
    video_speed,
)
from tests.bench.report import Reach, as_json, at_least, at_most, show_reach, write_json
from tests.bench.sampling import machine
from tests.bench.small_hashes import PHOTOS_VARIABLE
from tests.bench.traffic import WARM_UP_S
from tests.support.brokers import KAFKA_VERSION, ApacheKafka


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; `quick` shows that the benchmarks run, its figures mean little."""

    records: int = 600_000
    full_records: int = 150_000
    rounds: int = 3
    warm_up_s: float = WARM_UP_S
    measured_s: float = 20.0
    recovered: int = 1_000_000
    photos: int = 600
    altered: int = 300
    look_alikes: int = 40
    garments: int = 1_000
    codes: tuple[int, ...] = near_index.SIZES
    index_budget_s: float = 0.5
    contents: int = 1_000_000
    pictures: int = 20_000
    arrangements: tuple[str, ...] = tuple(latency.ARRANGEMENTS)
    films: int = 12
    videos: tuple[str, ...] = tuple(video_speed.SAMPLES)
    video_peer_s: float = 60.0
    submissions: int = 8_000
    backlog: int = 200_000
    backlog_part: float = 1.0
    rest_s: float = 60.0
    verdicts: int = 300
    members: int = 10_000
    many_members: int = 100_000
    bulk_backlog: int = 1_000_000
    list_entries: int = 1_000_000


QUICK = Size(
    records=10_000,
    full_records=3_000,
    rounds=1,
    warm_up_s=1.0,
    measured_s=2.0,
    recovered=20_000,
    photos=16,
    altered=2,
    look_alikes=3,
    garments=16,
    codes=near_index.QUICK_SIZES,
    index_budget_s=0.05,
    contents=2_000,
    pictures=500,
    arrangements=("a process a stage",),
    films=1,
    videos=("20 s VGA", video_speed.MEMORY_SAMPLE),
    video_peer_s=2.0,
    submissions=400,
    backlog=3_000,
    backlog_part=0.02,
    rest_s=10.0,
    verdicts=20,
    members=1_000,
    many_members=3_000,
    bulk_backlog=20_000,
    list_entries=20_000,
)


@dataclass
class Bench:
    """One run: the broker, where files go, and what came out so far."""

    bootstrap: str
    work_dir: Path
    size: Size
    console: Console
    folder: Path | None = None
    document: dict[str, Any] = field(default_factory=dict)
    figures: list[Reach] = field(default_factory=list)

    def throughput(self) -> None:
        size = self.size
        rows = throughput.measure(
            self.bootstrap,
            self.work_dir,
            records=size.records,
            full=size.full_records,
            rounds=size.rounds,
            say=self.console.print,
        )
        throughput.show(rows, self.console)
        if throughput.peers_python() is None:
            self.console.print("the peers are not installed; `make bench` does that", style="yellow")
        self.document["throughput"] = {"rows": [asdict(row) for row in rows], "versions": throughput.versions()}
        self.figures += throughput.reach(rows)

    def latency(self) -> None:
        table = Table(title="publish to decision, duplicates")
        for heading in ("workers", "rate /s", "samples", "p50 ms", "p99 ms", "worst ms", "CPU µs"):
            table.add_column(heading, justify="right")
        measured = [
            latency.run(
                self.bootstrap,
                self.work_dir,
                f"latency{number}",
                arrangement,
                rate=500.0,
                warm_up_s=self.size.warm_up_s,
                measured_s=self.size.measured_s,
            )
            for number, arrangement in enumerate(self.size.arrangements)
        ]
        for each in measured:
            times = (each.p50_ms, each.p99_ms, each.worst_ms, each.cpu_us_per_submission)
            table.add_row(each.arrangement, f"{each.rate_per_s:.0f}", str(each.samples), *(f"{v:.1f}" for v in times))
            self.figures.append(Reach(f"duplicate, {each.arrangement}: p50", at_most(30, "ms"), each.p50_ms))
            self.figures.append(Reach(f"duplicate, {each.arrangement}: p99", at_most(150, "ms"), each.p99_ms))
        self.console.print(table)
        self.document["latency"] = [asdict(each) for each in measured]

    def lanes(self) -> None:
        size = self.size
        found = lanes.run(
            self.bootstrap,
            self.work_dir,
            "lanes",
            backlog=size.bulk_backlog,
            rate=100.0,
            warm_up_s=size.warm_up_s,
            measured_s=size.measured_s,
            rounds=size.rounds,
        )
        self.console.print(found)
        self.figures += lanes.reach(found)
        self.document["lanes"] = asdict(found)

    def lists(self) -> None:
        size = self.size
        found = lists.run(
            self.bootstrap,
            self.work_dir,
            "lists",
            entries=size.list_entries,
            pictures=size.submissions // 8,
            rounds=size.rounds,
        )
        lists.show(found, self.console)
        self.figures += lists.reach(found)
        self.document["lists"] = asdict(found)

    def recovery(self) -> None:
        size = self.size
        found = recovery.run(self.bootstrap, self.work_dir, small=size.recovered, submissions=size.full_records)
        for each in (found.small, found.real):
            self.console.print(f"recovery of {each.records:,} records, {each.what}: {each.records_per_s:,.0f}/s")
        self.console.print({name: f"{mb:.0f} MB" for name, mb in found.memory_mb.items()})
        speed = at_least(100_000, "/s", 0)
        self.figures.append(Reach(f"table recovery, {found.small.what}", speed, found.small.records_per_s))
        self.figures += [Reach(f"memory {name}", at_most(400, "MB", 0), mb) for name, mb in found.memory_mb.items()]
        self.document["recovery"] = asdict(found)

    def memory(self) -> None:
        size = self.size
        found = [
            memory.run(self.bootstrap, self.work_dir, f"memory{number}", backlog, rest_s=size.rest_s)
            for number, backlog in enumerate(memory.backlogs(size.backlog_part))
        ]
        for each in found:
            self.console.print(each)
            self.figures += memory.reach(each)
        self.document["memory"] = [asdict(each) for each in found]

    def idle(self) -> None:
        found = idle.run(self.bootstrap, self.work_dir, "idle", measured_s=self.size.measured_s)
        for each in found:
            self.console.print(f"idle on {each.broker}: {each.cpu_percent:.1f} % of a core, {each.memory_mb:.0f} MB")
        self.figures += idle.reach(found)
        self.document["idle"] = [asdict(each) for each in found]

    def pipeline(self) -> None:
        found = pipeline.run(self.bootstrap, self.work_dir, "pipeline", submissions=self.size.submissions)
        pipeline.show(found, self.console)
        self.figures += pipeline.reach(found)
        self.document["pipeline"] = [asdict(each) for each in found]

    def verdicts(self) -> None:
        size = self.size
        found = verdicts.run(
            self.bootstrap,
            self.work_dir,
            "verdicts",
            verdicts=size.verdicts,
            members=size.members,
            many=size.many_members,
        )
        verdicts.show(found, self.console)
        self.figures += verdicts.reach(found)
        self.document["verdicts"] = asdict(found)

    def scaling(self) -> None:
        found = scaling.run(self.bootstrap, self.work_dir, photos=self.size.photos, rounds=self.size.rounds)
        self.console.print(f"fingerprints/s: one worker {found.one_per_s:.0f}, two workers {found.two_per_s:.0f}")
        self.console.print(f"two bare processes are {found.bare_ratio:.2f} times as fast as one on this machine")
        self.figures.append(Reach("fingerprint: two workers to one", at_least(1.8, "×", 2), found.ratio))
        self.document["scaling"] = asdict(found)

    def detection(self) -> None:
        found = detection.run(self.folder, photos=self.size.altered)
        detection.show(found, self.console)
        self.figures += detection.reach(found)
        self.document["detection"] = detection.document(found)

    def lookalikes(self) -> None:
        size = self.size
        found = lookalikes.run(
            self.folder,
            members=size.look_alikes,
            photo_members=size.garments,
            copied=size.look_alikes,
            say=self.console.print,
        )
        lookalikes.show(found, self.console)
        self.figures += lookalikes.reach(found)
        self.document["lookalikes"] = lookalikes.document(found)

    def near_index(self) -> None:
        with tempfile.TemporaryDirectory(prefix="codes-", dir=self.work_dir) as folder:
            found = near_index.measure(
                Path(folder),
                sizes=self.size.codes,
                rounds=self.size.rounds,
                budget_s=self.size.index_budget_s,
                say=self.console.print,
            )
        near_index.show(found, self.console)
        self.figures += near_index.reach(found)
        self.document["near_index"] = asdict(found)

    def near_stage(self) -> None:
        size = self.size
        found = near_stage.run(self.bootstrap, self.work_dir, contents=size.contents, events=size.pictures)
        near_stage.show(found, self.console)
        self.figures += near_stage.reach(found)
        self.document["near_stage"] = [asdict(each) for each in found]

    def fingerprint(self) -> None:
        found: dict[str, Any] = fingerprint.run()
        fingerprint.show(found, self.console)
        self.figures += fingerprint.reach(found)
        self.document["fingerprint"] = found

    def video(self) -> None:
        size = self.size
        found = video.run(
            self.folder,
            self.work_dir,
            originals=size.films,
            samples=size.videos,
            rounds=size.rounds,
            peer_s=size.video_peer_s,
            say=self.console.print,
        )
        video.show(found, self.console)
        self.figures += video.reach(found)
        self.document["video"] = video.document(found)


PARTS: dict[str, Callable[[Bench], None]] = {
    "throughput": Bench.throughput,
    "latency": Bench.latency,
    "lanes": Bench.lanes,
    "lists": Bench.lists,
    "pipeline": Bench.pipeline,
    "verdicts": Bench.verdicts,
    "memory": Bench.memory,
    "idle": Bench.idle,
    "recovery": Bench.recovery,
    "scaling": Bench.scaling,
    "fingerprint": Bench.fingerprint,
    "detection": Bench.detection,
    "lookalikes": Bench.lookalikes,
    "near_index": Bench.near_index,
    "near_stage": Bench.near_stage,
    "video": Bench.video,
}


@click.command()
@click.option("--quick", is_flag=True, help="Little of everything, to see that it runs.")
@click.option("--only", multiple=True, type=click.Choice(list(PARTS)), help="Only this part; may be repeated.")
@click.option("--rounds", type=int, help="How often each contender runs.")
@click.option(
    "--photos",
    "folder",
    envvar=PHOTOS_VARIABLE,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Photos to find copies of; else the few that come with the project.",
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here, too.")
def main(quick: bool, only: tuple[str, ...], rounds: int | None, folder: Path | None, json_path: Path | None) -> None:
    """Measure mediasieve beside its peers, on Apache Kafka; minutes, on a machine that does nothing else."""
    size = QUICK if quick else Size()
    if rounds:
        size = replace(size, rounds=rounds)
    parts = only or tuple(name for name in PARTS if not (quick and name == "fingerprint"))
    console = Console(width=130)
    here = machine()
    console.print(here)
    with ApacheKafka() as kafka, tempfile.TemporaryDirectory(prefix="mediasieve-bench-") as work_dir:
        bench = Bench(kafka.bootstrap, Path(work_dir), size, console, folder)
        for name in parts:
            PARTS[name](bench)
    if quick:
        console.print("so little was measured that the figures say only that it runs", style="yellow")
    show_reach(bench.figures, console)
    if json_path:
        head = {"machine": here, "kafka": KAFKA_VERSION, "size": asdict(size)}
        write_json(json_path, head | bench.document | {"reach": as_json(bench.figures)})


if __name__ == "__main__":
    main()
