"""Runs services that block, such as those that scan a topic, on a few threads of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from streams.errors import Overloaded

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

THREADS: Final = 4
MAX_WAITING: Final = 16


class ServiceThreads:
    """Bounded: calls beyond MAX_WAITING are refused."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="service")
        self._running = 0

    async def run(
        self, service: Callable[Parameters, Result], /, *args: Parameters.args, **named: Parameters.kwargs
    ) -> Result:
        """What a service returns. The service runs to its end even if nobody waits for it any more.

        Raises:
            Overloaded: too many services wait; and all that the service raises.
        """
        if self._running >= MAX_WAITING:
            raise Overloaded("too many services run")
        self._running += 1
        running = asyncio.get_running_loop().run_in_executor(self._threads, lambda: service(*args, **named))
        running.add_done_callback(self._on_end)
        return await asyncio.shield(running)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _on_end(self, ended: asyncio.Future[Result]) -> None:
        self._running -= 1
        if not ended.cancelled():
            ended.exception()  # whoever asked may be gone
