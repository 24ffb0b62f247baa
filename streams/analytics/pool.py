"""Runs questions to ClickHouse for an event loop: a bounded number at once, on threads, with one shared client."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, Final, ParamSpec, TypeVar

from clickhouse_connect.driver.client import Client

from streams import metrics
from streams.analytics.client import connect
from streams.config.settings import Settings
from streams.errors import Overloaded

logger = logging.getLogger(__name__)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

SLOW_S: Final = 1.0
MAX_EXECUTION_S: Final = 20
QUEUE_FACTOR: Final = 16
"""Questions that may wait, for every thread."""


class QueryPool:
    """Answers questions of `analytics.queries` and of services, each a function of a client.

    Args:
        settings: name the ClickHouse. It may be away: then every question fails.
        threads: questions that run at once.
    """

    def __init__(self, settings: Settings, threads: int) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="query")
        self._max_waiting = threads * (QUEUE_FACTOR + 1)
        self._waiting = 0
        self._client: Client | None = None
        self._lock = threading.Lock()

    async def run(
        self,
        question: Callable[Concatenate[Client, Parameters], Result],
        /,
        *args: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        """The answer to a question.

        Raises:
            Overloaded: too many questions wait.
            AnalyticsError: ClickHouse does not answer or refuses; and all that the question raises.
        """
        if self._waiting >= self._max_waiting:
            raise Overloaded("too many questions to ClickHouse wait")
        self._waiting += 1
        asked_at = time.perf_counter()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: question(self._connected(), *args, **named)
            )
        finally:
            self._waiting -= 1
            self._note(question.__name__, time.perf_counter() - asked_at)

    def close(self) -> None:
        """Does not wait for questions that hang."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = connect(self._settings)
                self._client.set_client_setting("max_execution_time", MAX_EXECUTION_S)
            return self._client

    @staticmethod
    def _note(name: str, took_s: float) -> None:
        metrics.API_QUERY_SECONDS.labels(name).observe(took_s)
        if took_s > SLOW_S:
            logger.warning("slow question %s: %.2f s with its waiting", name, took_s)
