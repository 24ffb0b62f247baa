"""Keeps child processes running: starts them, restarts them when they die, stops them, leaves no orphans.

The caller defines the children. `mediasieve up` keeps its workers running with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from streams.local.process import launch_on_leash

CHECK_INTERVAL_S = 0.2
MIN_RESTART_DELAY_S, MAX_RESTART_DELAY_S = 0.5, 30.0
#: A child that has run this long counts as stable: the restart delay begins again at its minimum.
STABLE_AFTER_S = 60.0
#: The exit code of a mediasieve process with a wrong configuration. A restart would not help.
CONFIGURATION_EXIT_CODE = 2
MAX_LOG_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A program to keep running. `env` is added to the environment of this process. `log` gets the output."""

    name: str
    command: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One program. Its leash ends it when this process ends, even by a kill."""

    def __init__(self, spec: ChildSpec, grace_s: float) -> None:
        self.spec = spec
        self.failures = 0
        self.misconfigured = False
        self.restart_at = 0.0
        self._grace_s = grace_s
        self._leash: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._log_start = 0
        self.pid: int | None = None

    @property
    def running(self) -> bool:
        return self._leash is not None and self._leash.poll() is None

    def start(self) -> None:
        with self.spec.log.open("ab") as log:
            self._log_start = log.tell()
            self._leash, self.pid = launch_on_leash(self.spec.command, self.spec.env, log, grace_s=self._grace_s)
        self._started = time.monotonic()

    def take_exit_code(self) -> int | None:
        """The exit code of a child that has ended, reported once; None otherwise."""
        if self._leash is None or self._leash.poll() is None:
            return None
        code = self._leash.returncode
        if code < 0:  # the leash was killed; its program may run a moment longer and hold locks
            with suppress(ProcessLookupError):
                os.killpg(self._leash.pid, signal.SIGKILL)
            code = 128 - code
        lived_s = time.monotonic() - self._started
        self.failures = 1 if lived_s > STABLE_AFTER_S else self.failures + 1
        self.misconfigured = code == CONFIGURATION_EXIT_CODE
        self._release()
        return code

    def request_stop(self) -> None:
        if self._leash is not None and self._leash.stdin is not None:
            with suppress(BrokenPipeError):
                self._leash.stdin.close()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the child. Returns whether it has ended."""
        if self._leash is None:
            return True
        with suppress(subprocess.TimeoutExpired):
            self._leash.wait(timeout_s)
            self._release()
            return True
        return False

    def kill(self) -> None:
        """Send SIGKILL to the program and to all processes of its session."""
        if self._leash is not None and self._leash.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._leash.pid, signal.SIGKILL)
        self.wait(5.0)

    def last_error(self) -> str:
        """The last error that the child has logged since its last start; without errors, its last line."""
        try:
            with self.spec.log.open("rb") as log:
                log.seek(self._log_start)
                text = log.read()[-MAX_LOG_BYTES:].decode(errors="replace")
        except OSError:
            return ""
        lines = [line for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if " ERROR " in line or " CRITICAL " in line]
        return (errors or lines or [""])[-1]

    def _release(self) -> None:
        leash, self._leash, self.pid = self._leash, None, None
        if leash is not None:
            for pipe in (leash.stdin, leash.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()


class Supervisor:
    """Keeps children running from `start` to `stop`. A thread watches them.

    Args:
        specs: one for each child.
        grace_s: the time between the request to stop and the kill.
        on_event: gets a sentence when a child has died. Called from the watching thread.
    """

    def __init__(self, specs: Sequence[ChildSpec], *, grace_s: float, on_event: Callable[[str], None]) -> None:
        self.children = [Child(spec, grace_s) for spec in specs]
        self._grace_s = grace_s
        self._on_event = on_event
        self._stopping = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    @property
    def pids(self) -> list[int]:
        """Process ids of the running children."""
        return [child.pid for child in self.children if child.pid is not None]

    @property
    def misconfigured(self) -> Child | None:
        """A child that is not restarted because its configuration is wrong."""
        return next((child for child in self.children if child.misconfigured), None)

    def start(self) -> Self:
        for child in self.children:
            child.start()
        self._watching.start()
        return self

    def stop(self) -> None:
        """Ask all children to stop. Kills them after `grace_s` seconds, or at once if the wait is interrupted."""
        try:
            self._stop()
        except BaseException:
            self.kill()
            raise

    def _stop(self) -> None:
        self._stopping.set()
        if self._watching.is_alive():
            self._watching.join()
        for child in self.children:
            child.request_stop()
        deadline = time.monotonic() + self._grace_s + 1.0
        for child in self.children:
            if not child.wait(max(0.0, deadline - time.monotonic())):
                self._on_event(f"{child.spec.name} did not stop in {self._grace_s:.0f} s and was killed")
                child.kill()

    def kill(self) -> None:
        """Kill all children now."""
        self._stopping.set()
        for child in self.children:
            child.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(CHECK_INTERVAL_S):
            for child in self.children:
                self._check(child)

    def _check(self, child: Child) -> None:
        code = child.take_exit_code()
        if code is not None:
            last_error = child.last_error()
            why = f"ended by signal {code - 128}" if code > 128 else f"ended with exit code {code}"
            detail = f" ({last_error})" if last_error and code <= 128 else ""
            if child.misconfigured:
                self._on_event(f"{child.spec.name} {why}{detail}; not started again")
                return
            delay_s = min(MIN_RESTART_DELAY_S * 2 ** (child.failures - 1), MAX_RESTART_DELAY_S)
            child.restart_at = time.monotonic() + delay_s
            self._on_event(f"{child.spec.name} {why}{detail}; starting it again in {delay_s:g} s")
        elif not child.running and not child.misconfigured and time.monotonic() >= child.restart_at:
            child.start()
