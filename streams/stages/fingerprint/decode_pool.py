"""Threads that decode with a time limit. A decode that never returns is abandoned. Nothing in here knows media."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from streams.errors import BadInput, BrokenInfrastructure, Reason

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

#: A process with more decodes that never returned is not healthy.
MAX_STUCK_DECODES = 8


def _no_wait() -> float:
    return 0.0


class DecodePool:
    """Runs a limited number of decodes at once. The time that a decode waits for a thread does not count.

    Args:
        name: the prefix of the threads' names.
        threads: the number of threads.
        timeout_s: how long one decode may take.
    """

    def __init__(self, name: str, threads: int, timeout_s: float) -> None:
        self._name = name
        self._thread_count = threads
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(threads)
        self._threads = self._new_threads()
        self._stuck = 0
        self._jobs = 0

    @property
    def crowded(self) -> bool:
        """Whether a decode waits for a thread."""
        return self._jobs > self._thread_count

    async def run(self, decode: Callable[[], Result], waited_s: Callable[[], float] = _no_wait) -> Result:
        """Run `decode` on a thread; return its result or raise its error. A cancelled decode runs on to its end.

        Args:
            decode: a blocking function.
            waited_s: how long the decode has waited for its source so far, which does not count.

        Raises:
            BadInput: decode_timeout.
            BrokenInfrastructure: too many decodes never returned.
        """
        self._jobs += 1
        try:
            return await self._run(decode, waited_s)
        finally:
            self._jobs -= 1

    async def _run(self, decode: Callable[[], Result], waited_s: Callable[[], float]) -> Result:
        async with self._slots:
            loop = asyncio.get_running_loop()
            work = loop.run_in_executor(self._threads, decode)
            began_at = loop.time()
            try:
                while not work.done():
                    left_s = self._timeout_s + waited_s() - (loop.time() - began_at)
                    if left_s <= 0:
                        self._abandon_threads()
                        raise BadInput(Reason.DECODE_TIMEOUT, f"decoding took longer than {self._timeout_s:g} s")
                    await asyncio.wait({work}, timeout=left_s)
                return work.result()
            finally:
                work.cancel()  # if it has not begun
                # Its exception has this frame in its traceback. That circle would keep the medium until the garbage
                # collector comes, which is rare.
                del work

    def _abandon_threads(self) -> None:
        """A thread cannot be killed: abandon the pool with the thread, and continue with a new pool."""
        self._stuck += 1
        logger.warning(
            "a decode did not end in %.0f s; %d of at most %d abandoned decodes",
            self._timeout_s,
            self._stuck,
            MAX_STUCK_DECODES,
        )
        if self._stuck > MAX_STUCK_DECODES:
            raise BrokenInfrastructure("too many decodes never ended; start the worker again")
        self._threads.shutdown(wait=False)
        self._threads = self._new_threads()

    def _new_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._thread_count, thread_name_prefix=self._name)

    def close(self) -> None:
        """Start no further decodes; running decodes end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
