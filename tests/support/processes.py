"""Child processes of tests and benchmarks: they end with their parent, and write to a log file.

The callers define the processes: a broker, a worker, a peer.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

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


def end(process: subprocess.Popen[bytes], *, timeout_s: float = 20.0) -> int:
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


class PeakMemory:
    """The most memory that a process has taken since the `with` block began: `rss_mb` in MiB, kept by the kernel."""

    HIGH_WATER_MARK_RESET = "5"

    def __init__(self, pid: int) -> None:
        self._process = Path(f"/proc/{pid}")
        self.rss_mb = 0.0

    def __enter__(self) -> Self:
        (self._process / "clear_refs").write_text(self.HIGH_WATER_MARK_RESET)
        return self

    def __exit__(self, *_: object) -> None:
        lines = (self._process / "status").read_text().splitlines()
        self.rss_mb = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
