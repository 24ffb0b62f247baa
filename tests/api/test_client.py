"""The Python client against a running API, and its retries against a server that refuses first."""

from __future__ import annotations

import inspect
from typing import Any

import httpx
import pytest

from streams.client import ApiError, AsyncClient, Client, NotDecidedError
from streams.client.retries import Retries
from tests.api.conftest import Api, eventually, photo


def test_both_clients_have_the_same_methods_and_say_what_they_take() -> None:
    def methods(client: type) -> dict[str, Any]:
        names = [name for name in dir(client) if not name.startswith("_") and callable(getattr(client, name))]
        return {name: list(inspect.signature(getattr(client, name)).parameters) for name in names}

    assert methods(Client) == methods(AsyncClient)
    assert methods(Client)["job"] == ["self", "job_id", "collection"]
    assert Client.job.__doc__
    assert Client("http://api").job.__doc__ == Client.job.__doc__


def test_it_submits_waits_looks_up_and_judges(api: Api, story: dict[str, Any]) -> None:
    data = photo(51)
    with Client(api.url, key=api.keys["shop"]) as client:
        submitted = client.submit_and_wait(
            data, media_id="client/1", metadata={"owner": "ü"}, content_type="image/jpeg"
        )
        assert submitted.decision is not None
        assert (submitted.decision.outcome, submitted.decision.metadata) == ("unique", {"owner": "ü"})
        again = client.submit_and_wait(data, content_type="image/jpeg")
        assert again.decision is not None
        assert again.decision.match is not None
        assert again.decision.match.media_id == "client/1"
        assert client.find_decision("there is none") is None
        assert client.decision("client/1").decision_id == submitted.decision.decision_id
        said = client.give_verdict("client/1", "review", reason="Look at it.", wait_s=30)
        assert said["effect"]["verdict"]["status"] == "review"
        known = eventually(lambda: client.look_up(data)["known"])
        assert known
        group = client.group(story["original"]["content_id"])
        assert len(group["members"]) == 3
        assert client.medium("a/copy")["content_submissions"] == 2
        assert client.search(media_id="a/mirrored", limit=1)["contents"]
        with pytest.raises(ApiError) as refused:
            client.decision("secret/medium", collection="other")
        assert refused.value.code == "collection_forbidden"
        with pytest.raises(NotDecidedError):
            client.submit_and_wait(photo(52), timeout_s=0.0)


async def test_the_asynchronous_client_does_the_same(api: Api, story: dict[str, Any]) -> None:
    async with AsyncClient(api.url, key=api.keys["shop"]) as client:
        submitted = await client.submit_and_wait(photo(53), media_id="client/async", content_type="image/jpeg")
        assert submitted.decision is not None
        assert submitted.decision.outcome == "unique"
        assert (await client.decision("client/async")).media_id == "client/async"


def test_what_cannot_be_served_is_asked_again_with_the_same_key() -> None:
    asked: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) == 1:
            raise httpx.ConnectError("refused")
        if len(asked) == 2:
            return httpx.Response(503, json={"code": "overloaded"}, headers={"Retry-After": "0"})
        return httpx.Response(202, json={"submission_id": "s", "media_id": "m", "collection": "c", "decision": None})

    client = Client("http://api", key="k", retries=Retries(first_s=0.0))
    client._http = httpx.Client(base_url="http://api", transport=httpx.MockTransport(serve))
    assert client.submit(b"x", media_id="a/b").submission_id == "s"
    assert len({request.headers["idempotency-key"] for request in asked}) == 1
    assert [request.url.raw_path for request in asked] == [b"/v1/media/a%2Fb?kind=auto"] * 3


def test_pauses_grow_and_the_server_may_ask_for_more() -> None:
    retries = Retries()
    pauses = [retries.pause_s(attempt) for attempt in range(1, 9)]
    assert 0.05 <= pauses[0] <= 0.15
    assert max(pauses) <= 2.5
    assert retries.pause_s(1, {"retry-after": "7"}) == 7
    assert retries.pause_s(1, {"retry-after": "9999"}) == 30
