"""A decoding process of the tests: it answers with the file's length, unless the file says what else to do.

Run with pipes as standard input and output, and a folder in which it leaves a file for each job that it has begun.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
from pathlib import Path

JOB, REPLY = struct.Struct("<IQ"), struct.Struct("<I")


def main() -> None:
    jobs, begun = sys.stdin.buffer, Path(sys.argv[1])
    while header := jobs.read(JOB.size):
        request_bytes, file_bytes = JOB.unpack(header)
        request, file = jobs.read(request_bytes), jobs.read(file_bytes)
        number = len(list(begun.iterdir()))
        (begun / f"{number}-{os.getpid()}").write_bytes(file[:20])
        if file.startswith(b"die") and not (file.startswith(b"die once") and number):
            os.kill(os.getpid(), signal.SIGKILL)
        if file.startswith(b"hang"):
            time.sleep(60)
        answer = request + b" %d" % len(file)
        size_bytes = 1 << 31 if file.startswith(b"too much") else len(answer)
        os.write(1, REPLY.pack(size_bytes) + answer)
        if file.startswith(b"twice"):
            os.write(1, REPLY.pack(len(answer)) + answer)
        if file.startswith(b"then die"):
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
