"""Runs a program and ends it with its starter: `python -I -S leash.py GRACE_S PROGRAM ARGS…`.

The starter holds the other end of standard input. When that end closes, because the starter stops the program or has
been killed with kill -9, the program gets SIGTERM to save its data, and SIGKILL after GRACE_S seconds. If the leash
itself is killed, Linux sends the program SIGTERM. The first line of standard output is the program's process id. The
output of the program goes to standard error. Uses only the standard library, and knows nothing about the program.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
POLL_S = 0.1


def end_with_leash() -> None:
    """Runs between fork and exec of the program, which is safe because the leash has one thread."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def run(command: list[str], grace_s: float) -> int:
    """Returns the exit code of the program; 128 + signal if a signal ended it, as shells do."""
    starter = os.getppid()
    stop_requested = False

    def request_stop(*_: object) -> None:
        nonlocal stop_requested
        stop_requested = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, request_stop)
    program = subprocess.Popen(  # noqa: S603 - the command is the starter's own
        command,
        stdin=subprocess.DEVNULL,
        stdout=2,
        stderr=2,
        preexec_fn=end_with_leash,
    )
    os.write(1, f"{program.pid}\n".encode())
    os.close(1)
    while program.poll() is None and not stop_requested:
        readable, _, _ = select.select([0], [], [], POLL_S)
        if (readable and not os.read(0, 1)) or os.getppid() != starter:
            break
    if program.poll() is None:
        program.terminate()
        try:
            program.wait(grace_s)
        except subprocess.TimeoutExpired:
            program.kill()
    code = program.wait()
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(run(sys.argv[2:], float(sys.argv[1])))
