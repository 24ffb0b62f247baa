"""The queue of what waits for a person, collections, and many acts in one request."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Api, eventually, photo, submit
from tests.support.browsing import captioned

COLLECTION = "queue"


@pytest.fixture(scope="module")
def client(api: Api) -> Any:
    with api.client("admin", params={"collection": COLLECTION}) as client:
        yield client


@pytest.fixture(scope="module")
def groups(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Two pictures; one has a caption in two ways, the other in one, and is blocked."""
    made = {}
    for number, captions in ((201, {"SALE": 0.2, "@shop": 0.1}), (202, {"HOT": 0.2})):
        original = photo(number)
        made[f"{number}"] = submit(client, f"q/{number}", original, COLLECTION)
        for text, share in captions.items():
            made[text] = submit(client, f"q/{number}/{text}", captioned(original, text, share), COLLECTION)
            assert made[text]["action"] == "review"
    eventually(lambda: len(queue(client)) == 2)
    return made


def queue(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/review", params={"collection": COLLECTION, **params}).json()["groups"]
    return found


def test_the_queue_has_most_first_and_copies_of_what_is_blocked_before(
    client: httpx.Client, groups: dict[str, dict[str, Any]]
) -> None:
    first, second = queue(client)
    assert (first["content_id"], first["waiting"], first["known_status"]) == (groups["201"]["content_id"], 2, None)
    assert (second["canonical"]["media_id"], second["first"]["media_id"]) == ("q/202", "q/202/HOT")
    said = client.post("/v1/verdicts", json={"subject": "q/202", "status": "blocked", "scope": "content"})
    assert said.status_code == 202
    eventually(lambda: queue(client)[0]["known_status"] == "blocked")
    assert [group["waiting"] for group in queue(client)] == [1, 2]
    pages = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("/v1/review", params={"limit": 1, "cursor": cursor or None, "collection": COLLECTION}).json()
        pages += [group["content_id"] for group in page["groups"]]
        cursor = page["next_cursor"]
    assert pages == [group["content_id"] for group in queue(client)]
    assert queue(client, kind="video") == []
    for confidence in ("certain", "likely"):
        matched = {"SALE": "201", "@shop": "201", "HOT": "202"}
        expected = {each for text, each in matched.items() if groups[text]["match"]["confidence"] == confidence}
        assert len(queue(client, confidence=confidence)) == len(expected)


def test_what_is_split_or_merged_no_longer_waits(client: httpx.Client, groups: dict[str, dict[str, Any]]) -> None:
    pair = {"subject": groups["SALE"]["content_id"], "other": groups["201"]["content_id"]}

    def waiting() -> int:
        return next((group["waiting"] for group in queue(client) if group["content_id"] == pair["other"]), 0)

    assert waiting() == 2
    for event in ("splits", "merges"):
        assert client.post(f"/v1/{event}", json=pair).status_code == 202
        eventually(lambda: waiting() == 1)
        assert client.post("/v1/undos", json=pair).status_code == 202
        eventually(lambda: waiting() == 2)


def test_collections_say_how_much_waits_and_only_those_that_the_key_reaches(
    api: Api, client: httpx.Client, groups: dict[str, dict[str, Any]]
) -> None:
    sizes = {entry["collection"]: entry for entry in client.get("/v1/collections").json()}
    assert (sizes[COLLECTION]["submissions"], sizes[COLLECTION]["waiting"]) == (5, 3)
    with api.client("shop") as shop:
        assert {entry["collection"] for entry in shop.get("/v1/collections").json()} <= {"shop"}
        assert shop.get("/v1/review", params={"collection": COLLECTION}).json()["code"] == "collection_forbidden"


def test_a_batch_does_what_it_can_and_says_what_it_could_not(
    client: httpx.Client, api: Api, groups: dict[str, dict[str, Any]]
) -> None:
    acts = [
        {"event": "verdict", "subject": "q/201/SALE", "status": "allowed"},
        {"event": "split", "subject": "q/201/@shop", "other": "q/nothing"},
        {"event": "verdict", "subject": "q/201"},
        {"event": "verdict", "subject": groups["201"]["content_id"], "status": "review", "collection": "queue"},
    ]
    with api.client("reader") as reader:
        assert reader.post("/v1/verdicts/batch", json={"acts": acts}).json()["code"] == "role_missing"
    results = client.post("/v1/verdicts/batch", json={"acts": acts}).json()
    assert [result["status"] for result in results] == [202, 422, 422, 202]
    assert [result["code"] for result in results] == [None, "bad_medium", "bad_request", None]
    eventually(lambda: client.get("/v1/decisions/q/201/SALE").json()["verdict"]["status"] == "allowed")
    eventually(lambda: client.get("/v1/decisions/q/201").json()["verdict"]["status"] == "review")
    assert client.post("/v1/verdicts/batch", json={"acts": []}).status_code == 422
    too_many = [{"event": "withdrawal", "subject": "x"}] * 201
    assert client.post("/v1/verdicts/batch", json={"acts": too_many}).status_code == 422
