"""ClickHouse's HTTP interface to the embedded engine: the parts that clickhouse-connect, curl and similar clients use.

Formats, settings and errors follow https://clickhouse.com/docs/interfaces/http. Missing are external tables,
ClickHouse's native block compression (`compress=1`), streaming of results, and `client_protocol_version`, which
clickhouse-connect notices. engine.py runs the statements.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import cramjam
from aiohttp import web

from streams.local.clickhouse.engine import Engine, EngineRequest, EngineResponse
from streams.local.clickhouse.engine_error import EngineError, ErrorCode
from streams.local.clickhouse.sql import read_statement

MAX_BODY_BYTES = 1 << 30
READ_THREADS = 4
WRITE_THREADS = 2
SWEEP_S = 5.0
MAX_WAIT_S = 30.0
#: URL parameters of the protocol; every other parameter is a setting of the engine.
PROTOCOL_PARAMETERS: Final = frozenset(
    {"buffer_size", "client_protocol_version", "compress", "database", "decompress", "default_format", "password"}
    | {"query", "query_id", "quota_key", "role", "session_check", "session_id", "session_timeout", "stacktrace"}
    | {"user", "wait_end_of_query"}
)
#: Settings about HTTP that are ignored here.
HTTP_SETTINGS: Final = frozenset(
    {"add_http_cors_header", "cancel_http_readonly_queries_on_client_close", "enable_http_compression"}
    | {"http_headers_progress_interval_ms", "send_progress_in_http_headers"}
)
#: HTTP status by error code, as exceptionCodeToHTTPStatus in ClickHouse's server; other codes are 500.
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
    """The HTTP interface to one engine.

    Args:
        password: users must send it; if empty, users need none.
        hosts: the only names that a Host header may have, besides localhost and loopback addresses: a guard against
            DNS rebinding.
    """

    def __init__(self, engine: Engine, *, password: str = "", hosts: frozenset[str] = frozenset()) -> None:
        self._engine = engine
        self._password = password
        self._hosts = hosts | {"localhost"}
        # Reads and writes have separate threads, so that long queries never delay a sink, nor inserts a reader.
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

    async def _sweep_sessions(self, _: web.Application) -> AsyncIterator[None]:
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

    async def _query(self, http_request: web.Request) -> web.Response:
        query_id = http_request.query.get("query_id") or str(uuid.uuid4())
        headers = {"X-ClickHouse-Query-Id": query_id, "X-ClickHouse-Timezone": self._engine.timezone}
        try:
            self._check_client(http_request)
            request = await self._read_request(http_request)
            if request is None:
                return web.Response(text="Ok.\n", headers=headers)
            response = await (self._run_read(request) if request.statement.is_read else self._run_write(request))
        except EngineError as error:
            text = f"{error} (version {self._engine.version} (embedded))\n"
            headers["X-ClickHouse-Exception-Code"] = str(error.code)
            return web.Response(status=STATUS_OF_CODE.get(error.code, 500), text=text, headers=headers)
        headers["X-ClickHouse-Summary"] = _summary(response)
        headers["Content-Type"] = CONTENT_TYPES.get(response.format, "application/octet-stream")
        if response.format:
            headers["X-ClickHouse-Format"] = response.format
        return web.Response(body=response.body, headers=headers)

    async def _run_read(self, request: EngineRequest) -> EngineResponse:
        try:
            await asyncio.wait_for(self._free_readers.acquire(), MAX_WAIT_S)
        except TimeoutError as error:
            raise EngineError.of(ErrorCode.TOO_MANY_SIMULTANEOUS_QUERIES, "Too many simultaneous queries.") from error
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._engine.run, request)
        finally:
            self._free_readers.release()

    async def _run_write(self, request: EngineRequest) -> EngineResponse:
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._engine.run, request)

    async def _read_request(self, http_request: web.Request) -> EngineRequest | None:
        """The request for the engine; None for a GET / without a query."""
        url = dict(http_request.query)
        if http_request.content_type == "multipart/form-data":
            form = await http_request.post()
            if not all(isinstance(value, str) for value in form.values()):
                raise EngineError.of(ErrorCode.NOT_IMPLEMENTED, "The embedded engine has no external tables.")
            url.update((name, value) for name, value in form.items() if isinstance(value, str))
            body = b""
        else:
            body = await self._read_body(http_request)
        if url.get("compress", "0") != "0" or url.get("decompress", "0") != "0":
            raise EngineError.of(ErrorCode.NOT_IMPLEMENTED, "The embedded engine has no native block compression.")
        url_query = url.get("query", "").encode()
        query = url_query + b"\n" + body if url_query and body else url_query or body
        if not query.strip():
            if http_request.method == "GET":
                return None
            raise EngineError.of(ErrorCode.SYNTAX_ERROR, "Empty query.")
        return EngineRequest(
            statement=read_statement(query),
            default_format=url.get("default_format")
            or http_request.headers.get("X-ClickHouse-Format")
            or "TabSeparated",
            database=url.get("database") or http_request.headers.get("X-ClickHouse-Database") or "",
            settings={
                name: value
                for name, value in url.items()
                if name not in PROTOCOL_PARAMETERS and name not in HTTP_SETTINGS and not name.startswith("param_")
            },
            parameters={name[6:]: value for name, value in url.items() if name.startswith("param_")},
            readonly=http_request.method == "GET",
            session_id=url.get("session_id", ""),
            session_timeout_s=_seconds(url.get("session_timeout", "60")),
            session_check=url.get("session_check") == "1",
        )

    async def _read_body(self, http_request: web.Request) -> bytes:
        try:
            body = await http_request.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise EngineError.of(ErrorCode.QUERY_IS_TOO_LARGE, f"More than {MAX_BODY_BYTES} bytes.") from error
        encoding = http_request.headers.get("Content-Encoding", "identity").lower()
        if encoding == "identity" or not body:
            return body
        decompress = DECOMPRESS.get(encoding)
        if decompress is None:
            raise EngineError.of(ErrorCode.NOT_IMPLEMENTED, f"Unknown Content-Encoding {encoding!r}.")
        try:
            return await asyncio.to_thread(lambda: bytes(decompress(body)))  # type: ignore[call-overload]
        except cramjam.DecompressionError as error:
            raise EngineError.of(ErrorCode.CANNOT_DECOMPRESS, f"The body is not valid {encoding}: {error}") from error

    def _check_client(self, http_request: web.Request) -> None:
        """Refuse web pages that reach for a port of this machine, and clients without the password."""
        host = http_request.url.host or ""
        if (
            not (host in self._hosts or _is_loopback(host))
            or http_request.headers.get("Sec-Fetch-Site") == "cross-site"
        ):
            raise EngineError.of(ErrorCode.ACCESS_DENIED, "This server does not answer to other hosts or web pages.")
        if self._password and not hmac.compare_digest(_sent_password(http_request).encode(), self._password.encode()):
            raise EngineError.of(ErrorCode.AUTHENTICATION_FAILED, "Authentication failed: password is incorrect.")


def _summary(response: EngineResponse) -> str:
    counts = {
        "read_rows": response.read_rows,
        "read_bytes": 0,
        "written_rows": response.written_rows,
        "written_bytes": 0,
        "total_rows_to_read": 0,
        "result_rows": response.result_rows or response.written_rows,
        "result_bytes": len(response.body),
        "elapsed_ns": response.elapsed_ns,
    }
    return json.dumps({name: str(count) for name, count in counts.items()}, separators=(",", ":"))


def _sent_password(http_request: web.Request) -> str:
    authorization = http_request.headers.get("Authorization", "")
    if authorization.startswith("Basic "):
        with suppress(binascii.Error, UnicodeDecodeError):
            return base64.b64decode(authorization[6:]).decode().partition(":")[2]
    return http_request.headers.get("X-ClickHouse-Key") or http_request.query.get("password", "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 60.0
