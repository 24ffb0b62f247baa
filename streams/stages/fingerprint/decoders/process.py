"""One decoding process, as the worker's event loop sees it: the jobs that it has, its pipes, and when it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable

from streams.stages.fingerprint.decoders.messages import JOB_HEADER, MAX_REPLY_BYTES, REPLY_HEADER
from streams.stages.fingerprint.decoders.starter import Started

#: A process has this many jobs at once, so that it never waits for the event loop. A long job holds up the next.
JOBS_AT_ONCE = 2
READ_BYTES = 256 << 10
#: A job may wait for its turn for this multiple of its time limit.
MAX_WAITING_PART = 10


class DecodeJob:
    """A file to decode.

    Attributes:
        reply: gets the first reply.
        on_thumbnails: gets the second; None if there is none.
        deaths: the processes that ended while they decoded it.
    """

    __slots__ = ("deaths", "file", "on_thumbnails", "replied", "reply", "request", "timeout_s")

    def __init__(
        self,
        request: bytes,
        file: bytes,
        timeout_s: float,
        reply: asyncio.Future[bytes],
        on_thumbnails: Callable[[bytes], None] | None = None,
    ) -> None:
        self.request = request
        self.file = file
        self.timeout_s = timeout_s
        self.reply = reply
        self.on_thumbnails = on_thumbnails
        self.replied = False
        self.deaths = 0

    @property
    def unsent(self) -> list[memoryview]:
        header = JOB_HEADER.pack(len(self.request), len(self.file))
        return [memoryview(header + self.request), memoryview(self.file)]


class DecodingProcess:
    """Use it on the event loop's thread only.

    Args:
        started: the process.
        on_room: called once the process has room for a job.
        on_end: called once, with all unfinished jobs, the one in work first. `timed_out` says that this one took too
            long; else the process has died over it.
    """

    def __init__(
        self,
        started: Started,
        on_room: Callable[[], None],
        on_end: Callable[[DecodingProcess, list[DecodeJob], bool], None],
    ) -> None:
        self.pid = started.pid
        self._started = started
        self._loop = asyncio.get_running_loop()
        self._on_room, self._on_end = on_room, on_end
        self._jobs: deque[DecodeJob] = deque()
        self._unsent: deque[memoryview] = deque()
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._begun_at = 0.0
        self._ended = False
        self._loop.add_reader(started.replies, self._read)

    @property
    def jobs(self) -> int:
        return len(self._jobs)

    @property
    def has_room(self) -> bool:
        return len(self._jobs) < JOBS_AT_ONCE

    def send(self, job: DecodeJob) -> None:
        """Give the process a job, after the jobs that it has."""
        self._jobs.append(job)
        if len(self._jobs) == 1:
            self._begun_at = self._loop.time()
            self._watch()
        writes = not self._unsent
        self._unsent += job.unsent
        if writes and self._write():
            self._loop.add_writer(self._started.jobs, self._write_on)

    def _write(self) -> bool:
        """Write what the pipe takes; returns whether something is left."""
        try:
            while self._unsent:
                written = os.writev(self._started.jobs, list(self._unsent)[:8])
                while self._unsent and written >= len(self._unsent[0]):
                    written -= len(self._unsent.popleft())
                if written:
                    self._unsent[0] = self._unsent[0][written:]
        except BlockingIOError:
            return True
        except OSError:  # it has died, and its replies end, too
            self._unsent.clear()
        return False

    def _write_on(self) -> None:
        if not self._write():
            self._loop.remove_writer(self._started.jobs)

    def _read(self) -> None:
        try:
            data = os.read(self._started.replies, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.end(timed_out=False)
            return
        received = self._received
        received += data
        while len(received) >= REPLY_HEADER.size:
            (size_bytes,) = REPLY_HEADER.unpack_from(received)
            end = REPLY_HEADER.size + size_bytes
            if size_bytes > MAX_REPLY_BYTES or not self._jobs:  # no decoder does so
                self.end(timed_out=False)
                return
            if len(received) < end:
                break
            reply = bytes(received[REPLY_HEADER.size : end])
            del received[:end]
            if reply:
                self._finish(reply)
            elif self._loop.time() - self._begun_at < MAX_WAITING_PART * self._jobs[0].timeout_s:
                self._watch()
        self._on_room()

    def _finish(self, reply: bytes) -> None:
        job = self._jobs[0]
        is_last = job.replied or job.on_thumbnails is None
        if is_last:
            self._jobs.popleft()
        self._begun_at = self._loop.time()
        self._watch()
        if job.replied and job.on_thumbnails is not None:
            job.on_thumbnails(reply)
        elif not job.reply.done():
            job.reply.set_result(reply)
        job.replied = True

    def _watch(self) -> None:
        """The time of the first job begins, or begins again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._jobs:
            self._timer = self._loop.call_later(self._jobs[0].timeout_s, self.end, True)

    def end(self, timed_out: bool) -> None:
        """Kill the process and give up its jobs."""
        if self._ended:
            return
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._started.replies)
        self._loop.remove_writer(self._started.jobs)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.close(self._started.jobs)
        os.close(self._started.replies)
        self._unsent.clear()
        jobs = list(self._jobs)
        self._jobs.clear()
        self._on_end(self, jobs, timed_out)
