"""Child processes of tests and benchmarks: they end with their parent, and write to a log file.

The callers define the processes: a broker, a worker, a peer.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.support.patience import PATIENCE_S

# Set in the child itself: `preexec_fn` is unsafe with threads and warns since Python 3.12.
_LAUNCHER = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
os.execvp(sys.argv[2], sys.argv[2:])
"""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command`, its output appended to `log`; on Linux it is killed when the calling thread ends.

    `env` is added to the environment of this process.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )


def end(process: subprocess.Popen[bytes], *, timeout_s: float = PATIENCE_S) -> int:
    """SIGTERM, then SIGKILL after `timeout_s`; the return code, negative for a signal."""
    if process.poll() is None:
        process.terminate()
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return kill(process)
    return process.returncode


def kill(process: subprocess.Popen[bytes]) -> int:
    """SIGKILL: the process flushes nothing and tells the broker nothing."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    return process.wait()


def tail(log: Path, lines: int = 20) -> str:
    """The end of a log, for error messages."""
    if not log.exists():
        return "(no output)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have started."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def shared_memory_mb(pid: int) -> float:
    """MiB of a process; a page that n processes share counts for an n-th. 0 if the process has ended."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))
    return 0.0


class PeakMemory:
    """The most memory that a process and all it started have taken since the `with` block began: `rss_mb` in MiB.

    The kernel keeps the peak of the process itself. The others are looked at every few moments.
    """

    HIGH_WATER_MARK_RESET = "5"
    LOOK_S = 0.2

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._process = Path(f"/proc/{pid}")
        self._others_mb = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.rss_mb = 0.0

    def __enter__(self) -> Self:
        (self._process / "clear_refs").write_text(self.HIGH_WATER_MARK_RESET)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        lines = (self._process / "status").read_text().splitlines()
        own_mb = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
        self.rss_mb = own_mb + self._others_mb

    def _look(self) -> None:
        while True:
            others_mb = sum(shared_memory_mb(pid) for pid in descendants(self._pid))
            self._others_mb = max(self._others_mb, others_mb)
            if self._ended.wait(self.LOOK_S):
                return
