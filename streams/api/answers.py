"""Answers as JSON: values of services as they are, with an ETag, and lines of JSON for long lists."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice
from typing import Any, Final

import orjson
from clickhouse_connect.driver.client import Client
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from streams.api.thumbnails import with_thumbnails

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
        value: a value, or its JSON.
        max_age_s: for how long a client need not ask again.
    """
    body = value if isinstance(value, bytes) else to_json(with_thumbnails(request, value))
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    control = f"private, max-age={max_age_s}" if max_age_s else "private, no-cache"
    headers = {"ETag": tag, "Cache-Control": control, "Vary": "Authorization, X-API-Key"}
    if any(known.strip().removeprefix("W/") == tag for known in request.headers.get("if-none-match", "").split(",")):
        return Response(None, 304, headers)
    return Response(body, 200, headers, JSON)


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
