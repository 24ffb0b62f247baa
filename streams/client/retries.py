"""When a request is sent again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

RETRIED_STATUSES: Final = frozenset({408, 429, 502, 503, 504})
RETRIED_ERRORS: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadError, httpx.RemoteProtocolError,
                         httpx.PoolTimeout, httpx.WriteError)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Retries:
    """Waits `first_s`, then twice as long each time up to `longest_s`, a little less or more by chance."""

    attempts: int = 5
    first_s: float = 0.1
    longest_s: float = 2.0
    longest_asked_s: float = 30.0

    def pause_s(self, attempt: int, headers: Mapping[str, str] | None = None) -> float:
        """Seconds before attempt number `attempt` + 1; as long as the server asks for, within reason."""
        asked = (headers or {}).get("retry-after", "")
        if asked.isdigit():
            return min(float(asked), self.longest_asked_s)
        doubled_s = float(self.first_s * 2 ** (attempt - 1))
        return min(doubled_s, self.longest_s) * random.uniform(0.75, 1.25)  # noqa: S311


def timeout_of(wait_s: float, timeout_s: float) -> httpx.Timeout:
    return httpx.Timeout(timeout_s, read=timeout_s + wait_s)
