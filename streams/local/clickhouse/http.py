"""ClickHouse's HTTP interface in front of the embedded engine, as far as clickhouse-connect, curl and the like use it.

Format, settings and error semantics follow https://clickhouse.com/docs/interfaces/http. Not there: external tables,
ClickHouse's native block compression (`compress=1`), `client_protocol_version` (clickhouse-connect finds that out and
does without), streaming of results. How statements run is in engine.py.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
import json
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import cramjam
from aiohttp import web

from streams.local.clickhouse.engine import SYNTAX_ERROR, Answer, Engine, EngineError, Request
from streams.local.clickhouse.sql import read_statement

MAX_BODY_BYTES = 1 << 30
READ_THREADS = 4
WRITE_THREADS = 2
SWEEP_S = 5.0
MAX_WAIT_S = 30.0
#: URL parameters of the protocol itself; everything else is a setting of the engine.
PROTOCOL_PARAMETERS: Final = frozenset(
    {"buffer_size", "client_protocol_version", "compress", "database", "decompress", "default_format", "password"}
    | {"query", "query_id", "quota_key", "role", "session_check", "session_id", "session_timeout", "stacktrace"}
    | {"user", "wait_end_of_query"}
)
#: Settings about HTTP that this front does not act on.
HTTP_SETTINGS: Final = frozenset(
    {"add_http_cors_header", "cancel_http_readonly_queries_on_client_close", "enable_http_compression"}
    | {"http_headers_progress_interval_ms", "send_progress_in_http_headers"}
)
#: As exceptionCodeToHTTPStatus in ClickHouse's server; other codes are 500.
STATUS_OF_CODE: Final = {
    **dict.fromkeys((6, 27, 38, 41, 43, 53, 62, 69, 70, 72, 117, 130, 372, 373, 386, 457), 400),
    **dict.fromkeys((192, 193, 291, 497, 516), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 81, 115), 404),
    48: 501,
    159: 408,
    161: 413,
    164: 403,
    194: 401,
}
CONTENT_TYPES: Final = {
    "JSON": "application/json; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "Pretty": "text/plain; charset=UTF-8",
    "Vertical": "text/plain; charset=UTF-8",
}
DECOMPRESS: Final[Mapping[str, Callable[[bytes], object]]] = {
    "gzip": cramjam.gzip.decompress,
    "deflate": cramjam.zlib.decompress,
    "lz4": cramjam.lz4.decompress,
    "zstd": cramjam.zstd.decompress,
    "br": cramjam.brotli.decompress,
}


class ClickHouseHttp:
    """The application on one engine.

    Args:
        password: what users must give; none is asked for when empty.
        hosts: names in a Host header that are served besides loopback addresses, against DNS rebinding.
    """

    def __init__(self, engine: Engine, *, password: str = "", hosts: frozenset[str] = frozenset()) -> None:
        self._engine = engine
        self._password = password
        self._hosts = hosts | {"localhost"}
        # Writers have threads of their own: readers who take long never hold up a sink, nor the other way round.
        self._readers = ThreadPoolExecutor(READ_THREADS, "read")
        self._free_readers = asyncio.Semaphore(READ_THREADS)
        self._writers = ThreadPoolExecutor(WRITE_THREADS, "write")

    def application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/ping", self._ping)
        app.router.add_get("/replicas_status", self._ping)
        app.router.add_route("*", "/", self._query)
        app.cleanup_ctx.append(self._sweep_sessions)
        app.on_cleanup.append(self._close)
        return app

    async def _ping(self, _: web.Request) -> web.Response:
        return web.Response(text="Ok.\n")

    async def _sweep_sessions(self, _: web.Application):  # type: ignore[no-untyped-def]
        async def sweep() -> None:
            while True:
                await asyncio.sleep(SWEEP_S)
                self._engine.close_expired_sessions()

        task = asyncio.create_task(sweep())
        yield
        task.cancel()

    async def _close(self, _: web.Application) -> None:
        for pool in (self._readers, self._writers):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    async def _query(self, http: web.Request) -> web.Response:
        query_id = http.query.get("query_id") or str(uuid.uuid4())
        headers = {"X-ClickHouse-Query-Id": query_id, "X-ClickHouse-Timezone": self._engine.timezone}
        try:
            self._check_caller(http)
            request = await self._read(http)
            if request is None:
                return web.Response(text="Ok.\n", headers=headers)
            answer = await (self._run_read(request) if request.statement.is_read else self._run_write(request))
        except EngineError as error:
            text = f"{error} (version {self._engine.version} (embedded))\n"
            headers["X-ClickHouse-Exception-Code"] = str(error.code)
            return web.Response(status=STATUS_OF_CODE.get(error.code, 500), text=text, headers=headers)
        headers["X-ClickHouse-Summary"] = _summary(answer)
        headers["Content-Type"] = CONTENT_TYPES.get(answer.format, "application/octet-stream")
        if answer.format:
            headers["X-ClickHouse-Format"] = answer.format
        return web.Response(body=answer.body, headers=headers)

    async def _run_read(self, request: Request) -> Answer:
        try:
            await asyncio.wait_for(self._free_readers.acquire(), MAX_WAIT_S)
        except TimeoutError as error:
            raise EngineError.of(202, "Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)") from error
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._engine.run, request)
        finally:
            self._free_readers.release()

    async def _run_write(self, request: Request) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._engine.run, request)

    async def _read(self, http: web.Request) -> Request | None:
        """The engine's request, None for a bare GET /."""
        url = dict(http.query)
        if http.content_type == "multipart/form-data":
            form = await http.post()
            if not all(isinstance(value, str) for value in form.values()):
                raise EngineError.of(48, "The embedded engine takes no external tables. (NOT_IMPLEMENTED)")
            url.update((name, value) for name, value in form.items() if isinstance(value, str))
            body = b""
        else:
            body = await self._body(http, url)
        if url.get("compress", "0") != "0" or url.get("decompress", "0") != "0":
            raise EngineError.of(48, "The embedded engine has no native block compression. (NOT_IMPLEMENTED)")
        in_url = url.get("query", "").encode()
        query = in_url + b"\n" + body if in_url and body else in_url or body
        if not query.strip():
            if http.method == "GET":
                return None
            raise EngineError.of(SYNTAX_ERROR, "Empty query. (SYNTAX_ERROR)")
        return Request(
            statement=read_statement(query),
            default_format=url.get("default_format") or http.headers.get("X-ClickHouse-Format") or "TabSeparated",
            database=url.get("database") or http.headers.get("X-ClickHouse-Database") or "",
            settings={
                name: value
                for name, value in url.items()
                if name not in PROTOCOL_PARAMETERS and name not in HTTP_SETTINGS and not name.startswith("param_")
            },
            parameters={name[6:]: value for name, value in url.items() if name.startswith("param_")},
            readonly=http.method == "GET",
            session_id=url.get("session_id", ""),
            session_timeout_s=_seconds(url.get("session_timeout", "60")),
            session_check=url.get("session_check") == "1",
        )

    async def _body(self, http: web.Request, url: Mapping[str, str]) -> bytes:
        try:
            body = await http.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise EngineError.of(161, f"More than {MAX_BODY_BYTES} bytes. (QUERY_IS_TOO_LARGE)") from error
        encoding = http.headers.get("Content-Encoding", "identity").lower()
        if encoding == "identity" or not body:
            return body
        decompress = DECOMPRESS.get(encoding)
        if decompress is None:
            raise EngineError.of(48, f"Unknown Content-Encoding {encoding!r}. (NOT_IMPLEMENTED)")
        try:
            return await asyncio.to_thread(lambda: bytes(decompress(body)))  # type: ignore[call-overload]
        except cramjam.DecompressionError as error:
            raise EngineError.of(271, f"The body is no {encoding}: {error} (CANNOT_DECOMPRESS)") from error

    def _check_caller(self, http: web.Request) -> None:
        """Keep out web pages that reach for a port of this machine, and whoever lacks the password."""
        host = http.url.host or ""
        if not (host in self._hosts or _is_loopback(host)) or http.headers.get("Sec-Fetch-Site") == "cross-site":
            raise EngineError.of(497, "This server does not answer to other hosts or web pages. (ACCESS_DENIED)")
        if self._password and not hmac.compare_digest(_given_password(http).encode(), self._password.encode()):
            raise EngineError.of(516, "Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)")


def _summary(answer: Answer) -> str:
    counts = {
        "read_rows": answer.read_rows,
        "read_bytes": 0,
        "written_rows": answer.written_rows,
        "written_bytes": 0,
        "total_rows_to_read": 0,
        "result_rows": answer.result_rows or answer.written_rows,
        "result_bytes": len(answer.body),
        "elapsed_ns": answer.elapsed_ns,
    }
    return json.dumps({name: str(count) for name, count in counts.items()}, separators=(",", ":"))


def _given_password(http: web.Request) -> str:
    authorization = http.headers.get("Authorization", "")
    if authorization.startswith("Basic "):
        with suppress(binascii.Error, UnicodeDecodeError):
            return base64.b64decode(authorization[6:]).decode().partition(":")[2]
    return http.headers.get("X-ClickHouse-Key") or http.query.get("password", "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 60.0
