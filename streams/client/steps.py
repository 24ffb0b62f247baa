"""Requests as steps: a generator says what to send and how long to pause, and a client does so.

Whatever is more than one request, such as retries, is written once here and in operations/; the clients differ only in
how they do a step: on a thread, or for an event loop.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from streams.client import calls
from streams.client.calls import Call
from streams.client.errors import ApiError
from streams.client.retries import RETRIED_ERRORS, RETRIED_STATUSES, Retries

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long before the next step."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came of a request: an answer, or the error of the attempt, which then has status 0."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    error: Exception | None = None


Steps: TypeAlias = Generator[Call | Pause, HttpAnswer | None, Result]


def send(call: Call, retries: Retries) -> Steps[Any]:
    """One request, sent again while it cannot be served; returns the JSON of the answer.

    Raises:
        ApiError: the API refused the request, or could not serve it after all attempts.
    """
    attempt = 1
    while True:
        answer = yield call
        assert answer is not None
        last = attempt >= retries.attempts
        if answer.error is not None:
            if last or not isinstance(answer.error, RETRIED_ERRORS):
                name = type(answer.error).__name__
                raise ApiError(0, "unreachable", f"the API does not answer ({name})") from answer.error
        elif last or answer.status not in RETRIED_STATUSES:
            return calls.read_answer(call, answer.status, answer.body)
        yield Pause(retries.pause_s(attempt, answer.headers))
        attempt += 1


def seconds_until(ends_at: float) -> float:
    """Seconds until a time of the monotonic clock; negative after it."""
    return ends_at - time.monotonic()
