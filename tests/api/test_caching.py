"""Answers that are kept: fast, and never of what is decided otherwise by now."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.api.conftest import Api, eventually, photo, submit
from tests.support.redis_server import needs_redis

SHOP = {"collection": "shop"}


def hits(api: Api, namespace: str) -> Counter[str]:
    """How often answers of a namespace were kept and made, by result."""
    with api.client("admin") as admin:
        lines = admin.get("/metrics").text.splitlines()
    found: Counter[str] = Counter()
    for line in lines:
        if line.startswith("mediasieve_api_cache_total{") and f'namespace="{namespace}"' in line:
            found[line.partition('result="')[2].partition('"')[0]] += int(float(line.rpartition(" ")[2]))
    return found


def until_kept(api: Api, ask: Any, namespace: str) -> httpx.Response:
    """The answer once it is given from what is kept."""

    def answer() -> httpx.Response | None:
        before = hits(api, namespace)["hit"]
        found: httpx.Response = ask()
        return found if hits(api, namespace)["hit"] > before else None

    found: httpx.Response = eventually(answer)
    return found


def test_a_medium_is_kept_until_something_is_decided_about_it(api: Api, story: dict[str, Any]) -> None:
    with api.client() as client:
        for number in range(2):
            name = f"kept/{number}"
            submit(client, name, photo(480 + number))
            eventually(lambda name=name: client.get(f"/v1/media/{name}", params=SHOP).status_code == 200)
            kept = until_kept(api, lambda name=name: client.get(f"/v1/media/{name}", params=SHOP), "media")
            assert kept.json()["decision"]["verdict"]["status"] == "pending"

            said = client.post(
                "/v1/verdicts", params={"wait_s": 30}, json={"subject": name, "status": "blocked", **SHOP}
            )
            assert (said.status_code, said.json()["effect"]["verdict"]["status"]) == (200, "blocked")
            deadline = time.monotonic() + 1.5
            while time.monotonic() < deadline:  # before and after its row comes
                found = client.get(f"/v1/media/{name}", params=SHOP)
                assert found.status_code == 200, found.text
                assert found.json()["decision"]["verdict"]["status"] == "blocked"


def test_a_copy_is_counted_though_the_medium_was_kept(api: Api, story: dict[str, Any]) -> None:
    with api.client() as client:
        submit(client, "counted/1", photo(490))
        eventually(lambda: client.get("/v1/media/counted/1", params=SHOP).status_code == 200)
        assert (
            until_kept(api, lambda: client.get("/v1/media/counted/1", params=SHOP), "media").json()[
                "content_submissions"
            ]
            == 1
        )
        submit(client, "counted/2", photo(490))
        eventually(lambda: client.get("/v1/media/counted/1", params=SHOP).json()["content_submissions"] == 2)


def test_a_deleted_medium_is_not_kept(api: Api, story: dict[str, Any]) -> None:
    with api.client() as client:
        submit(client, "gone/1", photo(491))
        eventually(lambda: client.get("/v1/media/gone/1", params=SHOP).status_code == 200)
        until_kept(api, lambda: client.get("/v1/media/gone/1", params=SHOP), "media")
        gone = client.post("/v1/deletions", params={"wait_s": 30}, json={"subject": "gone/1", **SHOP})
        assert gone.status_code == 200, gone.text
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert client.get("/v1/media/gone/1", params=SHOP).status_code == 404


def test_a_search_tells_the_verdict_of_now(api: Api, story: dict[str, Any]) -> None:
    with api.client() as client:
        submit(client, "zebra/1", photo(492))

        def ask() -> httpx.Response:
            return client.get("/v1/search", params={"q": "zebra", **SHOP})

        eventually(lambda: ask().json()["texts"])
        until_kept(api, ask, "search")
        client.post("/v1/verdicts", params={"wait_s": 30}, json={"subject": "zebra/1", "status": "blocked", **SHOP})
        eventually(lambda: [each["decision"]["verdict"]["status"] for each in ask().json()["texts"]] == ["blocked"])
        assert until_kept(api, ask, "search").json()["texts"][0]["decision"]["verdict"]["status"] == "blocked"


def test_a_search_by_hash_is_kept_until_something_is_decided_about_what_it_found(
    api: Api, story: dict[str, Any]
) -> None:
    with api.client() as client:
        submit(client, "hashed/1", photo(493))
        found = eventually(lambda: client.get("/v1/media/hashed/1", params=SHOP).json().get("decision"))
        query = {"hash": f"phash256:{found['facts']['hashes']['phash256:1']}", **SHOP}

        def ask() -> httpx.Response:
            return client.post("/v1/search", json=query)

        eventually(lambda: ask().json()["contents"])
        kept = until_kept(api, ask, "search").json()["contents"][0]
        assert (kept["media_id"], kept["distance_bits"], kept["verdict"]["status"]) == ("hashed/1", 0, "pending")
        client.post("/v1/verdicts", params={"wait_s": 30}, json={"subject": "hashed/1", "status": "blocked", **SHOP})
        eventually(lambda: ask().json()["contents"][0]["verdict"]["status"] == "blocked")
        assert until_kept(api, ask, "search").json()["contents"][0]["verdict"]["status"] == "blocked"


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip", "identity", "zstd;q=0, gzip", ""])
def test_a_kept_answer_is_the_same_in_every_encoding(api: Api, story: dict[str, Any], encoding: str) -> None:
    path = f"/v1/media/{story['original']['media_id']}"
    with api.client() as client:
        plain = until_kept(api, lambda: client.get(path, params=SHOP, headers={"Accept-Encoding": "identity"}), "media")
        found = client.get(path, params=SHOP, headers={"Accept-Encoding": encoding})
        assert found.content == plain.content
        assert found.headers["etag"] == plain.headers["etag"]
        assert found.headers.get("content-encoding", "identity") == (encoding.rpartition(", ")[2] or "identity")
        assert client.get(path, params=SHOP, headers={"If-None-Match": found.headers["etag"]}).status_code == 304


@needs_redis
def test_without_its_redis_the_api_answers_as_before(api: Api, story: dict[str, Any]) -> None:
    if api.redis is None:
        pytest.skip("no Redis is installed")
    with api.client() as client, api.client("admin") as admin:

        def cache_status() -> str:
            parts = {part["part"]: part["status"] for part in admin.get("/health").json()["parts"]}
            status: str = parts["cache"]
            return status

        assert cache_status() == "ok"
        api.redis.kill()
        for number in range(20):
            found = client.get("/v1/search", params={"q": f"nothing {number}", **SHOP})
            assert (found.status_code, found.json()["texts"]) == (200, [])
        assert cache_status() == "away"
        api.redis.start()
        eventually(lambda: cache_status() == "ok")
        assert client.get("/v1/statistics", params=SHOP).status_code == 200
