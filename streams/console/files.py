"""Serves the console's files from memory. Every page of the console is `index.html`; the browser shows the page.

The files are read once. Their address has a digest of all of them, so browsers keep them for as long as they like and
still get the new ones after an upgrade.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

CONSOLE_PATH: Final = "/console"
STATIC: Final = Path(__file__).parent / "static"
INDEX: Final = "index.html"
#: Scripts that the page names itself.
FIRST: Final = frozenset({"app/start.js", "app/main.js"})
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: No inline script or style runs, nothing is loaded from elsewhere but media that somebody plays, no page frames it.
SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob: https:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "X-Frame-Options": "DENY",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"


def is_console_path(path: str) -> bool:
    """Whether a path is one of the console, whose files need no key: they show nothing of any collection."""
    return path == CONSOLE_PATH or path.startswith(CONSOLE_PATH + "/")


def console_routes() -> list[Route]:
    """The routes of the console; they are not part of the API's description."""
    return [
        Route(CONSOLE_PATH, _redirect, methods=["GET"], include_in_schema=False),
        Route(f"{CONSOLE_PATH}/static/{{digest}}/{{name:path}}", _static, methods=["GET"], include_in_schema=False),
        Route(f"{CONSOLE_PATH}/{{page:path}}", _page, methods=["GET"], include_in_schema=False),
    ]


@cache
def static_files() -> Mapping[str, bytes]:
    """The files by their path below `static`."""
    found = {
        path.relative_to(STATIC).as_posix(): path.read_bytes()
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in TYPES and path.is_file()
    }
    return {name: data for name, data in found.items() if name != INDEX}


@cache
def index_page() -> bytes:
    """The page that loads all modules at once, where a browser would else ask for them one after the other."""
    root = f"{CONSOLE_PATH}/static/{_digest()}"
    modules = [name for name in static_files() if name.endswith(".js") and name not in FIRST]
    preloads = "\n".join(f'<link rel="modulepreload" href="{root}/{name}">' for name in modules)
    text = (STATIC / INDEX).read_text(encoding="utf-8")
    return text.replace("<!-- modules -->", preloads).replace("{static}", root).encode()


@cache
def _digest() -> str:
    whole = hashlib.sha256((STATIC / INDEX).read_bytes())
    for name, data in static_files().items():
        whole.update(f"{name}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()[:16]


async def _redirect(_: Request) -> Response:
    return RedirectResponse(f"{CONSOLE_PATH}/", 307, headers=HEADERS)


async def _page(_: Request) -> Response:
    return Response(index_page(), headers={**HEADERS, "Cache-Control": "no-cache"}, media_type=TYPES[".html"])


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    data = static_files().get(name)
    if data is None:
        return Response(b"There is no such file.\n", 404, HEADERS, "text/plain")
    fresh = request.path_params["digest"] == _digest()
    control = FOR_EVER if fresh else "no-cache"  # of a page from before an upgrade
    return Response(data, 200, {**HEADERS, "Cache-Control": control}, TYPES[Path(name).suffix])
