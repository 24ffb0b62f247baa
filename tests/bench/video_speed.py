"""Fingerprinting videos, compared with decoding every frame: time, bytes read, memory. Samples are made on demand.

Long samples repeat the packets of a short film: the times measured here do not depend on what a video shows. The peers
are timed on the beginning of a long video and scaled by its duration. Rounds are interleaved. A ratio is the median of
the rounds' ratios.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.records import VideoFacts
from tests.bench.video_peers import as_videohash, every_frame
from tests.bench.video_source import file_source
from tests.support.films import Film, encode
from tests.support.videos import looped

IN_FLIGHT: Final = 4
MEMORY_SAMPLE: Final = "90 s 1080p"
LONGEST_SAMPLE: Final = "2 h 720p"


class SpeedSample(NamedTuple):
    """A film of `film_s` seconds, repeated `times` times."""

    size: tuple[int, int]
    film_s: float
    times: int

    @property
    def duration_s(self) -> float:
        return self.film_s * self.times


SAMPLES: Final = {
    "20 s VGA": SpeedSample((640, 480), 20, 1),
    MEMORY_SAMPLE: SpeedSample((1920, 1080), 15, 6),
    "10 min 720p": SpeedSample((1280, 720), 20, 30),
    LONGEST_SAMPLE: SpeedSample((1280, 720), 20, 360),
}


@dataclass(frozen=True, slots=True)
class Timed:
    """One run: seconds of wall time, and of CPU time of all threads."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of a sample. Ratios say how many times as fast ours is, in wall time and in CPU time."""

    sample: str
    duration_s: float
    size_bytes: int
    asked_bytes: int
    read_bytes: int
    video: VideoFacts
    ours: Timed
    every_frame: Timed
    videohash: Timed
    wall_ratio: float
    cpu_ratio: float
    videohash_wall_ratio: float

    @property
    def read_percent(self) -> float:
        return 100 * self.read_bytes / self.size_bytes


@dataclass(frozen=True, slots=True)
class Speed:
    rows: tuple[Row, ...]
    memory_mb: float

    def row(self, sample: str) -> Row | None:
        return next((row for row in self.rows if row.sample == sample), None)


def sample_file(name: str, folder: Path) -> Path:
    """The file of a sample. The first call makes it."""
    sample = SAMPLES[name]
    target = folder / f"{name.replace(' ', '_')}.mp4"
    if target.exists():
        return target
    once = folder / f"once-{sample.size[0]}x{sample.size[1]}-{sample.film_s:g}s.mp4"
    if not once.exists():
        encode(once, Film(0, sample.film_s).pictures(sample.size), gop=125)
    if sample.times == 1:
        return once
    looped(once, target, sample.times)
    return target


def _timed(work: Callable[[], object], scale: float = 1.0) -> Timed:
    wall_s, cpu_s = perf_counter(), process_time()
    work()
    return Timed((perf_counter() - wall_s) * scale, (process_time() - cpu_s) * scale)


def _row(name: str, path: Path, rounds: int, peer_s: float) -> Row:
    sample = SAMPLES[name]
    peer_s = min(peer_s, sample.duration_s)
    scale = sample.duration_s / peer_s
    with file_source(path) as source:
        facts = fingerprint_video(source)  # warm-up: also compiles the kernels
        read_bytes = source.read_bytes
    assert facts.video is not None

    def ours() -> None:
        with file_source(path) as source:
            fingerprint_video(source)

    taken = [
        (
            _timed(ours),
            _timed(lambda: every_frame(path, peer_s), scale),
            _timed(lambda: as_videohash(path, peer_s), scale),
        )
        for _ in range(rounds)
    ]
    middle = [
        Timed(median(each[at].wall_s for each in taken), median(each[at].cpu_s for each in taken)) for at in range(3)
    ]
    return Row(
        sample=name,
        duration_s=sample.duration_s,
        size_bytes=path.stat().st_size,
        asked_bytes=facts.video.read_bytes,
        read_bytes=read_bytes,
        video=facts.video,
        ours=middle[0],
        every_frame=middle[1],
        videohash=middle[2],
        wall_ratio=median(frames.wall_s / own.wall_s for own, frames, _ in taken),
        cpu_ratio=median(frames.cpu_s / own.cpu_s for own, frames, _ in taken),
        videohash_wall_ratio=median(collage.wall_s / own.wall_s for own, _, collage in taken),
    )


def memory_mb(path: Path, warm_up: Path) -> float:
    """Peak memory above rest of a process in which several threads fingerprint one video each."""
    command = [sys.executable, "-m", "tests.bench.video_memory", str(warm_up), str(path), str(IN_FLIGHT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures["above_rest_mb"]


def run(
    work_dir: Path, *, samples: tuple[str, ...], rounds: int, peer_s: float, say: Callable[[str], Any] = print
) -> Speed:
    """Measures the samples; the peers only on the first `peer_s` seconds of each."""
    rows = []
    for name in samples:
        path = sample_file(name, work_dir)
        rows.append(_row(name, path, rounds, peer_s))
        say(f"{name}: {rows[-1]}")
    first, memory = (sample_file(name, work_dir) for name in (samples[0], MEMORY_SAMPLE))
    return Speed(tuple(rows), memory_mb(memory, first))


def show(found: Speed, console: Console) -> None:
    table = Table(title="fingerprints of videos: seconds by the clock (and of work), × = times as fast")
    for heading in (
        "video",
        "MB",
        "read %",
        "path",
        "frames",
        "ours",
        "every frame",
        "× clock",
        "× work",
        "videohash",
        "×",
    ):
        table.add_column(heading, justify="right")
    for row in found.rows:
        ours, every, collage = (
            f"{each.wall_s:.2f} ({each.cpu_s:.2f})" for each in (row.ours, row.every_frame, row.videohash)
        )
        table.add_row(
            *(row.sample, f"{row.size_bytes / 1e6:.1f}", f"{row.read_percent:.1f}", row.video.path),
            *(str(row.video.decoded_frames), ours, every, f"{row.wall_ratio:.1f}", f"{row.cpu_ratio:.1f}"),
            *(collage, f"{row.videohash_wall_ratio:.1f}"),
        )
    console.print(table)
    console.print(f"{IN_FLIGHT} videos of {MEMORY_SAMPLE} in flight: {found.memory_mb:.0f} MB above rest")
