"""A key reaches its own collections and nothing else, on every endpoint of the description."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from streams.api.app import make_app
from streams.config.settings import load_settings
from tests.api.conftest import Api, photo

OPERATIONS = [
    (method, path, operation)
    for path, methods in make_app(load_settings()).openapi()["paths"].items()
    if path.startswith("/v1/")
    for method, operation in methods.items()
    if operation.get("security") != []  # callbacks: what a signature lets in, and no key
]
NAMELESS = ("get_key", "close_job", "list_collections", "begin_session", "end_session")
IDS = [operation["operationId"] for _, _, operation in OPERATIONS]


def body_of(operation_id: str, secret: dict[str, Any], collection: str | None) -> dict[str, Any]:
    """A valid request body about the other collection's medium."""
    medium = {"content": photo(3), "headers": {"Content-Type": "image/jpeg"}}
    named = {"collection": collection} if collection else {}
    said = {"subject": secret["media_id"], "other": secret["content_id"], **named}
    search = {"content_id": secret["content_id"], **named}
    return {
        "submit_medium": medium,
        "submit": {"json": {"url": "https://example.com/1.jpg", **named}},
        "submit_batch": {"json": [{"url": "https://example.com/1.jpg", **named}]},
        "look_up": {"json": {"url": "https://example.com/1.jpg", **named}} if collection else medium,
        "search": {"json": search},
        "search_batch": {"json": {"queries": [search]}},
        "give_verdict": {"json": {"subject": secret["media_id"], "status": "blocked", **named}},
        "withdraw_verdict": {"json": {"subject": secret["media_id"], **named}},
        **{name: {"json": said} for name in ("split", "merge", "undo")},
        "act_batch": {
            "json": {"acts": [{"event": "verdict", "status": "blocked", "subject": secret["media_id"], **named}]}
        },
        "delete": {"json": {"subject": secret["media_id"], "dry_run": True, **named}},
        "create_job": {"json": {"name": "theirs", **named}},
        "close_job": {"json": {"expected": 1}},
        "import_hash_list": {"content": b"md5\n" + b"0" * 32, "headers": {"Content-Type": "text/csv"}},
        **{
            f"{act}_dead_letters": {"json": {"reasons": ["not_json"], "dry_run": True, **named}}
            for act in ("replay", "drop")
        },
    }.get(operation_id, {})


def ask(
    client: httpx.Client, method: str, path: str, operation: dict[str, Any], secret: dict[str, Any],
    *, query: str | None, body: str | None,
) -> httpx.Response:  # fmt: skip
    filled = path
    for name in ("media_id", "subject", "content_id"):
        filled = filled.replace(f"{{{name}}}", secret["content_id" if name == "content_id" else "media_id"])
    for name, value in {"list_name": "theirs", "job_id": "theirs-1", "partition": "0", "offset": "0"}.items():
        filled = filled.replace(f"{{{name}}}", value)
    params = {"collection": query} if query else {}
    if operation["operationId"] == "import_hash_list":
        params |= {"version": "1", "status": "blocked"}
    if operation["operationId"] == "stream_decisions":
        params["max_s"] = "0.5"
    return client.request(method, filled, params=params, **body_of(operation["operationId"], secret, body))


def key_for(operation: dict[str, Any]) -> str:
    """A key of the collection shop that may do it."""
    return "shop-admin" if {"lists", "dead letters"} & set(operation["tags"]) else "shop"


def leaks(answer: httpx.Response, secret: dict[str, Any]) -> bool:
    """Whether an answer tells anything that only the other collection knows."""
    told = (secret["decision_id"], secret["submission_id"], secret["facts"]["hashes"]["phash256:1"])
    return any(text in answer.text for text in told)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_another_collection_is_forbidden(
    api: Api, story: dict[str, Any], method: str, path: str, operation: dict[str, Any]
) -> None:
    if operation["operationId"] in NAMELESS:
        pytest.skip("it names no collection")
    secret = story["secret"]
    with api.client(key_for(operation)) as client:
        for query, body in itertools.product(("other", None), ("other", None)):
            if query is None and (body is None or not body_of(operation["operationId"], secret, "other").get("json")):
                continue
            answer = ask(client, method, path, operation, secret, query=query, body=body)
            refused = answer.status_code == 403 and answer.json()["code"] == "collection_forbidden"
            in_batch = answer.status_code == 200 and all(
                "collection_forbidden" in (entry.get("code"), entry.get("error")) for entry in answer.json()
            )
            assert refused or in_batch, (query, body, answer.status_code, answer.text[:300])
            assert not leaks(answer, secret)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_ids_of_another_collection_tell_nothing_in_ones_own(
    api: Api, story: dict[str, Any], method: str, path: str, operation: dict[str, Any]
) -> None:
    if operation["operationId"].startswith(
        ("submit", "give", "withdraw", "split", "merge", "undo", "act", "create", "import")
    ):
        pytest.skip("it writes into its own collection")
    with api.client(key_for(operation)) as client:
        answer = ask(client, method, path, operation, story["secret"], query="shop", body="shop")
        assert not leaks(answer, story["secret"]), answer.text[:300]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_without_a_key_nothing_is_answered(
    api: Api, story: dict[str, Any], method: str, path: str, operation: dict[str, Any]
) -> None:
    with api.client(None) as client:
        answer = ask(client, method, path, operation, story["secret"], query="shop", body=None)
    assert (answer.status_code, answer.json()["code"]) in ((401, "key_missing"), (429, "rate_limited"))


def test_roles_are_needed(api: Api, story: dict[str, Any]) -> None:
    with api.client("reader") as client:
        refused = [
            client.put("/v1/media/x", content=photo(3), headers={"Content-Type": "image/jpeg"}),
            client.post("/v1/verdicts", json={"subject": "a/original", "status": "blocked"}),
            client.get("/health"),
            client.get("/metrics"),
            client.post("/v1/deletions", json={"subject": "a/original"}),
            client.post("/v1/jobs", json={"name": "x"}),
            client.get("/v1/lists"),
            client.get("/v1/dead-letters"),
        ]
        assert [answer.json()["code"] for answer in refused] == ["role_missing"] * 8
        assert client.get("/v1/me").json()["roles"] == ["read"]
    with api.client("shop") as client:
        headers = {"Content-Type": "image/jpeg"}
        answer = client.put("/v1/media/x", content=photo(3), params={"reference": True}, headers=headers)
        assert answer.json()["code"] == "role_missing"
