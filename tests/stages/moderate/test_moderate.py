"""The moderate stage: new contents are asked about once, whatever happens, and verdicts go to media.verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from confluent_kafka import Message

from agents.moderate import stage
from streams.domain.records import Decision, ModerationEvent, Verdict, decision_id
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, VERDICTS
from tests.runtime.conftest import Bench, eventually
from tests.support.moderators import QUICK, CountingModerator, write_moderation_file
from tests.support.stories import decision


def publish(bench: Bench, decisions: Sequence[Decision]) -> None:
    records = [(each.media_id.encode(), each.to_json(), number % 8) for number, each in enumerate(decisions)]
    bench.publish(DECISIONS, records)


def configure(bench: Bench, moderator: CountingModerator, **settings: Any) -> None:
    path = write_moderation_file(bench.data_dir, moderator.url, **{**QUICK, **settings})
    bench.overrides["moderation_file"] = path


async def read(bench: Bench, topic: str, count: int) -> list[Message]:
    return await asyncio.to_thread(bench.read, topic, lambda found: len(found) >= count)


def events(messages: Sequence[Message]) -> list[ModerationEvent]:
    return [ModerationEvent.from_json(message.value()) for message in messages]


async def all_committed(bench: Bench, count: int) -> None:
    def committed() -> int:
        offsets = (bench.committed(DECISIONS, partition, "moderate") for partition in range(8))
        return sum(max(0, offset) for offset in offsets)

    await eventually(lambda: committed() >= count, blocking=True)


async def test_every_unique_content_is_asked_about_exactly_once(bench: Bench, moderator: CountingModerator) -> None:
    configure(bench, moderator)
    unique = [decision(number) for number in range(100)]
    copies = [decision(number + 1000, content=number, outcome="duplicate") for number in range(100)]
    near = [decision(number + 2000, content=number, outcome="near_duplicate") for number in range(50)]
    failed = [decision(number + 3000, outcome="failed") for number in range(10)]
    publish(bench, [*unique, *copies, *near, *failed, *unique])  # some decisions are told again
    async with bench.worker(stage(bench.settings())):
        await all_committed(bench, 360)
    found = events(await read(bench, VERDICTS, 100))

    assert moderator.calls == {each.content_id: 1 for each in unique}
    assert {each.content_id for each in found} == moderator.calls.keys()
    first = found[0]
    assert (first.status, first.by.kind, first.by.name, first.by.version) == ("blocked", "model", "safety", "1")
    assert [(label.name, label.parent, label.score) for label in first.labels] == [("nudity", "sex", 0.9)]
    assert first.reason == "nudity 0.90"
    assert set(moderator.keys) == {"Bearer secret-key"}


async def test_decisions_of_other_collections_and_with_a_verdict_are_asked_about_by_nobody(
    bench: Bench, moderator: CountingModerator
) -> None:
    configure(bench, moderator, collections={"shop": "safety"})
    known = replace(decision(1), collection="shop", verdict=Verdict("allowed", by="ann", kind="person"))
    asked = replace(decision(2), collection="shop")
    publish(bench, [decision(0), known, asked])
    async with bench.worker(stage(bench.settings())):
        await all_committed(bench, 3)
    assert list(moderator.calls) == [asked.content_id]


async def test_a_verdict_that_comes_meanwhile_spares_the_call(bench: Bench, moderator: CountingModerator) -> None:
    configure(bench, moderator, concurrency=1)
    moderator.delay_s = 1.0
    first, second = decision(1), decision(2)
    publish(bench, [first])
    async with bench.worker(stage(bench.settings())):
        await eventually(lambda: moderator.at_work == 1)
        said = Verdict("allowed", by="ann", kind="person", content_id=second.content_id)
        revised = replace(second, revision=1, verdict=said, action="reuse")
        bench.publish(DECISIONS, [(b"2", each.to_json(), 1) for each in (second, revised)])
        await all_committed(bench, 3)
    assert list(moderator.calls) == [first.content_id]


async def test_a_decision_that_is_told_again_gives_the_same_event(bench: Bench, moderator: CountingModerator) -> None:
    configure(bench, moderator)
    publish(bench, [decision(1), decision(1)])
    async with bench.worker(stage(bench.settings())):
        first, second = await read(bench, VERDICTS, 2)
    assert (first.value(), first.headers()) == (second.value(), second.headers())
    assert moderator.calls.total() == 1


async def test_another_worker_makes_the_same_event_of_the_same_decision(
    bench: Bench, moderator: CountingModerator
) -> None:
    configure(bench, moderator)
    publish(bench, [decision(1)])
    async with bench.worker(stage(bench.settings("w0")), worker_id="w0"):
        await all_committed(bench, 1)
    bench.publish(DECISIONS, [(b"1", decision(1).to_json(), 0)])
    async with bench.worker(stage(bench.settings("w1")), worker_id="w1"):
        first, second = events(await read(bench, VERDICTS, 2))
    assert first.event_id == second.event_id
    assert moderator.calls.total() == 2


async def test_a_moderator_that_is_away_delays_verdicts_and_loses_none(
    bench: Bench, moderator: CountingModerator
) -> None:
    from aiohttp import web

    is_away = True

    async def respond(body: Any) -> web.Response:
        return web.Response(status=503) if is_away else web.json_response({"labels": []})

    moderator.respond = respond
    configure(bench, moderator)
    publish(bench, [decision(number) for number in range(20)])
    async with bench.worker(stage(bench.settings())) as worker:
        await eventually(lambda: moderator.calls.total() >= 5)
        assert worker.live
        is_away = False
        found = events(await read(bench, VERDICTS, 20))
        assert await asyncio.to_thread(bench.read, DEAD_LETTERS, lambda _: True) == []
    assert {each.status for each in found} == {"allowed"}
    assert len({each.content_id for each in found}) == 20


async def test_a_content_that_the_moderator_refuses_becomes_a_dead_letter_that_can_be_replayed(
    bench: Bench, moderator: CountingModerator
) -> None:
    from aiohttp import web

    bad = decision(3)

    async def respond(body: Any) -> web.Response:
        if body["id"] == bad.content_id:
            return web.json_response({"message": "too small"}, status=422)
        return web.json_response({"labels": []})

    moderator.respond = respond
    configure(bench, moderator)
    publish(bench, [decision(number) for number in range(6)])
    async with bench.worker(stage(bench.settings())):
        await all_committed(bench, 6)
        (letter,) = await read(bench, DEAD_LETTERS, 1)
        headers = dict(letter.headers() or [])
        assert (headers["dl_reason"], headers["dl_stage"]) == (b"moderator_refused", b"moderate")
        assert b"too small" in headers["dl_detail"]
        assert headers["dl_origin_topic"] == DECISIONS.encode()
        moderator.respond = None
        bench.publish(DECISIONS, [(letter.key(), letter.value(), 0)])
        found = events(await read(bench, VERDICTS, 6))
    assert bad.content_id in {each.content_id for each in found}


async def test_a_content_that_alone_gets_no_answer_becomes_a_dead_letter(
    bench: Bench, moderator: CountingModerator
) -> None:
    from aiohttp import web

    poison = decision(3)

    async def respond(body: Any) -> web.Response:
        if body["id"] == poison.content_id:
            return web.Response(status=500, text="stack trace")
        return web.json_response({"labels": []})

    moderator.respond = respond
    configure(bench, moderator)
    publish(bench, [decision(number) for number in range(10)])
    async with bench.worker(stage(bench.settings())):
        await all_committed(bench, 10)
    (letter,) = await read(bench, DEAD_LETTERS, 1)
    headers = dict(letter.headers() or [])
    assert headers["dl_reason"] == b"moderator_unavailable"
    assert letter.value() == poison.to_json()
    assert moderator.calls[poison.content_id or ""] == 3


async def test_a_new_version_asks_again_about_what_its_old_one_said(bench: Bench, moderator: CountingModerator) -> None:
    configure(bench, moderator, version="2", on_new_version="ask_again")

    def copy(number: int, version: str, by: str = "safety", of: int = 1) -> Decision:
        made = decision(number, content=1, outcome="duplicate")
        named = decision(of).content_id
        return replace(made, verdict=Verdict("allowed", by=by, kind="model", version=version, content_id=named))

    publish(bench, [copy(10, "2"), copy(11, "1", by="other"), copy(12, "1", of=2)])
    stale = [copy(20, "1"), copy(21, "1")]
    bench.publish(DECISIONS, [(b"stale", each.to_json(), 0) for each in stale])
    async with bench.worker(stage(bench.settings())):
        await all_committed(bench, 5)
    found = events(await read(bench, VERDICTS, 2))
    assert {(each.content_id, each.by.version) for each in found} == {(decision(1).content_id, "2")}
    assert moderator.calls.total() == 1


async def test_a_split_content_is_asked_about_and_a_withdrawn_verdict_is_not(
    bench: Bench, moderator: CountingModerator
) -> None:
    configure(bench, moderator)
    split = decision(5, content=1, outcome="near_duplicate")
    split = replace(split, revision=1, action="process", decision_id=decision_id("default", "s", 0, 1))
    withdrawn = replace(decision(6), revision=2)
    publish(bench, [split, withdrawn])
    async with bench.worker(stage(bench.settings())):
        await all_committed(bench, 2)
    assert list(moderator.calls) == [split.content_id]


async def test_what_is_not_a_decision_becomes_a_dead_letter(bench: Bench, moderator: CountingModerator) -> None:
    configure(bench, moderator)
    bench.publish(DECISIONS, [(b"1", b"{", 0), (b"2", orjson.dumps({"collection": "default"}), 0)])
    async with bench.worker(stage(bench.settings())):
        letters = await read(bench, DEAD_LETTERS, 2)
    assert {dict(each.headers() or [])["dl_reason"] for each in letters} == {b"not_json", b"missing_field"}
