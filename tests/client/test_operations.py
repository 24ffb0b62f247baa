"""Every method of the client asks for something that the description has, and every operation has a method."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import httpx
import orjson
import pytest

from streams.client import ApiError, AsyncClient, Client
from streams.client.retries import Retries
from streams.kafka.topics import project_file

CONTENT: Final = f"sha256:{1:064x}"
NO_METHOD: Final = {
    "stream_decisions", "export_decisions", "openapi", "health", "live", "livez", "ready", "readyz", "metrics",
    "begin_session", "end_session", "take_callback", "get_thumbnail",
}  # fmt: skip

CALLS: Final[dict[str, Callable[[Any], Any]]] = {
    "submit": lambda client: client.submit(b"x"),
    "submit_medium": lambda client: client.submit(b"x", media_id="a/b ü"),
    "submit_batch": lambda client: client.submit_batch([{"url": "https://example.com/1.jpg"}]),
    "get_decision": lambda client: client.decision("a/b", wait_s=3),
    "list_decisions": lambda client: client.decisions(outcome="failed", limit=5),
    "get_history": lambda client: client.history("a/b"),
    "get_medium": lambda client: client.medium("a/b"),
    "list_groups": lambda client: client.groups(for_review=True),
    "get_group": lambda client: client.group(CONTENT, limit=3),
    "search": lambda client: client.search(media_id="a"),
    "search_text": lambda client: client.search_text("red chair"),
    "search_batch": lambda client: client.search_batch([{"text": "red"}]),
    "look_up": lambda client: client.look_up(b"x"),
    "give_verdict": lambda client: client.give_verdict("a", "blocked", labels=[{"name": "gore"}]),
    "withdraw_verdict": lambda client: client.withdraw_verdict("a"),
    "get_verdicts": lambda client: client.verdicts("a/b"),
    "split": lambda client: client.split("a", "b"),
    "merge": lambda client: client.merge("a", "b", reason="the same"),
    "undo": lambda client: client.undo("a", "b", wait_s=2),
    "act_batch": lambda client: client.act_batch([{"event": "verdict", "subject": "a", "status": "blocked"}]),
    "list_review": lambda client: client.review(confidence="likely"),
    "list_collections": lambda client: client.collections(),
    "delete": lambda client: client.delete("a", dry_run=True),
    "list_hash_lists": lambda client: client.hash_lists(),
    "get_hash_list": lambda client: client.hash_list("ncmec"),
    "export_hash_list": lambda client: client.hash_list_entries("ncmec"),
    "import_hash_list": lambda client: client.import_hash_list(
        "ncmec", b"hash\n", version="1", list_format="csv", status="blocked", labels=["a", "b"]
    ),
    "drop_hash_list": lambda client: client.drop_hash_list("ncmec", reason="old"),
    "list_dead_letters": lambda client: client.dead_letters(reason=["not_json"]),
    "get_dead_letter": lambda client: client.dead_letter(3, 17),
    "replay_dead_letters": lambda client: client.replay_dead_letters(reasons=["not_json"], dry_run=True),
    "drop_dead_letters": lambda client: client.drop_dead_letters(places=["0/1"]),
    "create_job": lambda client: client.create_job("import", expected=3),
    "list_jobs": lambda client: client.jobs(only_open=True),
    "get_job": lambda client: client.job("import-1"),
    "close_job": lambda client: client.close_job("import-1", 3),
    "export_job_failures": lambda client: client.job_failures("import-1"),
    "get_statistics": lambda client: client.statistics(),
    "get_key": lambda client: client.key(),
}
SUBMITTED: Final = {"submission_id": "s", "media_id": "m", "collection": "c", "decision": None}


def description() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(project_file("docs/reference/openapi.json").read_bytes())
    return found


def operations() -> dict[str, tuple[str, re.Pattern[str], dict[str, Any]]]:
    """Method, path as a regex, and description of every operation."""
    return {
        operation["operationId"]: (
            method.upper(),
            re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))),
            operation,
        )
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "delete")
    }


class Recorder:
    """Answers every request with what was asked for, or a page of nothing."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if b"/decisions/" in request.url.raw_path:
            return httpx.Response(404, json={"code": "not_found"})
        return httpx.Response(200, json=SUBMITTED)


def test_every_operation_has_a_method() -> None:
    assert set(operations()) - NO_METHOD == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
async def test_a_method_asks_for_its_operation(name: str) -> None:
    recorder = Recorder()
    client = Client("http://api", collection="shop", retries=Retries(attempts=1))
    client._http = httpx.Client(base_url="http://api", transport=httpx.MockTransport(recorder))
    later = AsyncClient("http://api", collection="shop", retries=Retries(attempts=1))
    later._http = httpx.AsyncClient(base_url="http://api", transport=httpx.MockTransport(recorder))
    missing = name == "get_decision"
    for ask in (client, later):
        try:
            answer = CALLS[name](ask)
            if ask is later:
                answer = await answer
        except ApiError as error:
            assert missing
            assert error.code == "not_found"
        else:
            assert not missing
            assert answer
    first, second = recorder.asked
    method, path, operation = operations()[name]
    for request in (first, second):
        assert request.method == method
        assert path.fullmatch(request.url.raw_path.decode().partition("?")[0])
        known = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
        assert set(request.url.params) <= known
    assert first.url == second.url


def test_lines_that_break_off_are_refused_and_whole_ones_are_a_list() -> None:
    bodies = iter([b'{"media_id":"a"}\n{"complete":true}\n', b'{"media_id":"a"}\n{"med'])
    client = Client("http://api", retries=Retries(attempts=1))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=next(bodies)))
    client._http = httpx.Client(base_url="http://api", transport=transport)
    assert client.job_failures("j") == [{"media_id": "a"}]
    with pytest.raises(ApiError, match="broke off"):
        client.job_failures("j")
