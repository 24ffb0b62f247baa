"""A process that fingerprints videos in several threads and prints how much memory it used; see video_speed.py."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from tests.bench.video_source import file_source

HIGH_WATER_MARK_RESET = "5"


def _status_mb(name: str) -> float:
    """The value of a line in /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def _fingerprint(path: Path) -> None:
    with file_source(path) as source:
        fingerprint_video(source)


def main(warm_up: Path, path: Path, threads: int) -> None:
    _fingerprint(warm_up)
    Path("/proc/self/clear_refs").write_text(HIGH_WATER_MARK_RESET)
    rest_mb = _status_mb("VmRSS")
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(_fingerprint, [path] * threads))
    print(json.dumps({"rest_mb": rest_mb, "above_rest_mb": _status_mb("VmHWM") - rest_mb}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
