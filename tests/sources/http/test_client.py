"""http and https: hostile and broken servers, and the reasons that their sources are refused for."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest
from aiohttp import web

from streams.errors import Reason
from streams.sources.fetch import SourceFetcher
from tests.support.fetchers import fetch_bytes, open_fetcher, refusal_reason
from tests.support.media import jpeg
from tests.support.web_servers import Handler, Servers

PHOTO = jpeg(size=(160, 120))


def responds(body: bytes = b"", status: int = 200, **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=named)

    return handler


async def test_a_photo_is_fetched(servers: Servers, fetcher: SourceFetcher) -> None:
    url = await servers.web({"/a b.jpg": responds(PHOTO)})
    assert await fetch_bytes(fetcher, f"{url}/a b.jpg?width=1#top") == PHOTO
    assert fetcher.reserved_bytes == 0


async def test_nothing_of_the_environment_is_sent(
    servers: Servers, fetcher: SourceFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return web.Response(body=PHOTO, headers={"Set-Cookie": "id=1; Path=/"})

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    url = await servers.web({"/": handler})
    await fetch_bytes(fetcher, url)
    await fetch_bytes(fetcher, url)
    assert seen[0]["Accept-Encoding"] == "identity"
    assert not {"Cookie", "Referer", "Authorization"} & {name for headers in seen for name in headers}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, Reason.SOURCE_NOT_FOUND),
        (410, Reason.SOURCE_NOT_FOUND),
        (401, Reason.SOURCE_FORBIDDEN),
        (403, Reason.SOURCE_FORBIDDEN),
        (400, Reason.SOURCE_HTTP_STATUS),
        (429, Reason.SOURCE_HTTP_STATUS),
        (500, Reason.SOURCE_HTTP_STATUS),
        (503, Reason.SOURCE_HTTP_STATUS),
        (206, Reason.SOURCE_HTTP_STATUS),
        (304, Reason.SOURCE_HTTP_STATUS),
    ],
)
async def test_a_status_is_a_reason(servers: Servers, fetcher: SourceFetcher, status: int, reason: Reason) -> None:
    url = await servers.web({"/": responds(b"" if status == 304 else PHOTO, status)})
    assert await refusal_reason(fetcher, url) is reason


async def test_an_empty_response_is_refused(servers: Servers, fetcher: SourceFetcher) -> None:
    assert await refusal_reason(fetcher, await servers.web({"/": responds(b"")})) is Reason.SOURCE_EMPTY


async def test_sizes_up_to_the_limit_are_fetched_declared_or_not(servers: Servers, fetcher: SourceFetcher) -> None:
    async def chunked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(int(request.query["pieces"])):
            await response.write(bytes(1000))
        return response

    url = await servers.web(
        {"/whole": responds(bytes(100_000)), "/more": responds(bytes(100_001)), "/chunked": chunked}
    )
    assert len(await fetch_bytes(fetcher, f"{url}/whole")) == 100_000
    assert len(await fetch_bytes(fetcher, f"{url}/chunked?pieces=100")) == 100_000
    assert await refusal_reason(fetcher, f"{url}/more") is Reason.SOURCE_TOO_LARGE
    assert await refusal_reason(fetcher, f"{url}/chunked?pieces=101") is Reason.SOURCE_TOO_LARGE


async def test_an_endless_body_is_cut_off_at_the_limit(servers: Servers, fetcher: SourceFetcher) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(10_000))
            sent += 10_000

    assert await refusal_reason(fetcher, await servers.web({"/": endless})) is Reason.SOURCE_TOO_LARGE
    await asyncio.sleep(0.1)
    assert sent < 20_000_000


async def test_a_compressed_body_is_not_unpacked(servers: Servers, fetcher: SourceFetcher) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    url = await servers.web({"/": responds(bomb, Content_Encoding="gzip")})
    assert await refusal_reason(fetcher, url) is Reason.UNSUPPORTED_FORMAT


HANG = [
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
    b"HTTP/1.1 100\r\n\r\n",
]


@pytest.mark.parametrize("beginning", HANG, ids=["before", "in head", "before body", "continue"])
async def test_a_server_that_stops_talking_is_a_timeout(servers: Servers, beginning: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        await asyncio.sleep(60)

    url = await servers.raw(talk)
    async with open_fetcher(source_allow="127.0.0.1", source_timeout_s=0.3) as fetcher:
        assert await refusal_reason(fetcher, url) is Reason.SOURCE_TIMEOUT


@pytest.mark.parametrize(
    ("beginning", "trickle"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: x\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
    ids=["body", "chunks", "headers", "hints"],
)
async def test_a_server_that_trickles_is_a_timeout(servers: Servers, beginning: bytes, trickle: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while True:
            writer.write(trickle)
            await writer.drain()
            await asyncio.sleep(0.02)

    url = await servers.raw(talk)
    async with open_fetcher(source_allow="127.0.0.1", source_timeout_s=0.4) as fetcher:
        assert await refusal_reason(fetcher, url) is Reason.SOURCE_TIMEOUT


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\xd8\xff no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ntoo short",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 20000 OK\r\n\r\n",
    ],
)
async def test_broken_answers_are_unreachable_sources(servers: Servers, fetcher: SourceFetcher, said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    assert await refusal_reason(fetcher, await servers.raw(talk)) is Reason.SOURCE_UNREACHABLE


async def test_nobody_listening_is_unreachable(fetcher: SourceFetcher) -> None:
    assert await refusal_reason(fetcher, "http://127.0.0.1:1/") is Reason.SOURCE_UNREACHABLE


async def test_a_certificate_nobody_signed_is_not_accepted(servers: Servers, fetcher: SourceFetcher) -> None:
    url = await servers.web({"/": responds(PHOTO)})
    assert await refusal_reason(fetcher, url.replace("http:", "https:")) is Reason.SOURCE_UNREACHABLE


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://", Reason.BAD_URL),
        ("http:///a.jpg", Reason.BAD_URL),
        ("http://127.0.0.1:99999/", Reason.BAD_URL),
        ("http://127.0.0.1:x/", Reason.BAD_URL),
        ("http://[::1", Reason.BAD_URL),
        ("http://a..b/", Reason.BAD_URL),
        ("http://" + "a" * 300 + "/", Reason.BAD_URL),
        ("ftp://127.0.0.1/a.jpg", Reason.UNSUPPORTED_SCHEME),
        ("data:image/png;base64,AAAA", Reason.UNSUPPORTED_SCHEME),
        ("javascript:1", Reason.UNSUPPORTED_SCHEME),
        ("a.jpg", Reason.UNSUPPORTED_SCHEME),
    ],
)
async def test_an_invalid_url_is_refused(fetcher: SourceFetcher, url: str, reason: Reason) -> None:
    assert await refusal_reason(fetcher, url) is reason


async def test_redirects_are_followed_up_to_the_limit(servers: Servers) -> None:
    async def hop(request: web.Request) -> web.Response:
        left = int(request.query["left"])
        if not left:
            return web.Response(body=PHOTO)
        status = (301, 302, 303, 307, 308)[left % 5]
        return web.Response(status=status, headers={"Location": f"?left={left - 1}"}, body=bytes(50_000))

    url = await servers.web({"/hop": hop})
    async with open_fetcher(source_allow="127.0.0.1", source_max_redirects=3) as fetcher:
        assert await fetch_bytes(fetcher, f"{url}/hop?left=3") == PHOTO
        assert await refusal_reason(fetcher, f"{url}/hop?left=4") is Reason.SOURCE_REDIRECTS


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("file:///etc/passwd", Reason.SOURCE_REDIRECTS),
        ("ftp://127.0.0.1/", Reason.SOURCE_REDIRECTS),
        ("http://[::1", Reason.SOURCE_REDIRECTS),
        ("", Reason.SOURCE_REDIRECTS),
        ("/circle", Reason.SOURCE_REDIRECTS),
        ("http://user:pw@127.0.0.1/", Reason.BAD_URL),
        ("http://10.0.0.1/", Reason.SOURCE_REFUSED_ADDRESS),
        ("http://169.254.169.254/latest/meta-data/", Reason.SOURCE_REFUSED_ADDRESS),
        ("http://2130706433/", Reason.SOURCE_REFUSED_ADDRESS),
        ("http://[::ffff:127.0.0.2]/", Reason.SOURCE_REFUSED_ADDRESS),
    ],
)
async def test_every_hop_is_checked_like_the_first(
    servers: Servers, fetcher: SourceFetcher, location: str, reason: Reason
) -> None:
    url = await servers.web({"/circle": responds(b"", 302, Location=location)})
    assert await refusal_reason(fetcher, f"{url}/circle") is reason


def test_a_redirect_from_https_to_http_is_refused() -> None:
    from yarl import URL

    from streams.errors import BadInput
    from streams.sources.http.client import _next_hop

    assert _next_hop(URL("http://a/x"), "https://b/y") == URL("https://b/y")
    with pytest.raises(BadInput, match="https to http"):
        _next_hop(URL("https://a/x"), "http://a/x")
