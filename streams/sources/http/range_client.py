"""Parts of one resource by range requests, all of one version; the first answer, which others are held against, too."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp
from yarl import URL

from streams.errors import BadInput, Reason
from streams.sources.http.client import HttpSource, check_answer
from streams.sources.http.content_range import Part, Version, part_of, total_of_unsatisfied

#: A server may send less than it is asked for, but one part in more answers than these is a game.
MOST_ANSWERS = 8


@dataclass(frozen=True, slots=True)
class Resource:
    """What all parts must be of: where it was in the end, in which version, how long."""

    url: URL
    version: Version
    size_bytes: int


def range_header(begin: int, end: int) -> dict[str, str]:
    return {"Range": f"bytes={begin}-{end - 1}"}


async def body_of_part(response: aiohttp.ClientResponse, part: Part) -> bytes:
    """Exactly the bytes that a 206 answer says it has.

    Raises:
        BadInput: source_bad_ranges or source_unreachable.
    """
    length = part.end - part.begin
    if response.content_length not in (None, length):
        raise BadInput(Reason.SOURCE_BAD_RANGES, f"{length} bytes are promised, and {response.content_length} declared")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > length:
            raise BadInput(Reason.SOURCE_BAD_RANGES, f"the server sends more than the {length} bytes it was asked for")
    if len(body) < length:
        raise BadInput(Reason.SOURCE_UNREACHABLE, "the answer broke off before its end")
    return bytes(body)


class RangeClient:
    """Asks for parts of a resource, each within `timeout_s`; for one event loop.

    Attributes:
        fetched_bytes: what has come in so far.
    """

    def __init__(self, http: HttpSource, resource: Resource, timeout_s: float) -> None:
        self._http = http
        self._resource = resource
        self._url = resource.url
        self._timeout_s = timeout_s
        self._headers = {"If-Range": resource.version.if_range} if resource.version.if_range else {}
        self.fetched_bytes = 0

    async def part(self, offset: int, length: int) -> bytes:
        """These bytes, which must lie inside of the resource.

        Raises:
            BadInput: source_changed, source_bad_ranges, or another of the source_ reasons.
        """
        parts: list[bytes] = []
        end = offset + length
        try:
            async with asyncio.timeout(self._timeout_s):
                while offset < end:
                    if len(parts) == MOST_ANSWERS:
                        raise BadInput(Reason.SOURCE_BAD_RANGES, "the server sends a part in too many pieces")
                    parts.append(await self._some(offset, end))
                    offset += len(parts[-1])
        except TimeoutError as error:
            raise BadInput(Reason.SOURCE_TIMEOUT, f"a part was not there after {self._timeout_s:g} s") from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _some(self, begin: int, end: int) -> bytes:
        async with self._http.answer(self._url, {**range_header(begin, end), **self._headers}) as response:
            self._check_same(response)
            check_answer(response, (206,))
            part = part_of(response.headers, begin, end)
            if part.total_bytes not in (None, self._resource.size_bytes):
                raise BadInput(Reason.SOURCE_CHANGED, f"it has {part.total_bytes} bytes now")
            data = await body_of_part(response, part)
            self.fetched_bytes += len(data)
            self._url = response.url  # where a redirect led to in the meantime
            return data

    def _check_same(self, response: aiohttp.ClientResponse) -> None:
        if response.status in (200, 206) and not self._resource.version.agrees_with(Version.of(response.headers)):
            raise BadInput(Reason.SOURCE_CHANGED, "the server has another version of it now")
        if response.status == 416:
            total = total_of_unsatisfied(response.headers)
            now = "has less of it now" if total is None else f"says it has {total} bytes now"
            raise BadInput(Reason.SOURCE_CHANGED, f"the server {now}")
        if response.status == 412:
            raise BadInput(Reason.SOURCE_CHANGED, "the server has another version of it now")
        if response.status == 200:
            if response.content_length not in (None, self._resource.size_bytes):
                raise BadInput(Reason.SOURCE_CHANGED, f"it has {response.content_length} bytes now")
            raise BadInput(Reason.SOURCE_BAD_RANGES, "the server has stopped to answer with parts")
