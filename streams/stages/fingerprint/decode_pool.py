"""Threads that decode, under a limit of time each; what never comes back is left behind. Knows nothing of media."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from streams.errors import BadInput, BrokenInfrastructure, Reason

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

#: Decodes that never came back; a process with more of them than this is not healthy.
MOST_STUCK = 8


def _not_at_all() -> float:
    return 0.0


class DecodePool:
    """Runs so many decodes at once; others wait, and that is not counted.

    Args:
        name: of its threads.
        threads: how many.
        timeout_s: what one decode may take.
    """

    def __init__(self, name: str, threads: int, timeout_s: float) -> None:
        self._name = name
        self._thread_count = threads
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(threads)
        self._threads = self._new_threads()
        self._stuck = 0

    async def run(self, decode: Callable[[], Result], waited_s: Callable[[], float] = _not_at_all) -> Result:
        """What `decode` returns or raises, on a thread. One that is cancelled here goes on until it ends by itself.

        Args:
            decode: blocks.
            waited_s: how long it has waited for others so far, which is not counted as decoding.

        Raises:
            BadInput: decode_timeout.
            BrokenInfrastructure: too many decodes never came back.
        """
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
                work.cancel()  # if it has not even begun

    def _abandon_threads(self) -> None:
        """A thread cannot be killed: leave the pool with it behind, and go on with a new one."""
        self._stuck += 1
        logger.warning("a decode did not end in %.0f s; %d of at most %d", self._timeout_s, self._stuck, MOST_STUCK)
        if self._stuck > MOST_STUCK:
            raise BrokenInfrastructure("too many decodes never ended; the worker must be started again")
        self._threads.shutdown(wait=False)
        self._threads = self._new_threads()

    def _new_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._thread_count, thread_name_prefix=self._name)

    def close(self) -> None:
        """Begin nothing more; who is at work ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)
