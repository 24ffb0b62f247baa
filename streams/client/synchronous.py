"""The client for threads."""

from __future__ import annotations

import time
from typing import Any, Self

import httpx

from streams.client.calls import Call, connection_options
from streams.client.operation import SyncApi
from streams.client.operations import Operations
from streams.client.retries import Retries, timeout_of
from streams.client.steps import HttpAnswer, Pause, Result, Steps


class Client(Operations, SyncApi):
    """The HTTP API; one client may be shared by several threads.

    Args:
        url: of the API.
        key: an API key; else MEDIASIEVE_API_KEY. An API on this machine without keys needs none.
        collection: where requests name none; else the only one of the key, else `default`.
        timeout_s: of one attempt, on top of the time that the request asks the API to wait.
        retries: how often a request is repeated that could not be served.

    Raises (every method):
        ApiError: the API refused a request, or could not serve it after all attempts.
    """

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
        self._http = httpx.Client(**connection_options(url, key))

    def call(self, call: Call) -> Any:
        """Any request of the API, with retries; returns the JSON of the answer."""
        return self._run(self._send(call))

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, steps: Steps[Result]) -> Result:
        answer: HttpAnswer | None = None
        try:
            while True:
                answer = self._do(steps.send(answer))
        except StopIteration as end:
            result: Result = end.value
            return result

    def _do(self, step: Call | Pause) -> HttpAnswer | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            answer = self._http.request(**step.request(), timeout=timeout_of(step.wait_s, self._timeout_s))
        except httpx.HTTPError as error:
            return HttpAnswer(error=error)
        return HttpAnswer(answer.status_code, answer.headers, answer.content)
