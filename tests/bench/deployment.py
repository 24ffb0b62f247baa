"""mediasieve under measurement: a namespace of its own on a broker, and real workers as processes.

What they are given to do, and what is measured, stands in the files that use this.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from streams.config.settings import Settings, load_settings
from streams.domain.policy.policy import Policy
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import DECISIONS, FINGERPRINTS, load_topics, wire_name
from tests.bench.workload import create_topic
from tests.support.processes import end, free_port, kill, launch, tail

READY_TIMEOUT_S = 90.0
CONTROL_S = 5.0

#: In this collection only equal bytes match, so that its media spread over all partitions.
SPREAD = "spread"
SPREADING = Policy.of(name="spreading", near=False)
POLICIES = f"policies: {{{SPREADING.name}: {{near: false}}}}\ncollections: {{{SPREAD}: {SPREADING.name}}}\n"


class WorkerProcess:
    """One `mediasieve worker`; `started_at` is by time.monotonic()."""

    def __init__(self, deployment: Deployment, stages: Sequence[str], worker_id: str) -> None:
        self._http = f"127.0.0.1:{free_port()}"
        self._log = deployment.work_dir / f"{deployment.name}-{worker_id}.log"
        self._stages, self._id = stages, worker_id
        options = ["--stages", ",".join(stages), "--id", worker_id, "--http", self._http]
        self.started_at = time.monotonic()
        self.process: subprocess.Popen[bytes] = launch(
            [sys.executable, "-m", "streams.cli", "worker", *options], log=self._log, env=deployment.variables
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> Path:
        return self._log

    def await_ready(self) -> float:
        """Seconds from its start until it has its partitions and tables.

        Raises:
            RuntimeError: it ended, or was not ready in 90 s; with the end of its log.
        """
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"worker {self._id} ended with {self.process.returncode}:\n{tail(self._log)}")
            if self._answers("ready"):
                return time.monotonic() - self.started_at
            time.sleep(0.02)
        raise RuntimeError(f"worker {self._id} was not ready in {READY_TIMEOUT_S:.0f} s:\n{tail(self._log)}")

    def _answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self._http}/{path}", timeout=CONTROL_S) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric over its labels, or over those with these labels."""
        with urllib.request.urlopen(f"http://{self._http}/metrics", timeout=CONTROL_S) as answer:
            lines = answer.read().decode().splitlines()
        found = [line for line in lines if line.startswith((f"{name}{{", f"{name} "))]
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(line.rpartition(" ")[2]) for line in found if all(each in line for each in wanted))

    def stay_on(self, core: int) -> None:
        """Run all threads on this core from now on, those that it will start included."""
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})

    def stop(self) -> None:
        end(self.process, timeout_s=40.0)

    def kill(self) -> None:
        kill(self.process)


class Deployment:
    """Topics under a prefix, and workers that know it. A context manager that ends the workers.

    Args:
        name: of the prefix and the consumer groups; one of its own for each measurement.
        variables: settings of the workers, `MEDIASIEVE_*` without that prefix, in lower case.
    """

    def __init__(self, bootstrap: str, work_dir: Path, name: str, **variables: str) -> None:
        self.bootstrap = bootstrap
        self.work_dir = work_dir
        self.name = name
        self.data_dir = work_dir / name
        policy_file = work_dir / f"{name}-policies.yaml"
        policy_file.write_text(POLICIES)
        values = {
            "broker": bootstrap,
            "topic_prefix": f"{name}.",
            "group_prefix": name,
            "data_dir": str(self.data_dir),
            "policy_file": str(policy_file),
            **variables,
        }
        self.variables = {f"MEDIASIEVE_{key.upper()}": value for key, value in values.items()}
        self.settings: Settings = load_settings(**values)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Create the topics; decisions and fingerprints carry the broker's time, which is what is measured by."""
        for topic in (FINGERPRINTS, DECISIONS):
            partitions = load_topics()[topic].partitions
            create_topic(self.bootstrap, self.wire(topic), partitions, message_timestamp_type="LogAppendTime")
        apply_topics(self.settings)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def wire(self, topic: str) -> str:
        return wire_name(self.settings, topic)

    def worker(self, *stages: str, worker_id: str = "0") -> WorkerProcess:
        """Start a worker; it is stopped with this deployment, unless it was before."""
        worker = WorkerProcess(self, stages, worker_id)
        self._stack.callback(worker.kill)
        return worker
