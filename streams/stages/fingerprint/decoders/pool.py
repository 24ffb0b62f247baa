"""The decoding processes of a worker: started when they are first needed, replaced when they die.

Bytes in, bytes out; messages.py knows what they mean.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from streams import metrics
from streams.errors import BadInput, BrokenInfrastructure, Reason
from streams.stages.fingerprint.decoders.process import DecodeJob, DecodingProcess
from streams.stages.fingerprint.decoders.starter import Starter

logger = logging.getLogger(__name__)

#: A file that has killed this many processes is refused.
MAX_DEATHS = 2


class DecoderPool:
    """Use it on the event loop's thread only.

    Args:
        starter: starts the processes.
        processes: the most processes at once.
        timeout_s: how long one job may take.
        background: the processes leave the cores to all others.
    """

    def __init__(self, starter: Starter, processes: int, timeout_s: float, *, background: bool = False) -> None:
        self._starter = starter
        self._background = background
        self._most = processes
        self._timeout_s = timeout_s
        self._processes: list[DecodingProcess] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._waiting: deque[DecodeJob] = deque()
        self._closed = False
        metrics.begin_at_zero(metrics.DECODER_DEATHS, ("crash",), ("timeout",))

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [process.pid for process in self._processes]

    @property
    def crowded(self) -> bool:
        """Whether a job waits for a process."""
        return len(self._waiting) + sum(process.jobs for process in self._processes) > self._most

    async def run(self, request: bytes, file: bytes, on_thumbnails: Callable[[bytes], None] | None = None) -> bytes:
        """The reply to a request about a file. If the caller is cancelled, the process ends its work all the same.

        `on_thumbnails` is called with the second reply, if the request asks for one. It may come after this returns, or
        never.

        Raises:
            BadInput: decode_timeout; decoder_crashed if two processes died over this file.
            BrokenInfrastructure: no process can be started.
        """
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(DecodeJob(request, file, self._timeout_s, reply, on_thumbnails))
        self._dispatch()
        try:
            return await reply
        finally:
            del reply  # its exception has this frame in its traceback, and with it the file

    def _dispatch(self) -> None:
        """Give waiting jobs to the processes that have the fewest; start another if all have something to do."""
        while self._waiting:
            if self._waiting[0].reply.done():  # cancelled
                self._waiting.popleft()
                continue
            process = min(self._processes, key=lambda each: each.jobs, default=None)
            if (process is None or process.jobs) and len(self._processes) + len(self._starting) < self._most:
                self._start()
            if process is None or not process.has_room:
                return
            process.send(self._waiting.popleft())

    def _start(self) -> None:
        if self._closed:
            return
        task = asyncio.get_running_loop().create_task(self._started())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _started(self) -> None:
        try:
            started = await asyncio.to_thread(self._starter.start, background=self._background)
        except BrokenInfrastructure as error:
            if self._processes:  # these go on, and ask for another with their next job
                logger.warning("%s", error)
                return
            waiting, self._waiting = self._waiting, deque()
            for job in waiting:
                if not job.reply.done():
                    job.reply.set_exception(error)
            return
        process = DecodingProcess(started, self._dispatch, self._on_end)
        if self._closed:
            process.end(timed_out=False)
            return
        self._processes.append(process)
        metrics.DECODERS.inc()
        asyncio.get_running_loop().call_soon(self._dispatch)

    def _on_end(self, process: DecodingProcess, jobs: list[DecodeJob], timed_out: bool) -> None:
        if process in self._processes:
            self._processes.remove(process)
            metrics.DECODERS.dec()
        if self._closed:
            for job in jobs:
                job.reply.cancel()
            return
        if jobs:
            first, *others = jobs
            self._waiting.extendleft(reversed(others))
            self._blame(first, process.pid, timed_out)
        self._dispatch()

    def _blame(self, job: DecodeJob, pid: int, timed_out: bool) -> None:
        """A job that took too long fails; one over which a process died is tried once more."""
        job.deaths += 1
        metrics.DECODER_DEATHS.labels("timeout" if timed_out else "crash").inc()
        logger.warning("decoding process %d %s", pid, "took too long and was ended" if timed_out else "died")
        if job.reply.done():
            return
        if timed_out:
            error = BadInput(Reason.DECODE_TIMEOUT, f"decoding took longer than {self._timeout_s:g} s")
        elif job.deaths >= MAX_DEATHS:
            error = BadInput(Reason.DECODER_CRASHED, f"{job.deaths} decoding processes died over this file")
        else:
            self._waiting.appendleft(job)
            return
        job.reply.set_exception(error)

    def close(self) -> None:
        """End all processes, and what they decode."""
        self._closed = True
        for process in list(self._processes):
            process.end(timed_out=False)
        for job in self._waiting:
            job.reply.cancel()
        self._waiting.clear()
