"""Videos: speed, bytes and memory (video_speed.py), recall (video_recall.py), and vPDQ (video_method.py).

`python -m tests.bench --only video` runs all three. With a folder of photos there are more originals: `Studio.count`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from tests.bench import video_method, video_recall, video_speed
from tests.bench.report import Reach, at_least, at_most
from tests.bench.sampling import installed_versions
from tests.bench.video_method import Method
from tests.bench.video_recall import OURS, Recall
from tests.bench.video_samples import Studio
from tests.bench.video_speed import LONGEST_SAMPLE, Speed

OVER_A_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    speed: Speed
    recall: Recall
    method: Method | None


def run(
    folder: Path | None,
    work_dir: Path,
    *,
    originals: int,
    samples: tuple[str, ...],
    rounds: int,
    peer_s: float,
    say: Callable[[str], Any] = print,
) -> Found:
    """Runs all measurements, with fewer originals if there are too few photos."""
    originals = min(originals, Studio(folder).count)
    with tempfile.TemporaryDirectory(prefix="videos-", dir=work_dir) as made:
        speed = video_speed.run(Path(made), samples=samples, rounds=rounds, peer_s=peer_s, say=say)
    with tempfile.TemporaryDirectory(prefix="films-", dir=work_dir) as made:
        recall = video_recall.run(folder, Path(made), originals=originals, say=say)
    return Found(speed, recall, video_method.run())


def show(found: Found, console: Console) -> None:
    video_speed.show(found.speed, console)
    video_recall.show(found.recall, console)
    if found.method is None:
        console.print("the videos of ThreatExchange are missing", style="yellow")
    else:
        video_method.show(found.method, console)


def reach(found: Found) -> list[Reach]:
    """The project's targets."""
    rows = found.speed.rows
    figures = [
        Reach(f"video, {row.sample}: times as fast as every frame", at_least(10, "×"), row.wall_ratio) for row in rows
    ]
    figures += [
        Reach(f"video, {row.sample}: bytes read", at_most(40, "%"), row.read_percent)
        for row in rows
        if row.duration_s > OVER_A_MINUTE_S
    ]
    longest = found.speed.row(LONGEST_SAMPLE)
    if longest is not None:
        figures.append(Reach(f"video, {LONGEST_SAMPLE}: CPU", at_most(15, "s"), longest.ours.cpu_s))
    recall = found.recall
    figures += [
        Reach("videos, four of 1080p in flight: memory above rest", at_most(300, "MB", 0), found.speed.memory_mb),
        Reach("altered videos found, mean of all alterations", at_least(95, "%"), recall.mean(OURS)),
        Reach("altered videos found, 30 % clips", at_least(90, "%"), recall.percent(OURS, "clip_30")),
        Reach("different videos taken for the same", at_most(0, "", 0), len(recall.mistaken[OURS])),
    ]
    if found.method is not None:
        figures.append(Reach("videos of vPDQ decided unlike their names", at_most(0, "", 0), len(found.method.wrong)))
    return figures


def document(found: Found) -> dict[str, Any]:
    return {**asdict(found), "versions": installed_versions("av", "imagehash", "pillow", "numpy")}
