"""Fetches ranges of one resource and checks that all responses have the version of the first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp
from yarl import URL

from streams.errors import BadInput, Reason
from streams.sources.http.client import HttpClient, check_response
from streams.sources.http.content_range import ContentRange, ResourceVersion, parse_content_range, size_of_unsatisfied

#: A server may send less than requested. More responses than these for one range are refused.
MAX_RESPONSES_PER_RANGE = 8


@dataclass(frozen=True, slots=True)
class Resource:
    """The resource that all ranges must come from. `url` is the last one after redirects."""

    url: URL
    version: ResourceVersion
    size_bytes: int


def range_header(begin: int, end: int) -> dict[str, str]:
    return {"Range": f"bytes={begin}-{end - 1}"}


async def read_range_body(response: aiohttp.ClientResponse, content_range: ContentRange) -> bytes:
    """The body of a 206 response, which must have exactly the bytes of its Content-Range header.

    Raises:
        BadInput: source_bad_ranges or source_unreachable.
    """
    length = content_range.end - content_range.begin
    if response.content_length not in (None, length):
        raise BadInput(
            Reason.SOURCE_BAD_RANGES, f"Content-Range has {length} bytes, Content-Length {response.content_length}"
        )
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > length:
            raise BadInput(
                Reason.SOURCE_BAD_RANGES, f"the server sends more than the {length} bytes of its Content-Range"
            )
    if len(body) < length:
        raise BadInput(Reason.SOURCE_UNREACHABLE, "the response broke off before its end")
    return bytes(body)


class RangeClient:
    """Fetches ranges of a resource, each within `timeout_s`. For one event loop.

    Attributes:
        fetched_bytes: the bytes received so far.
    """

    def __init__(self, http: HttpClient, resource: Resource, timeout_s: float) -> None:
        self._http = http
        self._resource = resource
        self._url = resource.url
        self._timeout_s = timeout_s
        self._headers = {"If-Range": resource.version.if_range} if resource.version.if_range else {}
        self.fetched_bytes = 0

    async def fetch(self, offset: int, length: int) -> bytes:
        """The bytes of a range, which must lie inside the resource.

        Raises:
            BadInput: source_changed, source_bad_ranges, or another of the source_ reasons.
        """
        parts: list[bytes] = []
        end = offset + length
        try:
            async with asyncio.timeout(self._timeout_s):
                while offset < end:
                    if len(parts) == MAX_RESPONSES_PER_RANGE:
                        raise BadInput(Reason.SOURCE_BAD_RANGES, "the server sends a range in too many pieces")
                    parts.append(await self._fetch_some(offset, end))
                    offset += len(parts[-1])
        except TimeoutError as error:
            raise BadInput(Reason.SOURCE_TIMEOUT, f"a range was not complete after {self._timeout_s:g} s") from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _fetch_some(self, begin: int, end: int) -> bytes:
        async with self._http.get(self._url, {**range_header(begin, end), **self._headers}) as response:
            self._check_version(response)
            check_response(response, (206,))
            content_range = parse_content_range(response.headers, begin, end)
            if content_range.total_bytes not in (None, self._resource.size_bytes):
                raise BadInput(Reason.SOURCE_CHANGED, f"the source has {content_range.total_bytes} bytes now")
            data = await read_range_body(response, content_range)
            self.fetched_bytes += len(data)
            self._url = response.url  # the target of a redirect that was added in the meantime
            return data

    def _check_version(self, response: aiohttp.ClientResponse) -> None:
        version = self._resource.version
        if response.status in (200, 206) and not version.may_equal(ResourceVersion.from_headers(response.headers)):
            raise BadInput(Reason.SOURCE_CHANGED, "the server has another version of the source now")
        if response.status == 416:
            size_bytes = size_of_unsatisfied(response.headers)
            now = "fewer bytes" if size_bytes is None else f"{size_bytes} bytes"
            raise BadInput(Reason.SOURCE_CHANGED, f"the source has {now} now")
        if response.status == 412:
            raise BadInput(Reason.SOURCE_CHANGED, "the server has another version of the source now")
        if response.status == 200:
            if response.content_length not in (None, self._resource.size_bytes):
                raise BadInput(Reason.SOURCE_CHANGED, f"the source has {response.content_length} bytes now")
            raise BadInput(Reason.SOURCE_BAD_RANGES, "the server no longer answers range requests with ranges")
