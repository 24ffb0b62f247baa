"""Keeps child processes running: starts them, starts them again when they die, stops them, leaves no orphan.

What the children are is for the caller to say; `mediasieve up` keeps its workers with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from streams.local.process import LEASH

LOOK_EVERY_S = 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
#: A child that has lived so long is well again: its next death is its first.
WELL_AFTER_S = 60.0
#: What a mediasieve process says by its exit code: its configuration is wrong, starting it again changes nothing.
HOPELESS = 2
MAX_LOG_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A program to keep running; `env` is added to this process's own, `log` gets all it writes."""

    name: str
    command: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One program, on a leash that ends it when this process ends, however that ends."""

    def __init__(self, spec: ChildSpec, grace_s: float) -> None:
        self.spec = spec
        self.deaths = 0
        self.hopeless = False
        self.start_at = 0.0
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
            self._leash = subprocess.Popen(  # noqa: S603 - our own leash around our own command
                [sys.executable, "-I", "-S", str(LEASH), str(self._grace_s), *self.spec.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self.spec.env},
                start_new_session=True,  # Ctrl-C goes to the supervisor, who then stops its children in order
            )
        assert self._leash.stdout is not None
        line = self._leash.stdout.readline()
        self.pid = int(line) if line.strip() else None
        self._started = time.monotonic()

    def ended(self) -> int | None:
        """The exit code of a child that was started and has ended, once."""
        if self._leash is None or self._leash.poll() is None:
            return None
        code = self._leash.returncode
        if code < 0:  # the leash itself was killed; its program may live on for a moment and hold locks
            with suppress(ProcessLookupError):
                os.killpg(self._leash.pid, signal.SIGKILL)
            code = 128 - code
        lived_s = time.monotonic() - self._started
        self.deaths = 1 if lived_s > WELL_AFTER_S else self.deaths + 1
        self.hopeless = code == HOPELESS
        self._release()
        return code

    def ask_to_stop(self) -> None:
        if self._leash is not None and self._leash.stdin is not None:
            with suppress(BrokenPipeError):
                self._leash.stdin.close()

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended."""
        if self._leash is None:
            return True
        with suppress(subprocess.TimeoutExpired):
            self._leash.wait(timeout_s)
            self._release()
            return True
        return False

    def kill(self) -> None:
        """SIGKILL, to the program itself and to what it started in its session."""
        if self._leash is not None and self._leash.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._leash.pid, signal.SIGKILL)
        self.wait(5.0)

    def last_words(self) -> str:
        """Why it ended, as its log tells since its last start: the last error, else the last line."""
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
    """Children that are kept running from `start` to `stop`; a thread watches them.

    Args:
        grace_s: from being asked to stop to being killed.
        on_event: told in a sentence when a child died; called from the watching thread.
    """

    def __init__(self, specs: Sequence[ChildSpec], *, grace_s: float, on_event: Callable[[str], None]) -> None:
        self.children = [Child(spec, grace_s) for spec in specs]
        self._grace_s = grace_s
        self._on_event = on_event
        self._stopping = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    @property
    def pids(self) -> list[int]:
        """Process ids of those that run."""
        return [child.pid for child in self.children if child.pid is not None]

    @property
    def hopeless(self) -> Child | None:
        """A child that will not be started again, because its configuration is wrong."""
        return next((child for child in self.children if child.hopeless), None)

    def start(self) -> Self:
        for child in self.children:
            child.start()
        self._watching.start()
        return self

    def stop(self) -> None:
        """End all children: asked at once, killed when `grace_s` have passed, or when interrupted meanwhile."""
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
            child.ask_to_stop()
        deadline = time.monotonic() + self._grace_s + 1.0
        for child in self.children:
            if not child.wait(max(0.0, deadline - time.monotonic())):
                self._on_event(f"{child.spec.name} did not stop in {self._grace_s:.0f} s and was killed")
                child.kill()

    def kill(self) -> None:
        """End all children now."""
        self._stopping.set()
        for child in self.children:
            child.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            for child in self.children:
                self._look_at(child)

    def _look_at(self, child: Child) -> None:
        code = child.ended()
        if code is not None:
            said = child.last_words()
            why = f"ended by signal {code - 128}" if code > 128 else f"ended with exit code {code}"
            words = f" ({said})" if said and code <= 128 else ""
            if child.hopeless:
                self._on_event(f"{child.spec.name} {why}{words}; not started again")
                return
            pause_s = min(FIRST_PAUSE_S * 2 ** (child.deaths - 1), LONGEST_PAUSE_S)
            child.start_at = time.monotonic() + pause_s
            self._on_event(f"{child.spec.name} {why}{words}; starting it again in {pause_s:g} s")
        elif not child.running and not child.hopeless and time.monotonic() >= child.start_at:
            child.start()
