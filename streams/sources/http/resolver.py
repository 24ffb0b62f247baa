"""Names to addresses, checked: the only addresses that a connection is ever opened to come from here.

aiohttp connects to exactly what a resolver returned, so a name that answers differently the second time (DNS rebinding)
gains nothing: there is no second time. Literal addresses never get here; `AddressGuard.check_url` judges those.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import Executor

from aiohttp.abc import AbstractResolver, ResolveResult

from streams.sources.http.guard import AddressGuard


class SystemResolver(AbstractResolver):
    """The system's resolver, on threads that nobody else waits for."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """The threads belong to who made them."""


_Found = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]]


def _look_up(host: str, port: int, family: socket.AddressFamily) -> _Found:
    found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [entry for entry in found if isinstance(entry[4][0], str)]  # type: ignore[misc]


class GuardedResolver(AbstractResolver):
    """Passes on only those addresses of a name that the guard permits."""

    def __init__(self, inner: AbstractResolver, guard: AddressGuard) -> None:
        self._inner = inner
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve a name.

        Raises:
            OSError: the name has no address.
            BadInput: source_refused_address, none of its addresses is permitted.
        """
        found = await self._inner.resolve(host, port, family)
        if not found:
            raise OSError(f"'{host}' has no address")
        permitted = [
            result for result in found if self._guard.permits(host, ipaddress.ip_address(result["host"]), port)
        ]
        if not permitted:
            self._guard.check_address(host, ipaddress.ip_address(found[0]["host"]), port)
        return permitted

    async def close(self) -> None:
        await self._inner.close()
