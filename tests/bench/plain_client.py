"""A client that takes next to no CPU: it sends the same bytes again and again, and counts the answers.

A full HTTP client takes ten times the CPU of a server that answers from memory. On the same machine the server would
then mostly wait, and every request would pay for waking it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

LENGTH = b"content-length: "


def get_request(url: str, target: str, headers: dict[str, str] | None = None) -> bytes:
    """The bytes of a GET over a connection that stays open."""
    named = {"Host": urlsplit(url).netloc, **(headers or {})}
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    return "\r\n".join(lines).encode()


async def answer_times_ms(url: str, requests: Sequence[bytes], connections: int) -> list[float]:
    """How long each answer took, with one request at a time on every connection.

    Raises:
        RuntimeError: an answer is not 200 with a length.
    """
    host, port = urlsplit(url).hostname, urlsplit(url).port
    waiting, times = iter(requests), []

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for request in waiting:
            begun_at = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 ") or LENGTH not in head:
                raise RuntimeError(head.decode("latin-1"))
            await reader.readexactly(int(head.partition(LENGTH)[2].partition(b"\r\n")[0]))
            times.append((time.perf_counter() - begun_at) * 1000)
        writer.close()

    await asyncio.gather(*(ask() for _ in range(connections)))
    return times
