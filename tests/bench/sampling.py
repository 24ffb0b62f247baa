"""CPU time and memory of a process, and facts about this machine. Read from /proc, so benchmarks run on Linux only."""

from __future__ import annotations

import contextlib
import os
import platform
import timeit
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.support.processes import descendants, shared_memory_mb

LOOP_STEPS = 1_000_000
LOOP = f"n = 0\nfor step in range({LOOP_STEPS}): n += step"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system time of a process, and of all it has started that run still, in steps of 10 ms."""
    total = 0.0
    for each in (pid, *descendants(pid)):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) * TICK_S
    return total


def memory_mb(pid: int) -> dict[str, float]:
    """`rss` and `pss` (which divides shared pages among their processes) in MiB.

    Of the processes that it has started, the `pss` are added to both.
    """
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("Rss", "Pss"):
            found[name.lower()] = int(rest.split()[0]) / 1024
    others_mb = sum(map(shared_memory_mb, descendants(pid)))
    return {name: mb + others_mb for name, mb in found.items()}


def machine() -> dict[str, Any]:
    """Facts about this machine that explain the figures; `python_steps_per_s` is the speed of a loop on one core."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory_kb / (1 << 20), 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "python_steps_per_s": round(LOOP_STEPS / min(timeit.repeat(LOOP, number=1, repeat=3))),
    }


def installed_versions(*distributions: str) -> dict[str, str]:
    """Versions of distributions in this environment."""
    return {name: version(name) for name in distributions}
