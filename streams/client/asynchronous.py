"""The client for asyncio."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import httpx

from streams.client.calls import Call, connection_options
from streams.client.operation import AsyncApi
from streams.client.operations import Operations
from streams.client.retries import Retries, timeout_of
from streams.client.steps import HttpAnswer, Pause, Result, Steps


class AsyncClient(Operations, AsyncApi):
    """The HTTP API, for one event loop; it has the arguments and the methods of `Client`."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        key: str | None = None,
        collection: str | None = None,
        timeout_s: float = 30.0,
        retries: Retries | None = None,
    ) -> None:
        self.collection = collection
        self.retries = retries or Retries()
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(**connection_options(url, key))

    async def call(self, call: Call) -> Any:
        """Any request of the API, with retries; returns the JSON of the answer."""
        return await self._run(self._send(call))

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _run(self, steps: Steps[Result]) -> Result:
        answer: HttpAnswer | None = None
        try:
            while True:
                answer = await self._do(steps.send(answer))
        except StopIteration as end:
            result: Result = end.value
            return result

    async def _do(self, step: Call | Pause) -> HttpAnswer | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            answer = await self._http.request(**step.request(), timeout=timeout_of(step.wait_s, self._timeout_s))
        except httpx.HTTPError as error:
            return HttpAnswer(error=error)
        return HttpAnswer(answer.status_code, answer.headers, answer.content)
