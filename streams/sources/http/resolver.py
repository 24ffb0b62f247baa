"""Resolves host names to permitted addresses. Connections are opened only to addresses from here.

aiohttp connects to exactly the addresses that its resolver returned. Every name is resolved once, so DNS rebinding (a
second answer with another address) cannot pass the guard. Literal addresses never get here: `AddressGuard.check_url`
judges them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import Executor

from aiohttp.abc import AbstractResolver, ResolveResult

from streams.sources.http.address_guard import AddressGuard


class SystemResolver(AbstractResolver):
    """The resolver of the operating system, on threads, because lookups can hang."""

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
        """Leaves the threads to their owner."""


_AddressInfos = list[
    tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]
]


def _look_up(host: str, port: int, family: socket.AddressFamily) -> _AddressInfos:
    found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [entry for entry in found if isinstance(entry[4][0], str)]  # type: ignore[misc]


class GuardedResolver(AbstractResolver):
    """Returns only the addresses that the guard permits."""

    def __init__(self, inner: AbstractResolver, guard: AddressGuard) -> None:
        self._inner = inner
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve a host name.

        Raises:
            OSError: the name has no address.
            BadInput: source_refused_address, because the guard permits none of the addresses.
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
