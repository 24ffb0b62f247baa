"""Questions to a running API: submissions, decisions, groups, look-ups, searches, verdicts, streams."""

from __future__ import annotations

import json
from typing import Any

import httpx
import orjson
import pytest

from tests.api.conftest import Api, eventually, mirrored, photo, submit
from tests.support.commands import mediasieve, until

IN_SHOP = {"collection": "shop"}


@pytest.fixture
def client(api: Api, story: dict[str, Any]) -> Any:
    with api.client() as opened:
        yield opened


def test_a_submission_that_waits_gets_its_decision(story: dict[str, Any]) -> None:
    assert {name: decision["outcome"] for name, decision in story.items()} == {
        "original": "unique",
        "copy": "duplicate",
        "mirrored": "near_duplicate",
        "different": "unique",
        "secret": "unique",
    }
    assert story["mirrored"]["match"]["media_id"] == "a/original"
    assert story["mirrored"]["match"]["transformation"] == "mirrored"


def test_a_submission_that_does_not_wait_says_where_its_decision_will_be(client: httpx.Client) -> None:
    answer = client.post("/v1/submissions", content=photo(11), params={**IN_SHOP, "media_id": "no wait"},
                         headers={"Content-Type": "image/jpeg"})  # fmt: skip
    assert answer.status_code == 202
    assert answer.json()["decision"] is None
    later = client.get(answer.headers["location"], params={**IN_SHOP, "wait_s": 20})
    assert later.json()["media_id"] == "no wait"


def test_a_form_and_a_url_are_submissions_too(client: httpx.Client) -> None:
    form = client.post(
        "/v1/submissions",
        params={"wait_s": 30},
        data={"media_id": "form", "collection": "shop", "metadata": '{"owner":"u-1"}'},
        files={"file": ("x.jpg", photo(12), "image/jpeg")},
    )
    assert (form.status_code, form.json()["decision"]["metadata"]) == (200, {"owner": "u-1"})
    url = client.post("/v1/submissions", params={"wait_s": 30}, json={
        "media_id": "url", "collection": "shop", "url": "http://127.0.0.1:9/x.jpg"})  # fmt: skip
    assert url.json()["decision"]["failure"]["reason"] == "source_refused_address"


def test_the_same_idempotency_key_is_the_same_submission(client: httpx.Client) -> None:
    def send() -> Any:
        return client.put("/v1/media/twice", content=photo(13), params={**IN_SHOP, "wait_s": 30},
                          headers={"Content-Type": "image/jpeg", "Idempotency-Key": "once"}).json()  # fmt: skip

    first, second = send(), send()
    assert first["submission_id"] == second["submission_id"]
    assert first["decision"]["decision_id"] == second["decision"]["decision_id"]


def test_a_batch_tells_of_every_entry(client: httpx.Client) -> None:
    lines = b'{"url":"https://example.com/1.jpg","collection":"shop"}\n{"url":"file:///etc/passwd"}\nnonsense\n'
    answer = client.post("/v1/submissions/batch", params=IN_SHOP, content=lines,
                         headers={"Content-Type": "application/x-ndjson"})  # fmt: skip
    assert [entry["status"] for entry in answer.json()] == [202, 422, 422]
    assert "passwd" not in answer.text


def test_a_decision_is_the_same_from_the_stream_and_from_rows(client: httpx.Client, story: dict[str, Any]) -> None:
    history = client.get("/v1/history/a/mirrored", params=IN_SHOP).json()
    latest = client.get("/v1/decisions/a/mirrored", params=IN_SHOP).json()
    assert latest["decision_id"] == history[0]["decision_id"]
    for name in ("match", "verdict", "metadata", "outcome", "action", "decided_at", "submitted_at", "versions"):
        if name != "verdict":
            assert history[-1][name] == {**story["mirrored"]}[name], name


