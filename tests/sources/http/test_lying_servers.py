"""Servers with wrong answers to range requests: every one has a reason, and no reader waits forever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from streams.errors import BadInput, Reason
from streams.sources.video.open_video import OpenVideo
from streams.sources.video.range_video import RangeVideo
from streams.sources.video.windows import block_bytes
from streams.sources.web import FIRST_RANGE_BYTES
from tests.support.fetchers import open_fetcher, refusal_reason, submission
from tests.support.film_server import FilmServer, film
from tests.support.web_servers import Servers

SIZE = 1 << 20
DATA = film(SIZE)
FIRST = (
    f"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-{FIRST_RANGE_BYTES - 1}/{SIZE}\r\n"
    f'Content-Length: {FIRST_RANGE_BYTES}\r\nETag: "one"\r\nConnection: close\r\n\r\n'
).encode() + DATA[:FIRST_RANGE_BYTES]
BLOCK_BYTES = block_bytes(SIZE)
ASKED = f"bytes {SIZE // 2}-{SIZE // 2 + BLOCK_BYTES - 1}/{SIZE}"
MIDDLE = DATA[SIZE // 2 : SIZE // 2 + BLOCK_BYTES]


def said(status: str, body: bytes, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


async def second_answer(servers: Servers, *answers: bytes, linger: bool = False) -> BadInput:
    """The error of a read in the middle, if the second and later requests are answered like this."""
    count = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        writer.write(FIRST if count == 0 else answers[min(count, len(answers)) - 1])
        count += 1
        await writer.drain()
        if linger and count > 1:
            await asyncio.sleep(60)

    url = await servers.raw(talk)
    async with (
        open_fetcher(source_allow="127.0.0.1", source_timeout_s=1.0) as fetcher,
        fetcher.open(submission(f"{url}/film.mp4")) as video,
    ):
        assert isinstance(video, RangeVideo)
        video.seek(SIZE // 2)
        with pytest.raises(BadInput) as refused:
            await asyncio.to_thread(video.read, 100)
        assert video.failure is refused.value
        return refused.value


CHUNKED = {"Content_Range": ASKED, "Transfer_Encoding": "chunked"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (said("206 Partial", MIDDLE, Content_Range=f"bytes 0-{BLOCK_BYTES - 1}/{SIZE}"), Reason.SOURCE_BAD_RANGES),
        (said("206 Partial", MIDDLE, Content_Range="bytes */*"), Reason.SOURCE_BAD_RANGES),
        (said("206 Partial", MIDDLE), Reason.SOURCE_BAD_RANGES),
        (said("206 Partial", MIDDLE, Content_Type="multipart/byteranges; boundary=b"), Reason.SOURCE_BAD_RANGES),
        (said("206 Partial", MIDDLE[:5], Content_Range=ASKED, Content_Length="5"), Reason.SOURCE_BAD_RANGES),
        (
            said("206 Partial", b"short", Content_Range=ASKED, Content_Length=str(BLOCK_BYTES)),
            Reason.SOURCE_UNREACHABLE,
        ),
        (said("206 Partial", b"short", Content_Range=ASKED), Reason.SOURCE_UNREACHABLE),
        (said("206 Partial", b"0\r\n\r\n", **CHUNKED), Reason.SOURCE_UNREACHABLE),
        (said("206 Partial", b"f0000\r\n" + bytes(0xF0000) + b"\r\n", **CHUNKED), Reason.SOURCE_BAD_RANGES),
        (said("206 Partial", MIDDLE, Content_Range=ASKED, Content_Encoding="gzip"), Reason.UNSUPPORTED_FORMAT),
        (said("206 Partial", MIDDLE, Content_Range=ASKED, ETag='"two"'), Reason.SOURCE_CHANGED),
        (said("206 Partial", MIDDLE, Content_Range=ASKED.replace(f"/{SIZE}", "/9999999")), Reason.SOURCE_CHANGED),
        (said("200 OK", DATA, ETag='"two"'), Reason.SOURCE_CHANGED),
        (said("200 OK", b"x", ETag='"one"', Content_Length="1"), Reason.SOURCE_CHANGED),
        (said("200 OK", DATA, ETag='"one"', Content_Length=str(SIZE)), Reason.SOURCE_BAD_RANGES),
        (said("416 No", b"", Content_Range="bytes */100", Content_Length="0"), Reason.SOURCE_CHANGED),
        (said("416 No", b"", Content_Length="0"), Reason.SOURCE_CHANGED),
        (said("412 No", b"", Content_Length="0"), Reason.SOURCE_CHANGED),
        (said("404 Gone", b"", Content_Length="0"), Reason.SOURCE_NOT_FOUND),
        (said("403 No", b"", Content_Length="0"), Reason.SOURCE_FORBIDDEN),
        (said("429 Slowly", b"", Content_Length="0"), Reason.SOURCE_HTTP_STATUS),
        (said("302 Away", b"", Location="http://10.0.0.1/", Content_Length="0"), Reason.SOURCE_REFUSED_ADDRESS),
        (said("302 Away", b"", Location="file:///etc/passwd", Content_Length="0"), Reason.SOURCE_REDIRECTS),
        (said("302 Away", b"", Location="/", Content_Length="0"), Reason.SOURCE_REDIRECTS),
        (b"no HTTP at all\r\n\r\n", Reason.SOURCE_UNREACHABLE),
        (b"", Reason.SOURCE_UNREACHABLE),
    ],
)
async def test_a_wrong_range_response_has_a_reason(servers: Servers, answer: bytes, reason: Reason) -> None:
    assert (await second_answer(servers, answer)).reason is reason


async def test_a_range_in_too_many_pieces_is_refused(servers: Servers) -> None:
    pieces = [
        said("206 Partial", MIDDLE[at : at + 1], Content_Range=f"bytes {SIZE // 2 + at}-{SIZE // 2 + at}/{SIZE}")
        for at in range(20)
    ]
    refused = await second_answer(servers, *pieces)
    assert refused.reason is Reason.SOURCE_BAD_RANGES
    assert "pieces" in refused.detail


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"HTTP/1.1 206 Par",
        said("206 Partial", b"", Content_Range=ASKED, Content_Length=str(BLOCK_BYTES)),
        said("206 Partial", MIDDLE, **CHUNKED),
        said("206 Partial", b"5\r\nabcde\r\n", **CHUNKED),
    ],
)
async def test_an_answer_that_never_ends_is_a_timeout(servers: Servers, beginning: bytes) -> None:
    refused = await second_answer(servers, beginning, linger=True)
    # Plain bytes in place of chunks are not a valid response.
    assert refused.reason in (Reason.SOURCE_TIMEOUT, Reason.SOURCE_UNREACHABLE)


async def test_the_rest_of_a_short_range_is_requested_again(servers: Servers) -> None:
    """A server may send less than the requested range."""
    server = FilmServer(DATA)

    async def some(request: web.Request) -> web.StreamResponse:
        asked = request.headers["Range"]
        first, last = (int(number) for number in asked.removeprefix("bytes=").split("-"))
        last = min(last, first + BLOCK_BYTES // 3)
        server.requests.append(asked)
        headers = {"Content-Range": f"bytes {first}-{last}/{SIZE}", "ETag": '"one"'}
        return web.Response(status=206, body=DATA[first : last + 1], headers=headers)

    url = await servers.web({"/film.mp4": some})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher, fetcher.open(submission(f"{url}/film.mp4")) as video:
        assert isinstance(video, OpenVideo)
        video.seek(SIZE // 2)
        assert await asyncio.to_thread(video.read, BLOCK_BYTES) == MIDDLE
        assert len(server.requests) == 4


async def test_a_changed_source_is_detected_with_and_without_if_range(servers: Servers) -> None:
    for headers in ({"ETag": '"one"'}, {"ETag": 'W/"one"'}, {"Last-Modified": "Sat, 31 Jan 2026 09:30:00 GMT"}):
        server = FilmServer(DATA, headers=dict(headers))
        later = {"ETag": '"two"'} if "ETag" in headers else {"Last-Modified": "Sat, 31 Jan 2026 09:31:00 GMT"}

        def change(number: int, server: FilmServer = server, later: dict[str, str] = later) -> None:
            if number == 2:
                server.headers = later
                server.data = film(SIZE, seed=1)

        server.change = change
        url = await servers.web({"/film.mp4": server.answer})
        async with (
            open_fetcher(source_allow="127.0.0.1") as fetcher,
            fetcher.open(submission(f"{url}/film.mp4")) as video,
        ):
            assert isinstance(video, OpenVideo)
            video.seek(SIZE // 2)
            assert await asyncio.to_thread(video.read, 100) == DATA[SIZE // 2 : SIZE // 2 + 100]
            video.seek(SIZE - 100)
            with pytest.raises(BadInput) as refused:
                await asyncio.to_thread(video.read, 100)
            assert refused.value.reason is Reason.SOURCE_CHANGED


# The first response.


def first_answer(answer: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return talk


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (said("206 Partial", MIDDLE, Content_Range=ASKED), Reason.SOURCE_BAD_RANGES),
        (said("206 Partial", MIDDLE), Reason.SOURCE_BAD_RANGES),
        (said("206 Partial", DATA, Content_Range=f"bytes 0-{SIZE - 1}/{SIZE}"), Reason.SOURCE_BAD_RANGES),
        (said("206 Partial", DATA, Content_Range=f"bytes 0-9/{SIZE}"), Reason.SOURCE_BAD_RANGES),
        (said("206 Partial", b"", Content_Range=f"bytes 0-9/{SIZE}"), Reason.SOURCE_UNREACHABLE),
        (said("206 Partial", DATA[:10], Content_Range="bytes 0-9/99999999999999"), Reason.SOURCE_BAD_RANGES),
        (said("416 No", b"", Content_Range="bytes */0", Content_Length="0"), Reason.SOURCE_EMPTY),
        (said("200 OK", b"", Content_Length="0"), Reason.SOURCE_EMPTY),
        (said("200 OK", DATA, Content_Encoding="br"), Reason.UNSUPPORTED_FORMAT),
        (said("200 OK", DATA[:5000], Content_Length="6000"), Reason.SOURCE_UNREACHABLE),
        (said("200 OK", DATA[:5000], Content_Length="99999999999999"), Reason.SOURCE_TOO_LARGE),
        (said("404 Gone", b"", Content_Length="0"), Reason.SOURCE_NOT_FOUND),
        (said("503 Later", b"", Content_Length="0"), Reason.SOURCE_HTTP_STATUS),
    ],
)
async def test_a_wrong_first_response_has_a_reason(servers: Servers, answer: bytes, reason: Reason) -> None:
    url = await servers.raw(first_answer(answer))
    async with open_fetcher(source_allow="127.0.0.1") as fetcher:
        assert await refusal_reason(fetcher, f"{url}/film.mp4") is reason


@asynccontextmanager
async def endless(servers: Servers) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(DATA)
        while True:
            await response.write(bytes(100_000))

    yield f"{await servers.web({'/film.mp4': answer})}/film.mp4"


async def test_an_endless_download_ends_at_the_limit(servers: Servers) -> None:
    async with (
        endless(servers) as url,
        open_fetcher(source_allow="127.0.0.1", video_spool_max_bytes=8 << 20) as fetcher,
    ):
        assert await refusal_reason(fetcher, url) is Reason.SOURCE_TOO_LARGE


async def test_a_download_that_trickles_is_a_timeout(servers: Servers) -> None:
    server = FilmServer(DATA, ranges=False, pause_s=0.1)
    url = await servers.web({"/film.mp4": server.answer})
    async with open_fetcher(source_allow="127.0.0.1", video_timeout_s=0.5) as fetcher:
        assert await refusal_reason(fetcher, f"{url}/film.mp4") is Reason.SOURCE_TIMEOUT


async def test_a_download_that_stalls_is_a_timeout(servers: Servers) -> None:
    server = FilmServer(DATA, ranges=False, pause_s=60)
    url = await servers.web({"/film.mp4": server.answer})
    async with open_fetcher(source_allow="127.0.0.1", source_timeout_s=0.3) as fetcher:
        assert await refusal_reason(fetcher, f"{url}/film.mp4") is Reason.SOURCE_TIMEOUT
