"""A process from which decoding processes are forked: it has loaded and compiled all they need, and has no threads.

They share its memory. A fork of the worker itself could meet a lock that another thread holds. The worker starts it
with `python -m` and asks for a fork by sending the two pipes of the new process; see starter.py.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from typing import NoReturn

import orjson

from streams.domain.fingerprint.image.fingerprint import ImageLimits
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.stages.fingerprint.decoders.child import Limits, serve
from streams.stages.fingerprint.warm_up import warm_up
from streams.stages.kernels import load_kernels

READY = b"ready"
#: What the worker asks for: one byte.
FORK, BACKGROUND_FORK = b"f", b"b"
LOWEST_PRIORITY = 19


def main() -> None:
    """Serve the worker at the other end of the socket whose number is the first argument, until it closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = socket.socket(fileno=int(sys.argv[1]))
    document = orjson.loads(sys.argv[2])
    limits = Limits(ImageLimits(**document["image"]), VideoLimits(**document["video"]))
    with _leash():
        load_kernels(warm_up)
    gc.collect()
    gc.freeze()  # the collector would write to pages that the processes share
    shared_file = tempfile.TemporaryFile()  # noqa: SIM115 - the processes need it until they end
    turns_file = shared_file.fileno()
    worker.sendall(READY)
    while True:
        message, pipes, _, _ = socket.recv_fds(worker, 1, 2)
        if not message:
            return
        _reap()
        process = os.fork()
        if process == 0:
            worker.close()
            jobs, replies = pipes
            if message == BACKGROUND_FORK:
                os.nice(LOWEST_PRIORITY)
            _serve(jobs, replies, limits, turns_file)
        for pipe in pipes:
            os.close(pipe)
        worker.sendall(process.to_bytes(4, "little"))


@contextlib.contextmanager
def _leash() -> Iterator[None]:
    """Compiling takes long: end with the worker meanwhile. Later, the end of the socket tells."""
    worker = os.getppid()

    def look(*_: object) -> None:
        if os.getppid() != worker:
            os._exit(1)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def _serve(jobs: int, replies: int, limits: Limits, turns_file: int) -> NoReturn:
    status = 1
    try:
        serve(jobs, replies, limits, turns_file)
        status = 0
    except BrokenPipeError:
        status = 0  # the worker has ended
    finally:
        os._exit(status)


def _reap() -> None:
    """Forget processes that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
