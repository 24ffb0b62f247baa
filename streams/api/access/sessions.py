"""Sessions of the console: a signed cookie that stands for a key, for a working day.

The cookie has the digest of the key and when it ends, never the key. A key that is removed, changed or expired ends its
sessions. Cookies come along with every request of a browser, so a session counts only where no other site can have made
the request: see `session_of`.
"""

from __future__ import annotations

import time
from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.datastructures import Headers

from streams.api.cursors import CursorSigner

COOKIE: Final = "mediasieve_session"
#: Scripts of another site cannot send this header without being asked for leave by CORS, which does not name it.
CONSOLE_HEADER: Final = "x-mediasieve-console"
SESSION_S: Final = 12 * 3600
SCOPE: Final = b"session"
READING: Final = frozenset({"GET", "HEAD"})
MAX_COOKIE_CHARS: Final = 4096


class Sessions:
    """Makes and reads the values of cookies.

    Args:
        signer: of the process.
    """

    def __init__(self, signer: CursorSigner) -> None:
        self._signer = signer

    def begin(self, key_sha256: str) -> str:
        """The value of a cookie that begins now."""
        value = f"{key_sha256}.{int(time.time()) + SESSION_S}".encode()
        return self._signer.seal(SCOPE, value)

    def read(self, cookie: str) -> str | None:
        """The sha256 of the key of a session; None if the session ended, or nobody here signed it."""
        value = self._signer.unseal(SCOPE, cookie)
        if value is None:
            return None
        digest, _, ends_at = value.decode().partition(".")
        return digest if time.time() < int(ends_at) else None


def session_of(headers: Headers, method: str) -> str:
    """The session's cookie of a request that only the console's own pages can have made; empty if there is none."""
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return ""
    if method not in READING and CONSOLE_HEADER not in headers:
        return ""
    text = headers.get("cookie", "")
    if len(text) > MAX_COOKIE_CHARS:
        return ""
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def cookie_header(value: str, *, secure: bool, max_age_s: int = SESSION_S) -> str:
    """The header that sets the cookie; an age of 0 removes it."""
    ending = "; Secure" if secure else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{ending}"
