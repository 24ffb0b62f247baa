"""Rates of requests for a key, and of wrong keys for an address. Counted in this process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from streams.api.problems import Problem
from streams.config.api_keys import ApiKey
from streams.errors import ConfigurationError

WRONG_KEYS: Final = parse("30/minute")
CALLBACKS: Final = parse("60000/minute")


@dataclass(frozen=True, slots=True)
class Allowance:
    """The remaining rate of a key, for the headers of the answer."""

    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        text = f"limit={self.limit}, remaining={self.remaining}, reset={self.reset_s}"
        return [(b"ratelimit", text.encode())]


class RateLimits:
    """Counts requests.

    Args:
        default: the rate of keys that have none of their own; empty for none.

    Raises:
        ConfigurationError: the rate is not valid.
    """

    def __init__(self, default: str) -> None:
        self._default = default
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        try:
            if default:
                parse(default)
        except ValueError as error:
            raise ConfigurationError("MEDIASIEVE_API_RATE must look like 100/second or 6000/minute.") from error

    async def check(self, key: ApiKey) -> Allowance | None:
        """Counts a request.

        Raises:
            Problem: rate_limited.
        """
        rate = self._default if key.rate is None else key.rate
        if not rate:
            return None
        item = _parsed(rate)
        allowed = await self._limiter.hit(item, key.name)
        stats = await self._limiter.get_window_stats(item, key.name)
        reset_s = max(1, round(stats.reset_time - time.time()))
        if not allowed:
            headers = {"Retry-After": str(reset_s), "RateLimit": f"limit={item.amount}, remaining=0, reset={reset_s}"}
            raise Problem(429, "rate_limited", "Wait for as many seconds as Retry-After says.", headers=headers)
        return Allowance(item.amount, int(stats.remaining), reset_s)

    async def check_callbacks(self, address: str) -> None:
        """Counts a callback from an address.

        Raises:
            Problem: rate_limited.
        """
        if not await self._limiter.hit(CALLBACKS, "callback", address):
            raise Problem(429, "rate_limited", "Wait as long as Retry-After says.", headers={"Retry-After": "5"})

    async def check_wrong_key(self, address: str) -> None:
        """Counts a wrong key of an address.

        Raises:
            Problem: rate_limited.
        """
        if not await self._limiter.hit(WRONG_KEYS, "wrong key", address):
            raise Problem(429, "rate_limited", "Too many wrong keys; wait a minute.", headers={"Retry-After": "60"})


@lru_cache(maxsize=256)
def _parsed(rate: str) -> RateLimitItem:
    return parse(rate)
