"""Large pictures are decoded one at a time, and a process that dies ends its turn."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from streams.stages.fingerprint.decoders.child import LARGE_DECODE_BYTES, Turns
from tests.support.patience import PATIENCE_S

HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
print("taken", flush=True)
time.sleep(60)
"""


def test_a_large_picture_waits_until_the_process_before_it_has_ended(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.touch()
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, shared], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    descriptor = os.open(shared, os.O_RDWR)
    try:
        assert holder.stdout.readline() == b"taken\n"
        waited = threading.Event()
        turns = Turns(descriptor, waited.set)
        turns.await_turn(LARGE_DECODE_BYTES - 1)  # a small picture needs no turn
        assert not waited.is_set()
        waiting = threading.Thread(target=turns.await_turn, args=(LARGE_DECODE_BYTES,))
        waiting.start()
        assert waited.wait(PATIENCE_S)
        waiting.join(0.3)
        assert waiting.is_alive()
        holder.kill()
        waiting.join(20)
        assert not waiting.is_alive()
        turns.end_turn()
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
        os.close(descriptor)
