"""Child processes are kept running, stopped in time, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.local.supervisor import ChildSpec, Supervisor
from tests.support.patience import PATIENCE_S

SLEEPS = "import time; print('begun', flush=True); time.sleep(600)"
IGNORES = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPS


def child(folder: Path, script: str, **env: str) -> ChildSpec:
    return ChildSpec("child", (sys.executable, "-c", script), folder / "child.log", env)


def until(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


def begun(folder: Path, times: int = 1) -> bool:
    log = folder / "child.log"
    return log.exists() and log.read_text().count("begun") >= times


def test_a_killed_child_is_restarted(tmp_path: Path) -> None:
    events: list[str] = []
    with Supervisor([child(tmp_path, SLEEPS)], grace_s=5, on_event=events.append) as supervisor:
        until(lambda: begun(tmp_path))
        first = supervisor.pids[0]

        os.kill(first, signal.SIGKILL)

        until(lambda: begun(tmp_path, 2))
        second = supervisor.pids[0]
        assert second != first
    assert gone(first)
    assert gone(second)
    assert events == ["child ended by signal 9; starting it again in 0.5 s"]


def test_a_child_that_keeps_dying_is_restarted_with_growing_delay(tmp_path: Path) -> None:
    events: list[str] = []
    with Supervisor([child(tmp_path, "raise SystemExit('no luck')")], grace_s=5, on_event=events.append):
        until(lambda: len(events) >= 3)
    assert [event.rpartition("in ")[2] for event in events[:3]] == ["0.5 s", "1 s", "2 s"]
    assert events[0].startswith("child ended with exit code 1 (no luck)")


def test_a_child_with_a_wrong_configuration_is_not_restarted(tmp_path: Path) -> None:
    events: list[str] = []
    script = "import sys; print('begun: say it otherwise', file=sys.stderr); sys.exit(2)"
    with Supervisor([child(tmp_path, script)], grace_s=5, on_event=events.append) as supervisor:
        until(lambda: supervisor.misconfigured)
        time.sleep(1.0)
        assert supervisor.misconfigured is not None
        assert supervisor.misconfigured.last_error() == "begun: say it otherwise"
    assert len(events) == 1
    assert "not started again" in events[0]


def test_a_child_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    with Supervisor([child(tmp_path, IGNORES)], grace_s=0.5, on_event=lambda _: None) as supervisor:
        until(lambda: begun(tmp_path))
        pid = supervisor.pids[0]
    assert gone(pid)


def test_the_last_error_tells_why_a_child_ended(tmp_path: Path) -> None:
    events: list[str] = []
    script = "print('12:00 ERROR worker: the disk is full'); print('12:01 INFO worker: stopping'); raise SystemExit(1)"
    with Supervisor([child(tmp_path, script)], grace_s=5, on_event=events.append):
        until(lambda: events)
    assert events[0].startswith("child ended with exit code 1 (12:00 ERROR worker: the disk is full);")


def test_children_get_their_environment(tmp_path: Path) -> None:
    script = "import os; print('begun', os.environ['MEDIASIEVE_WORKER_ID'], flush=True); " + SLEEPS
    with Supervisor([child(tmp_path, script, MEDIASIEVE_WORKER_ID="7")], grace_s=5, on_event=lambda _: None):
        until(lambda: begun(tmp_path))
    assert "begun 7" in (tmp_path / "child.log").read_text()


@pytest.mark.parametrize("script", [SLEEPS, IGNORES])
def test_children_end_when_their_supervisor_is_killed(tmp_path: Path, script: str) -> None:
    program = f"""
import sys, time
from pathlib import Path
from streams.local.supervisor import ChildSpec, Supervisor
spec = ChildSpec("child", (sys.executable, "-c", {script!r}), Path({str(tmp_path / "child.log")!r}))
supervisor = Supervisor([spec], grace_s=0.5, on_event=print).start()
print(supervisor.pids[0], flush=True)
time.sleep(600)
"""
    supervisor = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert supervisor.stdout is not None
    with supervisor.stdout as stdout:
        pid = int(stdout.readline())
        until(lambda: begun(tmp_path))

        supervisor.kill()
        supervisor.wait()

    until(lambda: gone(pid))
