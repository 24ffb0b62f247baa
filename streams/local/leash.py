"""Run one program for as long as its starter lives: `python -I -S leash.py GRACE_S PROGRAM ARGS…`.

The starter holds the other end of standard input. When that closes, because it stopped the program or because it
was killed with kill -9, the program gets SIGTERM to save its data and SIGKILL after GRACE_S seconds. Should the leash
itself be killed, Linux sends the program SIGTERM. The first line of standard output is the program's process id;
what the program writes goes to standard error. Nothing but the standard library, and nothing about what is run.
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


def die_with_leash() -> None:
    """Runs in the program before it starts; the leash has one thread, so this is safe between fork and exec."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def run(command: list[str], grace_s: float) -> int:
    """Returns the program's exit code, 128 + signal where a signal ended it, as shells do."""
    starter = os.getppid()
    asked_to_stop = False

    def ask_to_stop(*_: object) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask_to_stop)
    program = subprocess.Popen(  # noqa: S603 - the command is the starter's own
        command,
        stdin=subprocess.DEVNULL,
        stdout=2,
        stderr=2,
        preexec_fn=die_with_leash,
    )
    os.write(1, f"{program.pid}\n".encode())
    os.close(1)
    while program.poll() is None and not asked_to_stop:
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
