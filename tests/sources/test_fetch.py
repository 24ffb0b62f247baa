"""Fetching: inline bytes, deadlines, the byte budget, and independence of slow sources."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from streams.errors import BadInput, ConfigurationError, Reason
from streams.sources.fetch import SourceFetcher
from tests.support.fetchers import fetch_bytes, open_fetcher, refusal_reason, settings, submission
from tests.support.web_servers import Servers


async def test_inline_bytes_are_passed_on(fetcher: SourceFetcher) -> None:
    async with fetcher.open(submission(body=b"inline")) as data:
        assert data == b"inline"
    for body, reason in ((bytes(100_001), Reason.SOURCE_TOO_LARGE), (b"", Reason.SOURCE_EMPTY)):
        with pytest.raises(BadInput) as refused:
            async with fetcher.open(submission(body=body)):
                pass
        assert refused.value.reason is reason


async def test_a_submission_without_a_source_is_refused(fetcher: SourceFetcher) -> None:
    with pytest.raises(BadInput) as refused:
        async with fetcher.open(submission()):
            pass
    assert refused.value.reason is Reason.NO_SOURCE


def test_an_allow_list_that_cannot_be_read_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="SOURCE_ALLOW"):
        SourceFetcher(settings(source_allow="not a host"))


async def test_bytes_are_counted_until_the_block_ends(servers: Servers, fetcher: SourceFetcher) -> None:
    async def photo(request: web.Request) -> web.Response:
        return web.Response(body=bytes(70_000))

    url = await servers.web({"/": photo})
    async with fetcher.open(submission(url)):
        assert fetcher.reserved_bytes == 70_000
    assert fetcher.reserved_bytes == 0


async def test_slow_sources_do_not_delay_others(servers: Servers) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1_000_000
        await response.prepare(request)
        await response.write(b"x")
        await asyncio.sleep(60)
        return response

    async def quick(request: web.Request) -> web.Response:
        return web.Response(body=bytes(200_000))

    url = await servers.web({"/slow": slow, "/quick": quick})
    limits: dict[str, Any] = {"source_max_bytes": 1 << 20, "in_flight_bytes": 8 << 20, "source_timeout_s": 30}
    async with open_fetcher(source_allow="127.0.0.1", **limits) as fetcher:
        waiting = [asyncio.create_task(fetch_bytes(fetcher, f"{url}/slow")) for _ in range(20)]
        await asyncio.sleep(0.1)
        done = await asyncio.wait_for(asyncio.gather(*(fetch_bytes(fetcher, f"{url}/quick") for _ in range(20))), 10)
        assert all(len(data) == 200_000 for data in done)
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert fetcher.reserved_bytes == 0


async def test_waiting_for_the_budget_is_not_counted_against_the_source(servers: Servers) -> None:
    async def large(request: web.Request) -> web.Response:
        return web.Response(body=bytes(1 << 20))

    url = await servers.web({"/": large})
    limits: dict[str, Any] = {"source_max_bytes": 1 << 20, "in_flight_bytes": 1 << 20, "source_timeout_s": 1.0}
    async with open_fetcher(source_allow="127.0.0.1", **limits) as fetcher:
        async with fetcher.open(submission(url)):
            second = asyncio.create_task(fetch_bytes(fetcher, url))
            await asyncio.sleep(1.5)  # beyond the deadline
            assert not second.done()
        assert len(await second) == 1 << 20


async def test_memory_is_bounded_however_many_fetch_at_once(servers: Servers) -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10):
            await response.write(bytes(100_000))
        return response

    url = await servers.web({"/": large})
    peak = 0
    limits: dict[str, Any] = {"source_max_bytes": 1 << 20, "in_flight_bytes": 4 << 20}
    async with open_fetcher(source_allow="127.0.0.1", **limits) as fetcher:

        async def one() -> None:
            nonlocal peak
            async with fetcher.open(submission(url)) as data:
                assert data == bytes(1_000_000)
                peak = max(peak, fetcher.reserved_bytes)
                await asyncio.sleep(0.01)

        await asyncio.wait_for(asyncio.gather(*(one() for _ in range(30))), 30)
        assert 1_000_000 < peak <= 4 << 20
        assert fetcher.reserved_bytes == 0


async def test_a_cancelled_fetch_leaves_nothing_behind(servers: Servers, fetcher: SourceFetcher) -> None:
    async def hangs(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(bytes(50_000))
        await asyncio.sleep(60)
        return response

    task = asyncio.create_task(fetch_bytes(fetcher, await servers.web({"/": hangs})))
    for _ in range(500):
        if fetcher.reserved_bytes:
            break
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert fetcher.reserved_bytes == 0


async def test_closing_twice_or_unused_is_fine() -> None:
    fetcher = SourceFetcher(settings())
    await fetcher.close()
    await fetcher.close()


async def test_a_name_lookup_that_hangs_is_a_timeout() -> None:
    from tests.support.web_servers import PreparedResolver

    class Hanging(PreparedResolver):
        async def resolve(self, *args: object, **kwargs: object) -> list[object]:  # type: ignore[override]
            await asyncio.sleep(60)
            return []

    async with open_fetcher(Hanging([]), source_timeout_s=0.2) as fetcher:
        assert await refusal_reason(fetcher, "http://slow.example.org/") is Reason.SOURCE_TIMEOUT
