"""Starts decoding processes: by the process of server.py, which it starts before the first, and again if it ends."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass

import orjson

from streams.config.parts.settings_part import PREFIX
from streams.errors import BrokenInfrastructure
from streams.stages.fingerprint.decoders.child import Limits
from streams.stages.fingerprint.decoders.server import BACKGROUND_FORK, FORK, READY

#: Compiling takes over a minute on a machine that has never run this version.
READY_TIMEOUT_S, FORK_TIMEOUT_S = 600.0, 20.0
#: A picture and more fit into a pipe, so that a process has its next job when it has done one.
PIPE_BYTES = 1 << 20
#: glibc returns freed memory late, and keeps one heap: the next picture needs as much again.
ALLOCATOR = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
    "MALLOC_TOP_PAD_": str(4 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),
}
#: Threads of its own would not survive a fork, and there is a process for every core.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Started:
    """A decoding process, and the worker's ends of its pipes."""

    pid: int
    jobs: int
    replies: int


class Starter:
    """One for all decoding processes of a worker. Its methods block; call them on threads.

    Args:
        limits: of all jobs.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._closed = False

    def prepare(self) -> None:
        """Start the server, unless it runs, and wait until it has compiled all that decoding needs.

        Raises:
            BrokenInfrastructure: it does not start.
        """
        with self._lock:
            self._connect()

    def start(self, *, background: bool = False) -> Started:
        """Start a decoding process; one in the `background` runs only while no other process wants the core.

        Raises:
            BrokenInfrastructure: the machine does not take another process.
        """
        jobs_read, jobs_write = os.pipe()
        replies_read, replies_write = os.pipe()
        try:
            with self._lock:
                server = self._connect()
                message = BACKGROUND_FORK if background else FORK
                socket.send_fds(server, [message], [jobs_read, replies_write])
                server.settimeout(FORK_TIMEOUT_S)
                answer = server.recv(4, socket.MSG_WAITALL)
            if len(answer) < 4:
                raise OSError("the server of decoders has ended")
        except (OSError, BrokenInfrastructure) as error:
            os.close(jobs_write)
            os.close(replies_read)
            self._end_server()
            raise BrokenInfrastructure(f"no decoding process could be started: {error}") from error
        finally:
            os.close(jobs_read)
            os.close(replies_write)
        for pipe in (jobs_write, replies_read):
            os.set_blocking(pipe, False)
            _enlarge(pipe)
        return Started(int.from_bytes(answer, "little"), jobs_write, replies_read)

    def close(self) -> None:
        """End the server. Decoding processes end by themselves once their pipes are closed."""
        self._closed = True
        server = self._server
        if server is not None:
            server.kill()  # a thread may wait for it, with the lock
        self._end_server()

    def _connect(self) -> socket.socket:
        if self._closed:
            raise OSError("closed")
        if self._socket is not None and self._server is not None and self._server.poll() is None:
            return self._socket
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        ours, its = socket.socketpair()
        limits = orjson.dumps({"image": asdict(self._limits.image), "video": asdict(self._limits.video)})
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        try:
            self._server = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "streams.stages.fingerprint.decoders.server", str(its.fileno()), limits],
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                env={**environment, **ALLOCATOR, **ONE_THREAD},
            )
            its.close()  # or its end would be noticed by nobody
            ours.settimeout(READY_TIMEOUT_S)
            if ours.recv(len(READY), socket.MSG_WAITALL) != READY:
                raise OSError("it ended while it was starting; its errors are in the log")
        except OSError as error:
            ours.close()
            its.close()
            raise BrokenInfrastructure(f"the server of decoding processes does not start: {error}") from error
        self._socket = ours
        return ours

    def _end_server(self) -> None:
        with self._lock:
            server, self._server = self._server, None
            if self._socket is not None:
                self._socket.close()
                self._socket = None
        if server is not None:
            server.kill()
            server.wait()


def _enlarge(pipe: int) -> None:
    size = getattr(fcntl, "F_SETPIPE_SZ", None)
    if size is not None:
        try:
            fcntl.fcntl(pipe, size, PIPE_BYTES)
        except OSError:  # this user's quota of pipe memory is used up: smaller pipes only cost more wake-ups
            return
