"""Answers as JSON: values of services as they are, with an ETag, and lines of JSON for long lists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice
from typing import Any, Final

import orjson
from clickhouse_connect.driver.client import Client
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from streams.api.thumbnails import with_thumbnails
from streams.cache import KeptAnswer
from streams.cache.entry import etag_of

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
PAGE_ROWS: Final = 1000
OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def to_json(value: Any) -> bytes:
    return orjson.dumps(value, option=OPTIONS)


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer that nobody keeps."""
    body = value if isinstance(value, bytes) else to_json(value)
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, JSON)


def cached_answer(request: Request, value: Any, *, max_age_s: int = 0) -> Response:
    """An answer with an ETag: a client that has it already gets 304 without a body.

    Args:
        request: whose If-None-Match counts.
        value: a value, its JSON, or an answer that is kept.
        max_age_s: for how long a client need not ask again.
    """
    if isinstance(value, KeptAnswer):
        tag = value.etag
    else:
        value = value if isinstance(value, bytes) else to_json(with_thumbnails(request, value))
        tag = etag_of(value)
    control = f"private, max-age={max_age_s}" if max_age_s else "private, no-cache"
    headers = {"ETag": tag, "Cache-Control": control, "Vary": "Authorization, X-API-Key"}
    if any(known.strip().removeprefix("W/") == tag for known in request.headers.get("if-none-match", "").split(",")):
        return Response(None, 304, headers)
    if isinstance(value, KeptAnswer):
        return kept_answer(request, value, headers)
    return Response(value, 200, headers, JSON)


def kept_answer(request: Request, kept: KeptAnswer, headers: dict[str, str] | None = None) -> Response:
    """A kept answer with these headers, by default with none that lets a client keep it; compressed as it is kept if
    the client takes that.
    """
    sent = {"Cache-Control": "no-store"} if headers is None else headers
    if kept.is_compressed and _takes_zstd(request.headers.get("accept-encoding", "")):
        vary = ", ".join(filter(None, (sent.get("Vary"), "Accept-Encoding")))
        return Response(kept.body, 200, {**sent, "Content-Encoding": "zstd", "Vary": vary}, JSON)
    return Response(kept.json(), 200, sent, JSON)


def _takes_zstd(accept_encoding: str) -> bool:
    offers = (offer.partition(";") for offer in accept_encoding.lower().split(","))
    return any(name.strip() == "zstd" and "q=0" not in more.replace("q=0.", "") for name, _, more in offers)


async def lines_of(
    run: Callable[..., Awaitable[Any]],
    read: Callable[[Client], Iterator[Any]],
    last_line: bytes = b'{"complete":true}\n',
) -> AsyncIterator[bytes]:
    """Values that a question reads page by page, as lines of JSON.

    Args:
        run: of a `QueryPool`.
        read: returns an iterator that asks ClickHouse as it goes on.
        last_line: without it the stream broke off. Errors of the first page are raised here.
    """
    rows: Iterator[Any] | None = None

    def next_rows(client: Client) -> list[Any]:
        nonlocal rows
        rows = read(client) if rows is None else rows
        return list(islice(rows, PAGE_ROWS))

    first = await run(next_rows)

    async def lines() -> AsyncIterator[bytes]:
        page = first
        while page:
            yield b"".join(to_json(row) + b"\n" for row in page)
            page = await run(next_rows)
        yield last_line

    return lines()


def lines_answer(lines: AsyncIterator[bytes]) -> Response:
    """Lines of JSON as they are made; a client that reads slowly slows the making."""
    return StreamingResponse(lines, 200, {"Cache-Control": "no-store"}, NDJSON)
