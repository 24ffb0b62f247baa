"""How a moderator is asked: failures of every kind, batches, limits, and what is remembered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from streams import metrics
from streams.errors import BadInput, Reason
from streams.moderation.answers import GivenVerdict
from streams.moderation.inquiries import Inquiry, Medium
from streams.moderation.moderator import ModeratorAnswer
from tests.moderation.conftest import MakeCaller, inquiry
from tests.support.moderators import MAPPING, CountingModerator
from tests.support.stories import decision
from tests.support.web_servers import ForbiddenServer, Servers, wait_until

GOOD = {"labels": [{"name": "nudity", "score": 0.1}]}


def status_of(given: GivenVerdict | None) -> str | None:
    return given.answer.status if given is not None and given.answer is not None else None


def failures(reason: str) -> float:
    return metrics.REGISTRY.get_sample_value(
        "mediasieve_moderator_failures_total", {"moderator": "safety", "reason": reason}
    ) or 0.0  # fmt: skip


class Poison:
    """Answers content 0 as `respond` says, and all others well."""

    def __init__(self, respond: Any) -> None:
        self._respond = respond

    async def __call__(self, body: Any) -> web.StreamResponse:
        if body.get("id") == decision(0).content_id:
            found: web.StreamResponse = await self._respond(body)
            return found
        return web.json_response(GOOD)


async def hang(body: Any) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def respond_with(response: dict[str, Any]) -> web.StreamResponse:
    return web.json_response(response)


NONSENSE: dict[str, Any] = {
    "not JSON": {"text": "<html>it works</html>"},
    "no object": {"text": "[]"},
    "no labels": {"text": '{"result": "fine"}'},
    "a score that is too high": {"text": '{"labels": [{"name": "nudity", "score": 97}]}'},
    "a score that is a text": {"text": '{"labels": [{"name": "nudity", "score": "high"}]}'},
    "a score that is true": {"text": '{"labels": [{"name": "nudity", "score": true}]}'},
    "a label without a name": {"text": '{"labels": [{"score": 0.5}]}'},
    "not a number": {"text": '{"labels": [{"name": "nudity", "score": NaN}]}'},
    "nothing": {"text": ""},
    "too much": {"body": b" " * (5 << 20)},
    "a compressed bomb": {"body": b"\x1f\x8b", "headers": {"Content-Encoding": "gzip"}},
}


@pytest.mark.parametrize("response", NONSENSE.values(), ids=NONSENSE)
async def test_a_nonsense_answer_is_no_verdict_and_becomes_a_reason(
    make_caller: MakeCaller, moderator: CountingModerator, response: dict[str, Any]
) -> None:
    async def respond(body: Any) -> web.StreamResponse:
        return web.Response(**response)

    moderator.respond = Poison(respond)
    caller, before = make_caller(), failures("moderator_bad_answer")
    asked = [asyncio.create_task(caller.ask(inquiry(number))) for number in range(6)]
    with pytest.raises(BadInput) as error:
        await asked[0]
    assert error.value.reason == Reason.MODERATOR_BAD_ANSWER
    assert [status_of(await each) for each in asked[1:]] == ["allowed"] * 5
    assert failures("moderator_bad_answer") == before + 3


async def test_a_moderator_that_answers_only_nonsense_is_waited_for(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    is_well = False

    async def respond(body: Any) -> web.StreamResponse:
        return web.json_response(GOOD if is_well else {"result": "fine"})

    moderator.respond = respond
    caller = make_caller()
    asked = [asyncio.create_task(caller.ask(inquiry(number))) for number in range(3)]
    await wait_until(lambda: moderator.calls.total() >= 8)
    assert not any(each.done() for each in asked)
    assert caller._breaker.is_open
    is_well = True
    assert [status_of(given) for given in await asyncio.gather(*asked)] == ["allowed"] * 3


async def test_a_call_that_hangs_ends_and_holds_up_no_other(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    moderator.respond = Poison(hang)
    caller = make_caller(timeout_s=0.3, concurrency=2)
    hanging = asyncio.create_task(caller.ask(inquiry(0)))
    assert [status_of(await caller.ask(inquiry(number))) for number in range(1, 5)] == ["allowed"] * 4
    with pytest.raises(BadInput, match=r"no answer within 0\.3 s"):
        await asyncio.gather(hanging, *(caller.ask(inquiry(number)) for number in range(5, 9)))


async def test_a_redirect_to_a_private_address_is_not_followed(
    make_caller: MakeCaller, moderator: CountingModerator, servers: Servers
) -> None:
    forbidden = ForbiddenServer()
    secret = await servers.serve({"/": forbidden.answer})

    async def respond(body: Any) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": secret})

    moderator.respond = Poison(respond)
    caller = make_caller()
    asked = [asyncio.create_task(caller.ask(inquiry(number))) for number in range(4)]
    with pytest.raises(BadInput, match="redirects are not followed"):
        await asked[0]
    assert forbidden.reached == 0


async def test_a_label_bomb_is_cut_with_a_reason(make_caller: MakeCaller, moderator: CountingModerator) -> None:
    moderator.labels = [{"name": f"{number} ".ljust(300, "x"), "score": 0.1} for number in range(9_999)]
    moderator.labels.append({"name": "nudity\0", "score": 0.95})
    moderator.labels.append({"name": "nudity", "score": 0.9})
    given = await make_caller().ask(inquiry(1))
    assert given is not None
    assert given.answer is not None
    assert (given.answer.status, len(given.answer.labels)) == ("blocked", 64)
    assert given.answer.labels[0].name == "nudity\ufffd"
    assert all(len(label.name) <= 128 for label in given.answer.labels)
    assert given.answer.reason is not None
    assert "10,001 labels were given; the 64 with the highest scores are kept" in given.answer.reason


async def test_a_refusal_is_final_once_the_moderator_has_answered_anything(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    async def refuse(body: Any) -> web.StreamResponse:
        return web.json_response({"error": "no such model"}, status=400)

    moderator.respond = refuse
    caller = make_caller()
    first = asyncio.create_task(caller.ask(inquiry(0)))
    await wait_until(lambda: moderator.calls.total() >= 6)
    assert not first.done()  # so far nothing but refusals: the configuration may be wrong
    moderator.respond = Poison(refuse)
    assert status_of(await caller.ask(inquiry(1))) == "allowed"
    with pytest.raises(BadInput) as error:
        await first
    assert error.value.reason == Reason.MODERATOR_REFUSED


async def test_a_question_is_given_up_after_the_time_that_the_file_says(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    async def respond(body: Any) -> web.StreamResponse:
        return web.Response(status=500, text="out of order")

    moderator.respond = respond
    caller = make_caller(retry={"first_wait_s": 0.02, "give_up_after_s": 0.4})
    with pytest.raises(BadInput, match=r"no answer in 0\.4 s: it answered 500: 'out of order'"):
        await caller.ask(inquiry(1))


async def test_retry_after_leaves_the_moderator_alone(make_caller: MakeCaller, moderator: CountingModerator) -> None:
    async def respond(body: Any) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "3600"})

    moderator.respond = respond
    caller = make_caller()
    asked = asyncio.create_task(caller.ask(inquiry(0)))
    await wait_until(lambda: caller._breaker.is_open)
    moderator.respond = None
    later = asyncio.create_task(caller.ask(inquiry(1)))
    await asyncio.sleep(0.5)
    assert moderator.calls.total() == 1
    for task in (asked, later):
        task.cancel()


async def test_at_most_so_many_calls_are_made_at_once(make_caller: MakeCaller, moderator: CountingModerator) -> None:
    moderator.delay_s = 0.05
    caller = make_caller(concurrency=3)
    await asyncio.gather(*(caller.ask(inquiry(number)) for number in range(20)))
    assert moderator.most_at_work == 3


async def test_equal_contents_at_once_are_one_call_and_later_ones_none(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    moderator.delay_s = 0.05
    caller = make_caller()
    first, second = await asyncio.gather(caller.ask(inquiry(1)), caller.ask(inquiry(1)))
    third = await make_caller().ask(inquiry(1))  # another worker process with the same journal
    assert first == second == third
    assert moderator.calls.total() == 1
    elsewhere = replace(decision(1), collection="elsewhere")
    await caller.ask(inquiry(elsewhere))
    await make_caller(version="2").ask(inquiry(1))
    assert moderator.calls.total() == 3


async def test_keys_take_turns_within_their_limits_and_a_day_counts_across_restarts(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    def caller() -> Any:
        return make_caller(limits={"per_day": 3})

    first = caller()
    await asyncio.gather(*(first.ask(inquiry(number)) for number in range(2)))
    second = caller()
    assert status_of(await second.ask(inquiry(2))) == "blocked"
    waiting = asyncio.create_task(second.ask(inquiry(3)))
    await asyncio.sleep(0.3)
    assert moderator.calls.total() == 3
    waiting.cancel()


BATCHES: dict[str, Any] = {
    "request": {
        "json": {"items": "${items}"},
        "item": {"id": "${content_id}", "hash": "${hash.phash64}", "note": "${metadata.absent}"},
    },
    "response": {
        "items": "results",
        "id": "id",
        "error": "error",
        "status": "decision",
        "statuses": {"ok": "allowed", "bad": "blocked"},
        "reason": "why",
    },
}


async def test_a_batch_has_an_answer_or_an_error_for_every_item(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    async def respond(body: Any) -> web.StreamResponse:
        results = [{"id": item["id"], "decision": "bad", "why": "it is"} for item in body["items"]]
        for result in results:
            if result["id"] == decision(0).content_id:
                result["error"] = "cannot be loaded"
        return web.json_response({"results": results[::-1]})

    moderator.respond = respond
    caller = make_caller(mapping=BATCHES, batch={"size": 8, "wait_s": 0.2})
    asked = [asyncio.create_task(caller.ask(inquiry(number))) for number in range(20)]
    with pytest.raises(BadInput, match="it reports an error: 'cannot be loaded'"):
        await asked[0]
    answers = [await each for each in asked[1:]]
    assert [status_of(given) for given in answers] == ["blocked"] * 19
    assert [given.answer.reason for given in answers if given and given.answer] == ["it is"] * 19
    assert [len(body["items"]) for body in moderator.bodies[:3]] == [8, 8, 4]
    assert moderator.bodies[0]["items"][1] == {"id": decision(1).content_id, "hash": f"{1:016x}"}
    assert max(moderator.calls.values()) == moderator.calls[decision(0).content_id or ""] == 3


async def test_a_batch_that_is_refused_is_asked_item_by_item(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    bad = decision(3).content_id

    async def respond(body: Any) -> web.StreamResponse:
        if any(item["id"] == bad for item in body["items"]):
            return web.Response(status=422, text="one is bad")
        return web.json_response({"results": [{"id": item["id"], "decision": "ok"} for item in body["items"]]})

    moderator.respond = respond
    caller = make_caller(mapping=BATCHES, batch={"size": 4, "wait_s": 0.2})
    asked = [asyncio.create_task(caller.ask(inquiry(number))) for number in range(4)]
    with pytest.raises(BadInput) as error:
        await asked[3]
    assert error.value.reason == Reason.MODERATOR_REFUSED
    assert [status_of(await each) for each in asked[:3]] == ["allowed"] * 3


async def test_bytes_and_urls_go_out_as_the_mapping_says(make_caller: MakeCaller, moderator: CountingModerator) -> None:
    caller = make_caller(send="url_or_bytes")
    await caller.ask(inquiry(1, url="https://example.com/a.jpg"))
    await caller.ask(inquiry(2, data=b"\xff\xd8"))
    assert [(body.get("url"), body.get("image")) for body in moderator.bodies] == [
        ("https://example.com/a.jpg", None),
        (None, "/9g="),
    ]


async def test_a_source_that_is_away_for_a_moment_is_read_again(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    tries = 0

    @contextlib.asynccontextmanager
    async def load() -> AsyncIterator[Medium]:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise BadInput(Reason.SOURCE_UNREACHABLE, "no route")
        yield Medium(url="https://example.com/a.jpg")

    assert status_of(await make_caller().ask(Inquiry(decision(1), load))) == "blocked"

    @contextlib.asynccontextmanager
    async def gone() -> AsyncIterator[Medium]:
        if tries:
            raise BadInput(Reason.SOURCE_NOT_FOUND, "404")
        yield Medium()

    with pytest.raises(BadInput) as error:
        await make_caller().ask(Inquiry(decision(2), gone))
    assert error.value.reason == Reason.SOURCE_NOT_FOUND
    assert moderator.calls.total() == 1


async def test_a_question_that_nobody_needs_any_more_is_not_asked(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    asked = replace(inquiry(1), is_moot=lambda: True)
    assert await make_caller().ask(asked) is None
    assert moderator.calls.total() == 0


async def test_a_status_and_its_texts_can_be_mapped(make_caller: MakeCaller, moderator: CountingModerator) -> None:
    mapping = {
        "request": MAPPING["request"],
        "response": {"status": "flagged", "statuses": {"true": "blocked", "false": "allowed"}, "version": "model"},
    }

    async def respond(body: Any) -> web.StreamResponse:
        return web.json_response({"flagged": True, "model": "m-7"})

    moderator.respond = respond
    given = await make_caller(mapping=mapping).ask(inquiry(1))
    assert given is not None
    assert given.answer == ModeratorAnswer("blocked", [], None, "m-7")


async def test_a_key_that_a_service_echoes_is_masked(make_caller: MakeCaller, moderator: CountingModerator) -> None:
    async def respond(body: Any) -> web.Response:
        return web.Response(status=500, text=f"no such user: {moderator.keys[-1]}")

    moderator.respond = respond
    caller = make_caller(retry={"first_wait_s": 0.02, "give_up_after_s": 0.3})
    with pytest.raises(BadInput, match=r"no such user: Bearer \*\*\*") as error:
        await caller.ask(inquiry(1))
    assert "secret-key" not in str(error.value)


async def test_an_import_is_asked_about_behind_live_traffic(
    make_caller: MakeCaller, moderator: CountingModerator
) -> None:
    moderator.delay_s = 0.02
    caller = make_caller(concurrency=1)
    bulk = [replace(inquiry(number), is_bulk=True) for number in range(6)]
    asked = [asyncio.create_task(caller.ask(each)) for each in (*bulk, inquiry(100), inquiry(101))]
    await asyncio.gather(*asked)
    order = [body["id"] for body in moderator.bodies]
    assert order.index(decision(100).content_id) <= 2
    assert order.index(decision(101).content_id) <= 3
