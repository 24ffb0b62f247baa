"""Runs an embedded engine as a child process: port, log, readiness, orderly stop, and no orphans.

The command and the readiness check of each engine are in broker.py and clickhouse/server.py.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, ClassVar, Self

from streams.errors import ConfigurationError

LEASH_SCRIPT = Path(__file__).with_name("leash.py")
MAX_LOG_BYTES = 16 << 20
PORT_ATTEMPTS = 3


class EmbeddedProcess:
    """An engine on `host` with its data and log in `data_dir`. Use it as a context manager, or call `start` and `stop`.

    The engine saves its data and ends when its starter ends, even by a kill. `start` after `stop` or `kill` brings the
    same data back on the same port. Not for use from several threads at once.

    Args:
        data_dir: made if absent. Serves one engine at a time.
        port: a free port is chosen if None.
    """

    display_name: ClassVar[str]
    log_name: ClassVar[str]
    #: Parts of log lines that `log_tail` leaves out.
    ignored_log_lines: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        host: str = "127.0.0.1",
        start_timeout_s: float = 120.0,
        stop_timeout_s: float = 30.0,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.host = host
        self.port = port or 0
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._leash: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._log_start = 0

    def command(self) -> list[str]:
        """The command line of the engine.

        Raises:
            ConfigurationError: the engine is not installed. The message says what to install.
        """
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Variables to add to the environment of the engine."""
        return {}

    def is_ready(self) -> bool:
        """Whether the engine serves requests now. Must return within about a second."""
        raise NotImplementedError

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{self.host}:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir / self.log_name

    @property
    def pid(self) -> int | None:
        """Process id of the engine itself; None while it is not running."""
        return self._pid if self.running else None

    @property
    def running(self) -> bool:
        return self._leash is not None and self._leash.poll() is None

    def start(self) -> Self:
        """Start the engine and wait until it is ready. Does nothing if it is running.

        Raises:
            ConfigurationError: the engine is not installed, its port or data directory is in use, or it does not start.
        """
        if self.running:
            return self
        self._reap()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        fixed_port = self.port
        for attempt in range(PORT_ATTEMPTS):
            self.port = fixed_port or free_port(self.host)
            if fixed_port and not is_port_free(fixed_port, self.host):
                raise ConfigurationError(
                    f"Port {fixed_port} for {self.display_name} is in use. "
                    "Stop the program that has it, or choose another port."
                )
            self._launch()
            if self._await_ready():
                return self
            log_tail = self.log_tail()
            self.kill()
            if fixed_port or "already in use" not in log_tail or attempt == PORT_ATTEMPTS - 1:
                break
        self.port = fixed_port or 0
        raise ConfigurationError(f"{self.display_name} did not start. The end of its log {self.log}:\n{log_tail}")

    def stop(self) -> None:
        """Let the engine save its data and end. It is killed after `stop_timeout_s`."""
        leash = self._leash
        if leash is not None and leash.poll() is None:
            assert leash.stdin is not None
            leash.stdin.close()
            try:
                leash.wait(self._stop_timeout_s + 5.0)
            except subprocess.TimeoutExpired:
                self.kill()
        self._reap()

    def kill(self) -> None:
        """End the engine with SIGKILL, like a crash. It saves nothing."""
        if self.running and self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._reap()

    def restart(self) -> None:
        self.stop()
        self.start()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines that the engine has logged since its last start, without `ignored_log_lines`."""
        if not self.log.exists():
            return "(nothing)"
        with self.log.open("rb") as log:
            log.seek(max(self._log_start, self.log.stat().st_size - (64 << 10)))
            text = log.read().decode(errors="replace")
        shown = [line for line in text.splitlines() if not any(part in line for part in self.ignored_log_lines)]
        return "\n".join(shown[-lines:]) or "(nothing)"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _launch(self) -> None:
        command = self.command()
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            self.log.replace(self.log.with_name(f"{self.log_name}.1"))
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._leash, self._pid = launch_on_leash(command, self.environment(), log, grace_s=self._stop_timeout_s)

    def _await_ready(self) -> bool:
        deadline = time.monotonic() + self._start_timeout_s
        pause_s = 0.01
        while self.running and time.monotonic() < deadline:
            if self.is_ready() and self.running:
                return True
            time.sleep(pause_s)
            pause_s = min(0.2, pause_s * 1.5)
        return False

    def _reap(self) -> None:
        leash, self._leash, self._pid = self._leash, None, None
        if leash is None:
            return
        for pipe in (leash.stdin, leash.stdout):
            if pipe is not None:
                pipe.close()
        leash.wait()


def launch_on_leash(
    command: Sequence[str], env: Mapping[str, str], log: IO[bytes], *, grace_s: float
) -> tuple[subprocess.Popen[bytes], int | None]:
    """Starts a program that leash.py ends together with this process.

    Args:
        command: the program and its arguments.
        env: added to the environment of this process.
        log: gets the output of the program.
        grace_s: the time between SIGTERM and SIGKILL.

    Returns:
        The leash, and the process id of the program; None if the program could not be started.
    """
    leash = subprocess.Popen(  # noqa: S603 - our own leash around our own command
        [sys.executable, "-I", "-S", str(LEASH_SCRIPT), str(grace_s), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env={**os.environ, **env},
        start_new_session=True,  # Ctrl-C reaches only this process, which stops its programs in order
    )
    assert leash.stdout is not None
    first_line = leash.stdout.readline()
    return leash, int(first_line) if first_line.strip() else None


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that was free at the time of the call."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_port_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on a TCP port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free too
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def claim_port(port: int, host: str = "127.0.0.1") -> socket.socket | None:
    """Claims a TCP port for a server that starts later, so that two systems that start together share no port.

    The claim is the UDP port of the same number: a server can still listen on the TCP port, another claim fails.

    Returns:
        The claim, which lasts until it is closed or this process ends. None if another process has claimed the port or
        listens on it.
    """
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind((host, port))
    except OSError:
        claim.close()
        return None
    if is_port_free(port, host):
        return claim
    claim.close()
    return None
