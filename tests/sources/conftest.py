"""Real servers on the loopback address, and fetchers that may reach them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.abc import AbstractResolver

from streams.config.settings import Settings, load_settings
from streams.domain.records import Kind, Origin, Submission
from streams.errors import BadInput, Reason
from streams.sources.fetch import SourceFetcher

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def submission(url: str | None = None, body: bytes | None = None, kind: Kind = "auto") -> Submission:
    return Submission("s", "m", "default", kind, "2026-01-31T09:30:00.125Z", Origin("t", 0, 0), url=url, body=body)


def settings(**changed: Any) -> Settings:
    return load_settings(**{"source_timeout_s": 5.0, **changed})


async def fetched(fetcher: SourceFetcher, url: str) -> bytes:
    """The bytes of what is no video, or a small one."""
    async with fetcher.open(submission(url)) as data:
        assert isinstance(data, bytes)
        return data


async def refusal(fetcher: SourceFetcher, url: str, kind: Kind = "auto") -> Reason:
    """Why a source is not opened; it must not be."""
    with pytest.raises(BadInput) as refused:
        async with fetcher.open(submission(url, kind=kind)):
            pass
    assert refused.value.detail
    assert fetcher.held_bytes == 0
    return refused.value.reason


@asynccontextmanager
async def opened(resolver: AbstractResolver | None = None, **changed: Any) -> AsyncIterator[SourceFetcher]:
    with tempfile.TemporaryDirectory(prefix="mediasieve-tests-") as folder:
        fetcher = SourceFetcher(settings(**{"data_dir": folder, **changed}), resolver)
        try:
            yield fetcher
        finally:
            await fetcher.close()


@pytest_asyncio.fixture
async def fetcher() -> AsyncIterator[SourceFetcher]:
    """May reach 127.0.0.1, and nothing over 100,000 bytes or 5 s."""
    async with opened(source_allow="127.0.0.1", source_max_bytes=100_000) as made:
        yield made


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what must come to be; goes on, and lets the test fail, if it does not within some time."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)


class Servers:
    """Starts servers on free ports of the loopback address; all end with the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def web(self, routes: dict[str, Handler], host: str = "127.0.0.1", port: int = 0) -> str:
        """An HTTP server; returns its URL without a trailing slash."""
        application = web.Application()
        for path, handler in routes.items():
            application.router.add_get(path, handler)
        runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, host, port)
        await site.start()
        return f"http://{host}:{runner.addresses[0][1]}"

    async def raw(self, talk: Talk) -> str:
        """A server that says what it likes once it has seen the end of a request's head."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                await talk(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)

        async def stop() -> None:
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                if "serve" in repr(task.get_coro()):
                    task.cancel()
                    await asyncio.wait([task], timeout=1)

        self._stack.push_async_callback(stop)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest_asyncio.fixture
async def servers() -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        yield Servers(stack)
