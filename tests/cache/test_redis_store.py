"""The shared store on a real Redis: what it keeps, whom it believes, and what happens while it is away."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.cache import AnswerCache, Freshness, Keep, Made
from streams.cache.redis_store import RedisStore, open_shared_store
from streams.config.settings import Settings, load_settings
from streams.errors import ConfigurationError
from tests.support.patience import PATIENCE_S
from tests.support.redis_server import RedisServer, needs_redis

pytest.importorskip("redis")

SECRET = "0123456789abcdef0123456789abcdef"
KEEP = Keep("media", 60.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


def settings_of(address: str, **more: object) -> Settings:
    return load_settings(**{"cache": address, "api_secret": SECRET, "cache_timeout_s": 2.0, **more})


def store_of(address: str, **more: object) -> RedisStore:
    store = open_shared_store(settings_of(address, **more))
    assert store is not None
    return store


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[RedisStore]:
    store = store_of(server.url)
    await store._redis.flushdb()
    yield store
    await store.close()


def cache_on(store: RedisStore) -> AnswerCache:
    freshness = Freshness()
    freshness.begin({0: 0})
    freshness.note_stored({0: 0})
    return AnswerCache(freshness, store)


async def ask(cache: AnswerCache, answer: bytes, key: str = "k", keep: Keep = KEEP) -> bytes:
    async def make() -> Made:
        return Made(answer, ("tag",))

    return (await cache.get(keep, (key,), make)).json()


async def written(store: RedisStore) -> None:
    while store._writes:
        await asyncio.gather(*store._writes)


def is_away(store: RedisStore) -> bool:
    return store._breaker.is_open


@needs_redis
async def test_another_process_finds_the_answer(store: RedisStore, server: RedisServer) -> None:
    long = b'"' + b"abc" * 2000 + b'"'
    assert await ask(cache_on(store), long) == long
    await written(store)
    other = store_of(server.url)
    assert await ask(cache_on(other), b"anew") == long
    assert await ask(cache_on(other), b"anew", "another key") == b"anew"
    await written(other)
    await other.close()


@needs_redis
async def test_answers_end_with_their_time(store: RedisStore) -> None:
    await ask(cache_on(store), b"1", keep=Keep("media", 60.0))
    await written(store)
    [key] = await store._redis.keys("*")
    assert 0 < await store._redis.pttl(key) <= 60_000
    assert b":media:" in key


@needs_redis
@pytest.mark.parametrize(
    "more",
    [{"api_secret": "f" * 32}, {"topic_prefix": "other."}, {"clickhouse_database": "other"}],
    ids=["secret", "topics", "database"],
)
async def test_deployments_do_not_mix(store: RedisStore, server: RedisServer, more: dict[str, object]) -> None:
    await ask(cache_on(store), b"1")
    await written(store)
    other = store_of(server.url, **more)
    assert await ask(cache_on(other), b"2") == b"2"
    await written(other)
    await other.close()


@needs_redis
async def test_what_somebody_else_wrote_is_not_believed(store: RedisStore) -> None:
    await ask(cache_on(store), b"1", "one")
    await ask(cache_on(store), b"2", "two")
    await written(store)
    one, two = await store._redis.keys("*")
    values: list[Any] = [await store._redis.get(one), await store._redis.get(two)]
    for forged in (b"", b"x", b"\x80\x04.", values[0][:-1] + b"9", bytes(32 << 20), values[0][:20]):
        await store._redis.set(one, forged)
        await store._redis.set(two, forged)
        assert await ask(cache_on(store), b"anew", "one") == b"anew"
        await written(store)
    await store._redis.set(one, values[1])  # signed, and of another question
    await store._redis.set(two, values[0])
    assert await ask(cache_on(store), b"anew", "one") == b"anew"
    await store._redis.lpush("list", b"x")
    await store._redis.rename("list", one)
    assert await ask(cache_on(store), b"more", "one") in (b"anew", b"more")
    await written(store)


@needs_redis
async def test_while_it_is_away_answers_are_made_and_once_it_is_back_they_are_shared(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        store = store_of(server.url)
        assert await ask(cache_on(store), b"1") == b"1"
        await written(store)
        server.kill()
        for number in range(20):
            assert await ask(cache_on(store), b"%d" % number) == b"%d" % number
            await written(store)
        assert is_away(store)
        with pytest.raises(OSError):
            await store.ping()
        begun_at = time.monotonic()
        server.start()
        while is_away(store):
            assert time.monotonic() < begun_at + PATIENCE_S
            await ask(cache_on(store), b"again")
            await asyncio.sleep(0.05)
        await ask(cache_on(store), b"shared", "late")
        await written(store)
        assert await ask(cache_on(store), b"anew", "late") == b"shared"
        await store.close()


async def test_a_store_that_hangs_costs_its_time_a_few_times(tmp_path: Path) -> None:
    hung = socket.create_server(("127.0.0.1", 0))  # takes connections, and says nothing
    port = hung.getsockname()[1]
    store = store_of(f"redis://127.0.0.1:{port}/0", cache_timeout_s=0.05)
    for number in range(20):
        assert await ask(cache_on(store), b"%d" % number) == b"%d" % number
    await written(store)
    assert is_away(store)
    await store.close()
    hung.close()


@pytest.mark.parametrize("address", ["http://x", "redis", "redis://host:port/0", "redis://h/0?no_such_option=1"])
def test_a_wrong_address_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_CACHE") as refused:
        open_shared_store(settings_of(address.replace("://", "://:hunter2@")))
    assert "hunter2" not in str(refused.value)


def test_sharing_needs_a_secret() -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_API_SECRET"):
        open_shared_store(load_settings(cache="redis://127.0.0.1:6379/0", api_secret=""))


async def test_valkey_is_an_address_too() -> None:
    store = store_of("valkey://:word@127.0.0.1:1/0")
    assert store._place == "127.0.0.1:1"
    await store.close()
