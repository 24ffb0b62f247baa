"""Signing in: a cookie stands for a key, and counts only for requests of the console's own pages."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from starlette.datastructures import Headers

from streams.api.access.sessions import COOKIE, SESSION_S, Sessions, cookie_header, session_of
from streams.api.app import make_server_app
from streams.api.cursors import CursorSigner
from streams.config.api_keys import LiveKeys, NewKey, make_key
from streams.config.settings import load_settings

CONSOLE = {"X-Mediasieve-Console": "1"}


@pytest.fixture
def key(tmp_path: Path) -> NewKey:
    made = make_key("ana", frozenset({"read", "moderate"}), ("shop",), rate=None, expires=None)
    (tmp_path / "keys.yaml").write_text("keys:\n" + made.as_yaml())
    return made


@pytest.fixture
def client(tmp_path: Path, key: NewKey) -> httpx.AsyncClient:
    app = make_server_app(load_settings(api_keys=tmp_path / "keys.yaml"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080")


async def signed_in(client: httpx.AsyncClient, key: str, **headers: str) -> httpx.Response:
    return await client.post("/v1/session", headers={"Authorization": f"Bearer {key}", **CONSOLE, **headers})


async def test_a_key_becomes_a_cookie_that_scripts_cannot_read(client: httpx.AsyncClient, key: NewKey) -> None:
    answer = await signed_in(client, key.key)
    assert (answer.status_code, answer.json()["name"]) == (200, "ana")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert key.key not in cookie and key.entry.sha256 not in cookie
    assert "Secure" not in cookie
    assert (await client.get("/v1/me")).json()["name"] == "ana"
    over_tls = await signed_in(client, key.key, Origin="https://console.example.com")
    assert "Secure" in over_tls.headers["set-cookie"]


async def test_a_wrong_key_is_no_session(client: httpx.AsyncClient) -> None:
    answer = await signed_in(client, "msk_wrong")
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


async def test_other_sites_cannot_use_a_session(client: httpx.AsyncClient, key: NewKey) -> None:
    await signed_in(client, key.key)
    for site in ("cross-site", "same-site", "none"):
        assert (await client.get("/v1/me", headers={"Sec-Fetch-Site": site})).status_code == 401
    assert (await client.get("/v1/me", headers={"Sec-Fetch-Site": "same-origin"})).status_code == 200
    body = {"subject": "x", "status": "blocked"}
    assert (await client.post("/v1/verdicts", json=body)).status_code == 401, (
        "a form of another page, in an old browser"
    )
    assert (await client.delete("/v1/session")).status_code == 401
    ended = await client.delete("/v1/session", headers=CONSOLE)
    assert ended.status_code == 200
    assert (await client.get("/v1/me")).status_code == 401


async def test_a_key_in_the_header_counts_before_a_cookie(client: httpx.AsyncClient, key: NewKey) -> None:
    await signed_in(client, key.key)
    assert (await client.get("/v1/me", headers={"Authorization": "Bearer msk_wrong"})).status_code == 401


async def test_sessions_that_nobody_here_signed_are_refused(client: httpx.AsyncClient, key: NewKey) -> None:
    elsewhere = Sessions(CursorSigner("another secret")).begin(key.entry.sha256)
    for value in (elsewhere, elsewhere[:-4], "x", "", "%00", "ü", "A" * 5000):
        client.cookies.clear()
        answer = await client.get("/v1/me", headers=[(b"Cookie", f"{COOKIE}={value}".encode("latin-1"))])
        assert answer.status_code == 401, value


def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(CursorSigner("secret"))
    value = sessions.begin("a" * 64)
    assert sessions.read(value) == "a" * 64
    later = time.time() + SESSION_S + 1
    monkeypatch.setattr("time.time", lambda: later)
    assert sessions.read(value) is None


def test_a_tag_for_a_cursor_is_no_session() -> None:
    signer = CursorSigner("secret")
    sessions = Sessions(signer)
    value = b"%s.99999999999" % (b"a" * 64)
    forged = signer.seal(b"groups", value)
    assert sessions.read(forged) is None


def test_only_requests_of_the_consoles_own_pages_have_a_session() -> None:
    assert session_of(Headers({"cookie": f"{COOKIE}=abc; other=1"}), "GET") == "abc"
    assert session_of(Headers({"cookie": f"{COOKIE}=abc; other=1"}), "POST") == ""
    assert session_of(Headers({"cookie": f"{COOKIE}=abc", "x-mediasieve-console": "1"}), "POST") == "abc"
    assert session_of(Headers({"cookie": f"{COOKIE}=abc", "sec-fetch-site": "cross-site"}), "GET") == ""
    assert "Max-Age=0" in cookie_header("", secure=False, max_age_s=0)


def test_a_removed_key_ends_its_sessions(tmp_path: Path, key: NewKey) -> None:
    keys = LiveKeys(tmp_path / "keys.yaml", look_s=3600)
    sessions = Sessions(CursorSigner("secret"))
    digest = sessions.read(sessions.begin(key.entry.sha256))
    assert digest is not None and keys.find_hash(digest) == key.entry
    (tmp_path / "keys.yaml").write_text("keys: []\n")
    keys.look()
    keys.look()
    assert keys.find_hash(digest) is None
    keys.close()
