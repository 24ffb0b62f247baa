"""The outermost layer by itself: sizes, times, rates, hosts, and cursors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from streams.api.access.auth import Authenticator
from streams.api.access.gate import Gate
from streams.api.access.limits import RateLimits
from streams.api.cursors import Cursors, CursorSigner
from streams.api.problems import Problem
from streams.config.api_keys import make_key
from streams.config.settings import load_settings
from streams.errors import ConfigurationError


async def echo_size(request: Request) -> JSONResponse:
    return JSONResponse({"size": len(await request.body())})


def gate(key_file: Path | None = None, rate: str = "", **bounds: Any) -> httpx.AsyncClient:
    settings = load_settings(**({"api_keys": key_file} if key_file else {}))
    app = Starlette(routes=[Route("/v1/x", echo_size, methods=["POST"])])
    chosen = {"max_body_bytes": 1000, "max_bodies_bytes": 5000, "body_timeout_s": 0.3, **bounds}
    outer = Gate(app, Authenticator(settings), RateLimits(rate), is_upload=lambda *_: True, **chosen)
    transport = httpx.ASGITransport(outer)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")


async def test_a_body_is_counted_whatever_its_header_says() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(100)

    async with gate() as client:
        assert (await client.post("/v1/x", content=bytes(1000))).json() == {"size": 1000}
        assert (await client.post("/v1/x", content=parts())).status_code == 413
        assert (await client.post("/v1/x", content=bytes(1001))).json()["code"] == "too_large"


async def test_all_bodies_together_are_bounded_and_given_back() -> None:
    release = asyncio.Event()

    async def held(size: int) -> AsyncIterator[bytes]:
        yield bytes(size)
        await release.wait()

    async with gate(max_bodies_bytes=1500, body_timeout_s=30) as client:
        first = asyncio.create_task(client.post("/v1/x", content=held(900)))
        await asyncio.sleep(0.05)
        assert (await client.post("/v1/x", content=bytes(900))).json()["code"] == "overloaded"
        release.set()
        assert (await first).json() == {"size": 900}
        assert (await client.post("/v1/x", content=bytes(900))).json() == {"size": 900}


async def test_a_body_that_never_ends_is_given_up() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(30)

    async with gate() as client:
        assert (await client.post("/v1/x", content=slow())).json()["code"] == "too_slow"


async def test_a_key_has_its_rate_and_learns_of_it(tmp_path: Path) -> None:
    made = make_key("k", frozenset({"read"}), ("*",), rate="3/hour", expires=None)
    (tmp_path / "keys.yaml").write_text("keys:\n" + made.as_yaml())
    async with gate(tmp_path / "keys.yaml") as client:
        client.headers["X-API-Key"] = made.key
        answers = [await client.post("/v1/x") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit"].startswith("limit=3, remaining=2")
    assert int(answers[3].headers["retry-after"]) > 0


async def test_without_keys_web_pages_and_other_hosts_are_refused() -> None:
    async with gate() as client:
        for headers in ({"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "127.0.0.1.evil.example"}):
            assert (await client.post("/v1/x", headers=headers)).json()["code"] == "bad_host"
        assert (await client.post("/v1/x", headers={"Host": "localhost:1"})).status_code == 200


def test_without_keys_only_this_machine_is_served() -> None:
    with pytest.raises(ConfigurationError, match="mediasieve keys new"):
        Authenticator(load_settings(api="0.0.0.0:8080"))


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_API_RATE"):
        RateLimits("fast")


def test_a_cursor_is_for_its_list_its_filter_and_its_secret() -> None:
    signer = CursorSigner("secret")
    cursors = Cursors(signer, "decisions", ["shop"])
    cursor = cursors.encode([1, "x"])
    assert cursors.decode(cursor) == [1, "x"]
    for others in (
        Cursors(signer, "groups", ["shop"]),
        Cursors(signer, "decisions", ["other"]),
        Cursors(CursorSigner("another"), "decisions", ["shop"]),
        Cursors(CursorSigner(""), "decisions", ["shop"]),
    ):
        with pytest.raises(Problem):
            others.decode(cursor)
