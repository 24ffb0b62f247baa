"""Web servers on the loopback address, and a resolver with prepared answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def wait_until(condition: Callable[[], bool]) -> None:
    """Waits up to 10 seconds for a condition. Returns in any case, so that the test fails at its own assertion."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)


class Servers:
    """Starts servers on free ports of the loopback address; all end with the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def web(self, routes: dict[str, Handler], host: str = "127.0.0.1", port: int = 0) -> str:
        """An HTTP server for GET; returns its URL without a trailing slash."""
        return await self.serve(routes, "GET", host, port)

    async def serve(self, routes: dict[str, Handler], method: str = "*", host: str = "127.0.0.1", port: int = 0) -> str:
        """An HTTP server; returns its URL without a trailing slash."""
        application = web.Application(client_max_size=64 << 20)
        for path, handler in routes.items():
            application.router.add_route(method, path, handler)
        runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, host, port)
        await site.start()
        return f"http://{host}:{runner.addresses[0][1]}"

    async def raw(self, talk: Talk) -> str:
        """A server that runs `talk` after it has read the head of a request."""

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


class ForbiddenServer:
    """A server that must not be reached. Counts the requests."""

    def __init__(self) -> None:
        self.reached = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.reached += 1
        return web.Response(body=b"secret")


class PreparedResolver(AbstractResolver):
    """Returns the prepared answers in order, and then repeats the last one."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    async def close(self) -> None:
        pass


def port_of(url: str) -> str:
    return url.rpartition(":")[2]


@pytest_asyncio.fixture
async def servers() -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        yield Servers(stack)
