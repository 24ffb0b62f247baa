"""The second level: a Redis or Valkey that several API processes share. It may be away, slow or full at any time.

Values are bytes that entry.py describes, never pickles, and signed with the secret of the API: whoever else can write
into the store can make answers slow, not wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from typing import TYPE_CHECKING, Any, Final

from streams import metrics
from streams.cache.breaker import StoreBreaker
from streams.cache.entry import MAX_BODY_BYTES, KeptAnswer, decode_entry, encode_entry
from streams.config.settings import Settings
from streams.errors import ConfigurationError

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 16
MAX_WRITES: Final = 64
"""Writes that wait at once; further answers are not shared."""

MAX_ENTRY_BYTES: Final = MAX_BODY_BYTES + (1 << 20)
KEY_VERSION: Final = 1
SIGNATURE_BYTES: Final = 16


def open_shared_store(settings: Settings) -> RedisStore | None:
    """The store that the settings name; None without one. It is not connected yet, and may be away.

    Raises:
        ConfigurationError: its address cannot be used, the client is not installed, or the API has no secret.
    """
    address = settings.cache.address.get_secret_value()
    if address and not settings.api.secret.get_secret_value():
        raise ConfigurationError(
            "MEDIASIEVE_CACHE needs MEDIASIEVE_API_SECRET, the same for all processes that share it: answers have "
            "cursors and URLs that it signs. Make one with `openssl rand -hex 32`."
        )
    return RedisStore(settings, address) if address else None


class RedisStore:
    """For one event loop. All failures are counted and logged; callers see a miss."""

    def __init__(self, settings: Settings, address: str) -> None:
        self._timeout_s = settings.cache.timeout_s
        self._prefix = f"mediasieve:{settings.kafka.topic_prefix}:{settings.clickhouse.database}:{KEY_VERSION}:"
        self._secret = hmac.digest(settings.api.secret.get_secret_value().encode(), b"shared cache", "sha256")
        self._redis, self._place = _connect(address, self._timeout_s)
        self._breaker = StoreBreaker()
        self._writes: set[asyncio.Task[None]] = set()
        metrics.begin_at_zero(metrics.API_SHARED_CACHE_TROUBLE, ("failed",), ("refused",), ("skipped",))

    async def read(self, namespace: str, name: str) -> KeptAnswer | None:
        """A kept answer; None if there is none, or the store is away."""
        if not self._breaker.permits():
            self._count("skipped")
            return None
        key = self._key(namespace, name)
        try:
            async with asyncio.timeout(self._timeout_s):
                # a value of any size may lie there: no more is read than an entry has
                data: Any = await self._redis.getrange(key, 0, MAX_ENTRY_BYTES)
        except asyncio.CancelledError:
            self._breaker.ended()
            raise
        except self._failures() as error:
            self._note_failure(error)
            return None
        self._note_success()
        if not data:
            return None
        try:
            return decode_entry(self._unsealed(key, data))
        except ValueError:
            self._count("refused")
            return None

    def write(self, namespace: str, name: str, answer: KeptAnswer) -> None:
        """Keeps an answer for as long as it lives; returns at once."""
        if self._breaker.is_open or len(self._writes) >= MAX_WRITES:
            self._count("skipped")
            return
        task = asyncio.ensure_future(self._write(self._key(namespace, name), answer))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def ping(self) -> None:
        """Raises:
        OSError, TimeoutError: the store does not answer.
        """
        try:
            await self._redis.ping()
        except self._failures() as error:
            raise OSError(type(error).__name__) from error

    async def close(self) -> None:
        """Writes that wait are given up."""
        for task in self._writes:
            task.cancel()
        await asyncio.gather(*self._writes, return_exceptions=True)
        await self._redis.aclose()

    async def _write(self, key: str, answer: KeptAnswer) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._redis.set(
                    key, self._sealed(key, encode_entry(answer)), px=max(1, round(answer.lives_s * 1000))
                )
        except self._failures() as error:
            self._note_failure(error)
        else:
            self._note_success()

    def _key(self, namespace: str, name: str) -> str:
        return f"{self._prefix}{namespace}:{hashlib.sha256(name.encode()).hexdigest()}"

    def _sealed(self, key: str, data: bytes) -> bytes:
        return self._signature(key, data) + data

    def _unsealed(self, key: str, data: bytes) -> bytes:
        signature, data = data[:SIGNATURE_BYTES], data[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(key, data)):
            raise ValueError("not signed by this API")
        return data

    def _signature(self, key: str, data: bytes) -> bytes:
        """Binds the bytes to their key."""
        digest = hashlib.blake2b(key=self._secret, digest_size=SIGNATURE_BYTES)
        digest.update(key.encode() + b"\0")
        digest.update(data)
        return digest.digest()

    @staticmethod
    def _failures() -> tuple[type[Exception], ...]:
        from redis.exceptions import RedisError

        return RedisError, OSError, TimeoutError

    def _note_failure(self, error: Exception) -> None:
        self._count("failed")
        if self._breaker.failed():
            logger.warning(
                "the shared cache at %s does not answer (%s): answers are not shared until it does",
                self._place,
                type(error).__name__,
            )

    def _note_success(self) -> None:
        if self._breaker.succeeded():
            logger.info("the shared cache at %s answers again", self._place)

    @staticmethod
    def _count(result: str) -> None:
        metrics.API_SHARED_CACHE_TROUBLE.labels(result).inc()


def _connect(address: str, timeout_s: float) -> tuple[Redis, str]:
    """The client, and where it connects to, without user and password."""
    try:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError as error:
        raise ConfigurationError(
            "MEDIASIEVE_CACHE needs the client of Redis: pip install 'mediasieve[redis]'."
        ) from error
    scheme, _, rest = address.partition("://")
    scheme = {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme)
    try:
        pool = BlockingConnectionPool.from_url(
            f"{scheme}://{rest}",
            max_connections=MAX_CONNECTIONS,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            client_name="mediasieve",
        )
        pool.make_connection()  # type: ignore[no-untyped-call]  # without connecting: an unknown option is refused here
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            "MEDIASIEVE_CACHE: give redis://host:6379/0, rediss://… for TLS, or unix:///path."
        ) from error
    options = pool.connection_kwargs
    place = str(options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}")
    return Redis.from_pool(pool), place
