"""One request to a moderator: within limits of time and size, without redirects.

A redirect could lead the API key, and the worker, to a private address. So none is followed: the file names the final
URL. The host that the file names may be private, since the operator wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
import orjson

from streams.errors import BadInput, Reason
from streams.moderation.callbacks import PATH
from streams.moderation.moderator import ModeratorFailure

CALLBACK_REGEX: Final = re.compile(re.escape(PATH) + r"[\w-]+")
MAX_RESPONSE_BYTES: Final = 4 << 20
MAX_RETRY_AFTER_S: Final = 3600.0
MAX_QUOTED_CHARS: Final = 200
HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "mediasieve"}

#: The moderator does not take this medium, now or later. All other errors are the service's or the configuration's.
REFUSED: Final = frozenset({400, 406, 409, 410, 411, 413, 414, 415, 416, 422, 451})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body."""

    name: str
    value: str | bytes
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """The request to send. At most one of `json`, `parts` and `body` is set."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    json: Any = None
    parts: tuple[Part, ...] = ()
    body: bytes | None = field(default=None, repr=False)


class ModeratorClient:
    """Sends requests. Ignores proxies, cookies and credentials of the environment.

    Args:
        timeout_s: of one request.
        secrets: are masked where a response is quoted, as addresses for callbacks are: a service may echo its request.
    """

    def __init__(self, timeout_s: float, secrets: Sequence[str] = ()) -> None:
        self._timeout_s = timeout_s
        self._secrets = tuple(secrets)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> Any:
        """The JSON of a response.

        Raises:
            ModeratorFailure: no response, an error of the service, or one that is not JSON.
            BadInput: moderator_refused.
        """
        data: Any = request.body
        headers = dict(request.headers)
        if request.json is not None:
            data = orjson.dumps(request.json)
            headers.setdefault("Content-Type", "application/json")
        elif request.parts:
            data = aiohttp.FormData()
            for part in request.parts:
                data.add_field(part.name, part.value, filename=part.filename)
        try:
            async with self._open().request(
                request.method, request.url, headers=headers, data=data, allow_redirects=False
            ) as response:
                body = await _read(response)
        except TimeoutError as error:
            raise ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, f"no answer within {self._timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            said = str(error) or type(error).__name__
            raise ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, f"no connection: {said}") from error
        quoted = self._quoted(body)
        _check_status(response, quoted)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"not JSON: {quoted}") from error

    def _quoted(self, body: bytes) -> str:
        """The beginning of a response, for people."""
        text = body[: 8 * MAX_QUOTED_CHARS].decode(errors="replace")
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = CALLBACK_REGEX.sub(f"{PATH}***", text)
        return repr(text[:MAX_QUOTED_CHARS])

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                connector=aiohttp.TCPConnector(limit=0),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        response.close()
        raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, "the response is compressed against the request")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            response.close()
            raise ModeratorFailure(
                Reason.MODERATOR_BAD_ANSWER, f"the response has more than {MAX_RESPONSE_BYTES:,} bytes"
            )
    return bytes(body)


def _check_status(response: aiohttp.ClientResponse, quoted: str) -> None:
    status = response.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        target = response.headers.get("Location", "nowhere")[:MAX_QUOTED_CHARS]
        detail = f"it answered {status} and points to {target!r}; redirects are not followed: name the final URL"
        raise ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, detail)
    if status in REFUSED:
        raise BadInput(Reason.MODERATOR_REFUSED, f"it answered {status}: {quoted}")
    raise ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, f"it answered {status}: {quoted}", _retry_after_s(response))


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    """Seconds or a date, as HTTP has it."""
    said = response.headers.get("Retry-After", "").strip()
    if not said:
        return None
    try:
        wait_s = float(said) if said.isdigit() else (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)
