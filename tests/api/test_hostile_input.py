"""What an attacker sends: SQL, forged cursors, bodies that lie, dawdle or never end, paths, wrong keys."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from streams.services.submit.records import max_inline_bytes
from tests.api.conftest import Api, photo

IN_SHOP = {"collection": "shop"}
INJECTIONS = [
    "' OR 1=1 --",
    "{collection:String}",
    "'; DROP TABLE decisions; --",
    "\\' UNION ALL SELECT name FROM system.tables FORMAT JSON --",
    "%' ESCAPE '",
    "$(id)`id`",
    "😀" * 50,
]


@pytest.fixture
def client(api: Api, story: dict[str, Any]) -> Any:
    with api.client() as opened:
        yield opened


def is_problem(answer: httpx.Response, *statuses: int) -> bool:
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["status"] == answer.status_code
    assert document["detail"], document
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    return True


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_is_only_text(client: httpx.Client, text: str) -> None:
    for name in ("media_id", "owner", "label", "content_id"):
        answer = client.get("/v1/decisions", params={**IN_SHOP, name: text})
        assert (answer.status_code, answer.json()["decisions"]) == (200, []), name
    for name in ("outcome", "kind", "verdict", "since", "limit", "collection"):
        answer = client.get("/v1/decisions", params={**IN_SHOP, name: text})
        assert is_problem(answer, 422, 403)
        assert text not in answer.text
    found = client.post("/v1/search", params=IN_SHOP, json={"text": text})
    assert (found.status_code, found.json()["texts"]) == (200, [])
    assert client.get(f"/v1/media/{httpx.URL('http://x/').copy_with(path='/' + text).raw_path.decode()[1:]}",
                      params=IN_SHOP).status_code == 404  # fmt: skip
    assert client.get("/v1/history/a/original", params=IN_SHOP).status_code == 200  # the table is still there


def test_cursors_are_signed_and_bound_to_their_list(client: httpx.Client) -> None:
    cursor = client.get("/v1/decisions", params={**IN_SHOP, "limit": 1}).json()["next_cursor"]
    flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for path, params in [
        ("/v1/decisions", {"cursor": flipped}),
        ("/v1/decisions", {"cursor": cursor, "outcome": "unique"}),
        ("/v1/groups", {"cursor": cursor}),
        ("/v1/decisions", {"cursor": "AAAA"}),
        ("/v1/decisions", {"cursor": "x" * 3000}),
        ("/v1/decisions", {"cursor": "é"}),
    ]:
        assert is_problem(client.get(path, params={**IN_SHOP, **params}), 400, 422), params
    assert is_problem(client.get("/v1/events/decisions", params=IN_SHOP, headers={"Last-Event-ID": "1;2"}), 400)


def raw(api: Api, head: str, body: bytes = b"", *, wait_s: float = 10) -> bytes:
    """What the server answers to bytes on a socket."""
    address = urlsplit(api.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=wait_s) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
                if b"\r\n\r\n" in received and b"}" in received:
                    break
        except (TimeoutError, ConnectionError):
            pass
        return received


def put(api: Api, *more: str) -> str:
    key = f"Authorization: Bearer {api.keys['shop']}"
    return "\n".join(["PUT /v1/media/x?collection=shop HTTP/1.1", "Host: x", key, "Content-Type: image/jpeg", *more])


def test_bodies_that_are_too_large_lie_or_dawdle(api: Api, client: httpx.Client) -> None:
    assert b" 413 " in raw(api, put(api, "Content-Length: 99999999999"))
    assert b" 408 " in raw(api, put(api, "Content-Length: 1000"), b"only this")
    assert b" 408 " in raw(api, put(api, "Transfer-Encoding: chunked"), b"5\r\nhello\r\n")
    assert b" 400 " in raw(api, put(api, "Content-Length: -1"))

    def endless() -> Any:
        for _ in range(40):
            yield bytes(1 << 20)

    try:
        answer = client.put("/v1/media/x", params=IN_SHOP, content=endless(), headers={"Content-Type": "image/jpeg"})
    except httpx.WriteError:  # the server hung up while we were sending
        pass
    else:
        assert is_problem(answer, 413, 408)  # a busy machine may be too slow
    assert is_problem(client.post("/v1/verdicts", content=b" " * (2 << 20)), 413)
    big = client.put("/v1/media/x", params=IN_SHOP, content=bytes(max_inline_bytes() + 1),
                     headers={"Content-Type": "image/jpeg"})  # fmt: skip
    assert is_problem(big, 413, 408)


def test_compressed_and_empty_bodies_are_refused(client: httpx.Client) -> None:
    headers = {"Content-Type": "image/jpeg", "Content-Encoding": "gzip"}
    assert is_problem(client.put("/v1/media/x", params=IN_SHOP, content=b"\x1f\x8b", headers=headers), 415)
    assert is_problem(
        client.put("/v1/media/x", params=IN_SHOP, content=b"", headers={"Content-Type": "image/jpeg"}), 422
    )
    assert is_problem(client.post("/v1/lookup", params=IN_SHOP, content=b"no picture"), 422)
    assert is_problem(client.put("/v1/media/x", params=IN_SHOP, json={"url": "https://example.com"}), 415)


def test_broken_forms_and_json_are_refused(client: httpx.Client) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (b"", b"--x\r\n", b"--x--", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"a" * 40_000):
        assert is_problem(client.post("/v1/submissions", params=IN_SHOP, content=body, headers=headers), 422, 413)
    many = {f"f{number}": "x" for number in range(100)}
    assert is_problem(client.post("/v1/submissions", params=IN_SHOP, data=many, files={"file": ("a", b"x")}), 422)
    for text in (b"{", b"[]", b"null", b'{"url":1}', b"\xff", b"[" * 100_000, b'{"url":"https://a/\\u0000"}'):
        answer = client.post(
            "/v1/submissions", params=IN_SHOP, content=text, headers={"Content-Type": "application/json"}
        )
        assert is_problem(answer, 422)


PATHS = [
    "/v1/media/..%2f..%2fetc%2fpasswd",
    "/v1/media/%00",
    "/v1/groups/..%2f..",
    "/v1//decisions",
    "/v1/../metrics",
    "/%2e%2e/etc/passwd",
    "/v1/decisions/%ff%fe",
    "/v1/history/" + "a" * 2000,
    "/v1/nothing",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:20])
def test_paths_lead_nowhere(client: httpx.Client, path: str) -> None:
    answer = client.get(path, params=IN_SHOP)
    assert answer.status_code in (400, 403, 404, 422), answer.text
    assert "root:" not in answer.text


def test_urls_into_the_house_are_refused(client: httpx.Client) -> None:
    for url in (
        "http://localhost/x",
        "http://[::1]/x",
        "http://169.254.169.254/",
        "http://2130706433/",
        "http://10.0.0.1/",
    ):
        answer = client.post("/v1/lookup", params=IN_SHOP, json={"url": url})
        assert is_problem(answer, 422)
        assert answer.json()["reason"] in ("source_refused_address", "source_unreachable")
        assert url not in answer.text
    for url in ("file:///etc/passwd", "ftp://example.com/x", "gopher://x", "//example.com"):
        assert is_problem(client.post("/v1/lookup", params=IN_SHOP, json={"url": url}), 422)


def test_wrong_keys_are_refused_and_counted(api: Api) -> None:
    with api.client(None) as client:
        statuses = set()
        for number in range(60):
            headers = {"Authorization": f"Bearer msk_{'x' * 40}{number}"}
            statuses.add(client.get("/v1/me", headers=headers).status_code)
        assert statuses <= {401, 429}
        assert 429 in statuses  # earlier tests may have used up the minute
    with api.client() as right:
        assert right.get("/v1/me").status_code == 200


def test_problems_never_repeat_what_was_sent(client: httpx.Client) -> None:
    marked = "zq9marker"
    answers = [
        client.get("/v1/decisions", params={"collection": marked.upper()}),
        client.get("/v1/decisions", params={**IN_SHOP, "limit": marked}),
        client.post("/v1/verdicts", json={"subject": marked, "status": marked, marked: marked}),
        client.post("/v1/search", params=IN_SHOP, json={"hash": marked, marked: 1}),
        client.get(f"/v1/media/{marked}", params=IN_SHOP),
        client.get(f"/v1/{marked}"),
        client.post("/v1/submissions", params=IN_SHOP, json={"url": f"ftp://{marked}"}),
        client.request(
            "GET", "/v1/decisions", params=IN_SHOP, headers={"Idempotency-Key": marked, "If-None-Match": marked}
        ),
    ]
    for answer in answers:
        assert marked not in answer.text.lower(), answer.text
        assert "Traceback" not in answer.text


def test_the_system_still_works_after_all_that(client: httpx.Client) -> None:
    answer = client.put("/v1/media/after all", params={**IN_SHOP, "wait_s": 30}, content=photo(77),
                        headers={"Content-Type": "image/jpeg"})  # fmt: skip
    assert answer.json()["decision"]["outcome"] == "unique"