def test_an_etag_saves_the_body(client: httpx.Client) -> None:
    first = client.get("/v1/media/a/copy", params=IN_SHOP)
    again = client.get("/v1/media/a/copy", params=IN_SHOP, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
def test_long_answers_are_compressed(client: httpx.Client, encoding: str) -> None:
    with client.stream("GET", "/v1/decisions", params=IN_SHOP, headers={"Accept-Encoding": encoding}) as answer:
        assert answer.headers["content-encoding"] == encoding
        assert len(b"".join(answer.iter_raw())) < 4000


def test_decisions_are_listed_page_by_page(client: httpx.Client) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        params: dict[str, Any] = {**IN_SHOP, "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = client.get("/v1/decisions", params=params).json()
        seen += [decision["decision_id"] for decision in page["decisions"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) >= 4
    whole = client.get("/v1/decisions", params={**IN_SHOP, "limit": 200}).json()["decisions"]
    assert set(seen) <= {decision["decision_id"] for decision in whole}
    times = [decision["decided_at"] for decision in whole]
    assert times == sorted(times, reverse=True)
    chosen = client.get("/v1/decisions", params={**IN_SHOP, "outcome": "near_duplicate"}).json()["decisions"]
    assert {decision["media_id"] for decision in chosen} == {"a/mirrored"}


def test_a_medium_and_its_group(client: httpx.Client, story: dict[str, Any]) -> None:
    medium = client.get("/v1/media/a/mirrored", params=IN_SHOP).json()
    assert medium["group_content_id"] == story["original"]["content_id"]
    group = client.get(f"/v1/groups/{medium['content_id']}", params=IN_SHOP).json()
    assert group["content_id"] == story["original"]["content_id"]
    roles = {member["media_id"]: member["role"] for member in group["members"]}
    assert roles == {"a/original": "canonical", "a/copy": "exact_copy", "a/mirrored": "near_copy"}
    altered = next(member for member in group["members"] if member["media_id"] == "a/mirrored")
    assert {found["fact"] for found in altered["differs"]} >= {"width", "height", "size_bytes"}
    assert altered["match"]["confidence"] == "certain"
    assert altered["why"]
    groups = client.get("/v1/groups", params=IN_SHOP).json()["groups"]
    assert story["original"]["content_id"] in {found["content_id"] for found in groups}


def test_a_lookup_tells_all_and_submits_nothing(client: httpx.Client, story: dict[str, Any]) -> None:
    altered = mirrored(photo(1, quality=60))
    found = client.post("/v1/lookup", params=IN_SHOP, content=altered, headers={"Content-Type": "image/jpeg"}).json()
    assert not found["known"]
    best = found["matches"][0]
    assert best["media_id"] in ("a/original", "a/mirrored")
    assert best["verified"]
    assert best["match"]["confidence"] == "certain"
    known = client.post("/v1/lookup", params=IN_SHOP, content=photo(1), headers={"Content-Type": "image/jpeg"}).json()
    assert known["known"]
    assert known["exact"]["content_id"] == story["original"]["content_id"]
    unknown = client.post(
        "/v1/lookup", params=IN_SHOP, content=photo(99), headers={"Content-Type": "image/jpeg"}
    ).json()
    assert [match for match in unknown["matches"] if match["match"]] == []
    refused = client.post("/v1/lookup", params=IN_SHOP, json={"url": "http://169.254.169.254/latest"})
    assert (refused.status_code, refused.json()["reason"]) == (422, "source_refused_address")


def test_searches_by_every_way(client: httpx.Client, story: dict[str, Any]) -> None:
    original = story["original"]
    whole = original["facts"]["hashes"]["phash256:1"]
    queries = [
        {"hash": whole},
        {"media_id": "a/mirrored"},
        {"content_id": original["content_id"]},
        {"text": "MIRRORED original"},
        {"media_id": "there is none"},
        {"hash": whole, "owner": "nobody"},
    ]
    results = client.post("/v1/search/batch", params=IN_SHOP, json={"queries": queries}).json()
    by_hash, by_medium, by_content, by_text, none, nobody = results
    for found in (by_hash, by_medium, by_content):
        assert {"a/original", "a/mirrored"} == {content["media_id"] for content in found["contents"]}, found
    assert {content["media_id"]: content["match"]["confidence"] for content in by_content["contents"]} == {
        "a/original": "exact",
        "a/mirrored": "certain",
    }
    assert by_text["texts"] == [] or by_text["texts"][0]["places"]
    assert none["error"] == "not_found"
    assert nobody["contents"] == []
    picture = client.post("/v1/search", params={**IN_SHOP, "limit": 1}, content=photo(1),
                          headers={"Content-Type": "image/jpeg"}).json()  # fmt: skip
    assert [content["distance_bits"] for content in picture["contents"]] == [0]
    following = client.post("/v1/search", params={**IN_SHOP, "limit": 1, "cursor": picture["next_cursor"]},
                            content=photo(1), headers={"Content-Type": "image/jpeg"}).json()  # fmt: skip
    both = [found["contents"][0]["media_id"] for found in (picture, following)]
    assert sorted(both) == ["a/mirrored", "a/original"]


def test_a_text_is_found_where_it_stands(client: httpx.Client) -> None:
    found = client.post("/v1/search", params=IN_SHOP, json={"text": "ORIGinal"}).json()
    place = found["texts"][0]["places"][0]
    assert place["text"][place["start"] : place["end"]].lower() == "original"


def test_a_verdict_is_in_the_next_answers(api: Api, client: httpx.Client) -> None:
    data = photo(21)
    submit(client, "judged", data)
    said = client.post("/v1/verdicts", params={"wait_s": 30}, json={
        "subject": "judged", "collection": "shop", "status": "blocked", "labels": [{"name": "fake", "score": 0.9}],
        "reason": "Seen before."})  # fmt: skip
    assert said.status_code == 200, said.text
    assert said.json()["effect"]["verdict"]["by"] == "shop"
    assert client.get("/v1/decisions/judged", params=IN_SHOP).json()["verdict"]["status"] == "blocked"
    assert submit(client, "judged again", data)["verdict"]["status"] == "blocked"
    shown = eventually(lambda: client.get("/v1/verdicts/judged", params=IN_SHOP).json()["acts"])
    assert (shown[0]["by_name"], shown[0]["event_id"].partition("#")[0]) == ("shop", "/mediasieve/api/shop")
    looked_up = eventually(
        lambda: [
            label["name"]
            for label in client.post(
                "/v1/lookup", params=IN_SHOP, content=data, headers={"Content-Type": "image/jpeg"}
            ).json()["labels"]
        ]
    )
    assert looked_up == ["fake"]
    assert "audit" in (api.folder / "data" / "logs" / "api.log").read_text()


def test_an_export_has_every_decision_and_says_when_it_is_complete(client: httpx.Client) -> None:
    lines = [json.loads(line) for line in client.get("/v1/exports/decisions", params=IN_SHOP).text.splitlines()]
    assert lines.pop() == {"complete": True}
    assert {"a/original", "a/copy", "a/mirrored", "b/different"} <= {line["media_id"] for line in lines}
    assert {line["collection"] for line in lines} == {"shop"}


def read_events(lines: Any, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            event["id"] = value
        if name == "data":
            found.append({**event, "decision": json.loads(value)})
            if len(found) == count:
                break
    return found


def test_a_stream_of_decisions_goes_on_where_it_was(api: Api, client: httpx.Client) -> None:
    with client.stream("GET", "/v1/events/decisions", params={**IN_SHOP, "max_s": 60}) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        submit(client, "streamed 1", photo(31))
        (first,) = read_events(lines, 1)
    assert first["decision"]["media_id"] == "streamed 1"
    with api.client("other") as other:
        submit(other, "not yours", photo(32), "other")
    submit(client, "streamed 2", photo(33))
    headers = {"Last-Event-ID": first["id"]}
    with client.stream("GET", "/v1/events/decisions", params={**IN_SHOP, "max_s": 60}, headers=headers) as stream:
        lines = stream.iter_lines()
        caught_up = read_events(lines, 1)
        submit(client, "streamed 3", photo(34))
        live = read_events(lines, 1)
    assert [event["decision"]["media_id"] for event in caught_up + live] == ["streamed 2", "streamed 3"]


def statistics_of(client: httpx.Client) -> dict[str, Any]:
    """What the API says, without what changes with the clock."""
    figures = client.get("/v1/statistics", params=IN_SHOP).json()
    return {name: value for name, value in figures.items() if name != "throughput"}


def statistics_at_a_terminal(api: Api) -> dict[str, Any]:
    shown = mediasieve(api.folder, "stats", "--collection", "shop", "--json")
    figures = orjson.loads(shown.stdout)
    assert {stage["stage"] for stage in figures.pop("lag")} == {"fingerprint", "bulk", "match", "record"}
    assert [span["window_s"] for span in figures.pop("throughput")] == [60, 300, 3600]
    return figures  # type: ignore[no-any-return]


def test_statistics_health_and_metrics(api: Api, client: httpx.Client) -> None:
    figures = client.get("/v1/statistics", params=IN_SHOP).json()
    assert {total["outcome"] for total in figures["outcomes"]} >= {"unique", "duplicate", "near_duplicate"}
    assert until(lambda: statistics_of(client) == statistics_at_a_terminal(api)), "both from the same questions"
    assert client.get("/v1/me").json()["collections"] == ["shop"]
    with api.client("admin") as admin:
        health = admin.get("/health").json()
        assert health["ok"], health
        assert {part["part"] for part in health["parts"]} >= {"broker", "clickhouse", "decisions"}
        assert "mediasieve_api_requests_total" in admin.get("/metrics").text
