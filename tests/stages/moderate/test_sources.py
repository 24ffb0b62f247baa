"""What a moderator gets of a medium: read again from the submission in Kafka, or from its URL."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiohttp import web

from agents.moderate import stage
from streams.domain.fingerprint.image.fingerprint import compute_content_id
from streams.domain.records import Decision, Origin
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, SUBMISSIONS, VERDICTS
from tests.runtime.conftest import Bench
from tests.support.media import jpeg
from tests.support.moderators import QUICK, CountingModerator, write_moderation_file
from tests.support.stories import decision
from tests.support.web_servers import Servers

PICTURE = jpeg()


def about(number: int, offset: int, data: bytes = PICTURE) -> Decision:
    """The decision about the submission at an offset of partition 0."""
    made = decision(number)
    return replace(made, content_id=compute_content_id(data), origin=Origin(SUBMISSIONS, 0, offset))


def publish(bench: Bench, submissions: list[tuple[int, bytes | str]], decisions: list[Decision]) -> None:
    for number, source in submissions:
        media_id = decision(number).media_id
        if isinstance(source, bytes):
            headers = [("content-type", b"image/jpeg"), ("ce_subject", media_id.encode())]
            bench.publish(SUBMISSIONS, [(media_id.encode(), source, 0)], headers)
        else:
            value = orjson.dumps({"media_id": media_id, "url": source})
            bench.publish(SUBMISSIONS, [(media_id.encode(), value, 0)])
    bench.publish(DECISIONS, [(each.media_id.encode(), each.to_json(), 0) for each in decisions])


async def run(bench: Bench, topic: str, count: int) -> list[Any]:
    async with bench.worker(stage(bench.settings())):
        return await asyncio.to_thread(bench.read, topic, lambda found: len(found) >= count)


def configure(bench: Bench, moderator: CountingModerator, **settings: Any) -> None:
    bench.overrides["moderation_file"] = write_moderation_file(bench.data_dir, moderator.url, **{**QUICK, **settings})
    bench.overrides["source_allow"] = ("127.0.0.1",)


async def test_bytes_come_from_kafka_or_from_the_url(
    bench: Bench, moderator: CountingModerator, servers: Servers
) -> None:
    async def picture(request: web.Request) -> web.Response:
        return web.Response(body=PICTURE + b"1", content_type="image/jpeg")

    url = await servers.web({"/a.jpg": picture}) + "/a.jpg"
    configure(bench, moderator, send="bytes")
    publish(bench, [(0, PICTURE), (1, url)], [about(0, 0), about(1, 1, PICTURE + b"1")])
    await run(bench, VERDICTS, 2)
    sent = [base64.b64decode(body["image"]) for body in moderator.bodies]
    assert sorted(sent) == [PICTURE, PICTURE + b"1"]


async def test_a_url_goes_out_as_it_was_submitted(bench: Bench, moderator: CountingModerator) -> None:
    configure(bench, moderator, send="url")
    publish(bench, [(0, "https://example.com/a.jpg?x=1")], [about(0, 0)])
    await run(bench, VERDICTS, 1)
    assert [body["url"] for body in moderator.bodies] == ["https://example.com/a.jpg?x=1"]


@pytest.mark.parametrize(
    ("settings", "source", "made", "reason"),
    [
        ({"send": "url"}, PICTURE, about(0, 0), b"no_source"),
        ({"send": "bytes"}, PICTURE + b"other", about(0, 0), b"source_changed"),
        ({"send": "bytes", "max_bytes": 1024}, PICTURE, about(0, 0), b"source_too_large"),
        ({"send": "bytes"}, PICTURE, about(0, 7), b"submission_gone"),
        ({"send": "bytes"}, PICTURE, replace(about(0, 0), origin=None), b"submission_gone"),
        ({"send": "bytes"}, PICTURE, about(1, 0), b"submission_gone"),  # another medium is there now
        ({"send": "bytes"}, "http://169.254.169.254/latest", about(0, 0), b"source_refused_address"),
    ],
)
async def test_a_medium_that_cannot_be_sent_becomes_a_dead_letter(
    bench: Bench, moderator: CountingModerator, settings: Any, source: bytes | str, made: Decision, reason: bytes
) -> None:
    if bench.namespace.kind == "container":
        pytest.skip("as Apache Kafka")
    assert len(PICTURE) > 1024
    configure(bench, moderator, **settings)
    publish(bench, [(0, source)], [made])
    (letter,) = await run(bench, DEAD_LETTERS, 1)
    assert dict(letter.headers())["dl_reason"] == reason
    assert moderator.calls.total() == 0
