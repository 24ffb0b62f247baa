"""Runs one contender over a preloaded workload as a process of its own, and measures it from outside.

Speed is outputs over the time from the first to the last of them by the broker's clock; CPU is what the process used
from the first output seen to the last. So neither holds start-up. Who the contenders are stands in throughput.py.
"""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.sampling import cpu_s
from tests.bench.workload import PARTITIONS, Watermarks, Workload, check_answers, create_topic
from tests.support.processes import end, launch, tail

SAMPLE_S = 0.05
STALL_TIMEOUT_S = 90.0


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that does the job, told by BENCH_BROKER, _INPUT, _OUTPUT, _GROUP, _PARTITIONS and _STATE (a folder).

    `prepare(broker, group)` makes what must be there before it starts.
    """

    name: str
    version: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[str, str], None] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one contender; `wrong` counts answers missing, superfluous or false."""

    contender: str
    events: int
    events_per_s: float
    cpu_us_per_event: float
    wrong: int


def run(contender: Contender, bootstrap: str, workload: Workload, work_dir: Path) -> Result:
    """Start the contender with a fresh group, fresh state and a fresh output topic; stop it once all is answered.

    Raises:
        RuntimeError: it ended early or stopped answering; the message has the end of its log.
    """
    name = f"bench-{uuid.uuid4().hex[:8]}"
    output = create_topic(bootstrap, f"{name}-out", message_timestamp_type="LogAppendTime")
    state = work_dir / name
    state.mkdir(parents=True)
    env = {
        "BENCH_BROKER": bootstrap,
        "BENCH_INPUT": workload.topic,
        "BENCH_OUTPUT": output,
        "BENCH_GROUP": name,
        "BENCH_STATE": str(state),
        "BENCH_PARTITIONS": str(PARTITIONS),
        **contender.env,
    }
    if contender.prepare:
        contender.prepare(bootstrap, name)
    log = work_dir / f"{name}.log"
    process = launch(contender.command, log=log, env=env, cwd=Path(__file__).resolve().parents[2])
    try:
        cpu_us = watch(contender.name, process, log, bootstrap, output, workload.records)
    finally:
        end(process)
    answers = check_answers(bootstrap, workload, output)
    return Result(contender.name, answers.outputs, answers.outputs / answers.seconds, cpu_us, answers.wrong)


def watch(name: str, process: subprocess.Popen[bytes], log: Path, bootstrap: str, output: str, expected: int) -> float:
    """Wait until the process has written `expected` records to `output`; its CPU in µs for each after the first seen.

    Raises:
        RuntimeError: it ended early or stopped writing; the message has the end of its log.
    """
    written = Watermarks(bootstrap, output)
    first_count, first_cpu, used, count, moved = 0, 0.0, 0.0, 0, time.monotonic()
    while count < expected:
        time.sleep(SAMPLE_S)
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with {process.returncode}:\n{tail(log)}")
        seen, used = written.count(), cpu_s(process.pid)
        if seen != count:
            count, moved = seen, time.monotonic()
            if not first_count:
                first_count, first_cpu = seen, used
        elif time.monotonic() - moved > STALL_TIMEOUT_S:
            raise RuntimeError(f"{name} stopped at {count} of {expected}:\n{tail(log)}")
    return (used - first_cpu) / max(1, count - first_count) * 1e6
