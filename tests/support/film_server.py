"""A web server for one file that counts the bytes it sends and behaves as a test needs."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

PIECE_BYTES = 16 << 10


def film(size_bytes: int, seed: int = 0) -> bytes:
    """Bytes with the head of an MP4 file, followed by noise."""
    head = b"\0\0\0\x18ftypisom\0\0\2\0isommp41"
    return head + random.Random(seed).randbytes(size_bytes - len(head))


@dataclass
class FilmServer:
    """Serves `data` at any path it is routed to.

    Attributes:
        ranges: whether it supports range requests.
        headers: of all responses. If-Range is compared with their ETag or Last-Modified.
        change: called before every response with its number from 0. May change this server.
        pause_s: between pieces of 16 KiB.
        requests: the Range headers of all requests, "" for an absent one.
        sent_bytes: the body bytes that the socket has accepted.
    """

    data: bytes
    ranges: bool = True
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"one"'})
    change: Callable[[int], None] = lambda number: None
    pause_s: float = 0.0
    requests: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    sent_bytes: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.change(len(self.requests))
        asked = request.headers.get("Range", "")
        self.requests.append(asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._answer(request, asked)
        finally:
            self.at_once -= 1

    async def _answer(self, request: web.Request, asked: str) -> web.StreamResponse:
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        if_range = request.headers.get("If-Range")
        if (
            not self.ranges
            or not found
            or if_range not in (None, self.headers.get("ETag"), self.headers.get("Last-Modified"))
        ):
            accepts = {"Accept-Ranges": "bytes"} if self.ranges else {}
            return await self._send(request, 200, self.data, {**accepts, **self.headers})
        first, last = int(found[1]), min(int(found[2]), len(self.data) - 1)
        if first > last:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(self.data)}"})
        said = {"Content-Range": f"bytes {first}-{last}/{len(self.data)}"}
        return await self._send(request, 206, self.data[first : last + 1], {**self.headers, **said})

    async def _send(
        self, request: web.Request, status: int, body: bytes, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = len(body)
        await response.prepare(request)
        for begin in range(0, len(body), PIECE_BYTES):
            piece = body[begin : begin + PIECE_BYTES]
            await response.write(piece)
            self.sent_bytes += len(piece)
            if self.pause_s:
                await asyncio.sleep(self.pause_s)
        return response
