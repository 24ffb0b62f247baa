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
from typing import NoReturn

import orjson

from streams.domain.fingerprint.image.fingerprint import ImageLimits
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.stages.fingerprint.decoders.child import Limits, serve
from streams.stages.fingerprint.warm_up import warm_up

READY = b"ready"


def main() -> None:
    """Serve the worker at the other end of the socket whose number is the first argument, until it closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = socket.socket(fileno=int(sys.argv[1]))
    document = orjson.loads(sys.argv[2])
    limits = Limits(ImageLimits(**document["image"]), VideoLimits(**document["video"]))
    warm_up()
    gc.collect()
    gc.freeze()  # the collector would write to pages that the processes share
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
            _serve(jobs, replies, limits)
        for pipe in pipes:
            os.close(pipe)
        worker.sendall(process.to_bytes(4, "little"))


def _serve(jobs: int, replies: int, limits: Limits) -> NoReturn:
    status = 1
    try:
        serve(jobs, replies, limits)
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
