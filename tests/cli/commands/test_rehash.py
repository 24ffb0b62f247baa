"""`mediasieve rehash`, on a real broker and the embedded ClickHouse, with records of an earlier version."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from streams.analytics.client import connect
from streams.analytics.queries.outdated import count_outdated_contents, outdated_contents
from streams.analytics.writer import ClickHouseSink
from streams.cli.progress import Tracker
from streams.config.policy_file import load_policies
from streams.config.settings import Settings, load_settings
from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.match.batch import MatchInput
from streams.domain.policy.policy import Policy
from streams.domain.records import Fingerprint, Origin, Submission, decode_submission, format_timestamp
from streams.kafka.clients import make_consumer, make_producer
from streams.kafka.topics import FINGERPRINTS, SUBMISSIONS, wire_name
from streams.services import rehash as service
from tests.cli.conftest import Run
from tests.support.media import jpeg
from tests.support.partition import Partition
from tests.support.patience import PATIENCE_S
from tests.support.stories import T0_MS, Record

CAT, COFFEE, ROCKET = jpeg("chelsea.png"), jpeg("coffee.png"), jpeg("rocket.jpg")


def fingerprinted(number: int, media_id: str, data: bytes, place: tuple[int, int], *, old: bool = True) -> Fingerprint:
    facts = fingerprint_image(data)
    at = format_timestamp(T0_MS + number)
    origin = Origin(SUBMISSIONS, *place)
    return Fingerprint(
        f"#{number}", 0, media_id, "shop", "image", at, at, origin, replace(facts, evidence="") if old else facts, None
    )


def record(number: int, fingerprint: Fingerprint) -> Record:
    value = orjson.loads(fingerprint.to_json())
    if fingerprint.facts is not None and not fingerprint.facts.evidence:
        del value["facts"]["evidence"]  # as the version before evidence wrote it
    return Record(FINGERPRINTS, 0, number, T0_MS + number, fingerprint.media_id.encode(), orjson.dumps(value))


def submitted(settings: Settings, media_id: str, value: bytes, headers: list[tuple[str, bytes]]) -> tuple[int, int]:
    """Publishes a submission; its partition and offset."""
    places: list[tuple[int, int]] = []
    producer = make_producer(settings)
    producer.produce(
        wire_name(settings, SUBMISSIONS), value, media_id.encode(), headers=headers,
        on_delivery=lambda _, message: places.append((message.partition(), message.offset())),
    )  # fmt: skip
    producer.flush(20)
    return places[0]


def read_submissions(settings: Settings, count: int) -> list[Submission]:
    """The submissions of `rehash`, `count` of them at least."""
    consumer = make_consumer(settings, f"test-{uuid.uuid4()}")
    found: list[Submission] = []
    deadline = time.monotonic() + PATIENCE_S
    try:
        consumer.subscribe([wire_name(settings, SUBMISSIONS)])
        while len(found) < count and time.monotonic() < deadline:
            for message in consumer.consume(100, 0.2):
                assert message.error() is None
                one = decode_submission(
                    key=message.key(),
                    value=message.value(),
                    headers=message.headers() or [],
                    origin=Origin(message.topic(), message.partition(), message.offset()),
                    timestamp_ms=message.timestamp()[1],
                )
                if one.submission_id.startswith(service.SOURCE):
                    found.append(one)
    finally:
        consumer.close()
    assert len(found) == count
    return found


class Story:
    """Three pictures of before evidence, one of now.

    `by url` has a URL, which Kafka still has; `inline` was submitted as bytes that Kafka has; `lost` is no longer
    there; `https://…` is a medium that is named by its URL.
    """

    URL = "https://example.com/rocket.jpg"

    client: Client

    def __init__(self, settings: Settings, address: str) -> None:
        self.settings, self.address = settings, address

    def write(self, records: list[Record]) -> None:
        sink = ClickHouseSink(load_settings(clickhouse=self.address))

        async def run() -> None:
            assert await sink.write(FINGERPRINTS, records) == []
            await sink.close()

        asyncio.run(run())

    def tell(self) -> None:
        by_url = submitted(
            self.settings, "by url",
            orjson.dumps({"media_id": "by url", "collection": "shop", "url": "http://127.0.0.1/cat.jpg"}), [],
        )  # fmt: skip
        headers = [("content-type", b"image/jpeg"), ("ce_subject", b"inline"), ("ce_collection", b"shop")]
        inline = submitted(self.settings, "inline", COFFEE, headers)
        self.write(
            [
                record(0, fingerprinted(0, "by url", CAT, by_url)),
                record(1, fingerprinted(1, "inline", COFFEE, inline)),
                record(2, fingerprinted(2, self.URL, ROCKET, (0, 999))),
                record(3, fingerprinted(3, "lost", jpeg("motorcycle_left.png"), (1, 999))),
                record(4, fingerprinted(4, "of now", jpeg("astronaut.png"), (2, 999), old=False)),
            ]
        )


@pytest.fixture
def story(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    pytest.importorskip("chdb")
    from streams.local.clickhouse.server import EmbeddedClickHouse

    with EmbeddedClickHouse(tmp_path / "clickhouse") as engine:
        monkeypatch.setenv("MEDIASIEVE_CLICKHOUSE", engine.url)
        told = Story(settings, engine.url)
        told.tell()
        with connect(load_settings(clickhouse=engine.url)) as told.client:
            yield told


def test_contents_of_before_are_submitted_again(run: Run, story: Story) -> None:
    result = run("rehash", "--rate", "1000")

    assert result.exit_code == 0, result.stderr
    assert "4 contents are of an earlier version" in result.stderr
    assert "published 3 (2 by URL, 1 as bytes)" in result.stderr
    assert "1 cannot be had again" in result.stderr
    found = {each.media_id: each for each in read_submissions(story.settings, 3)}
    assert found["by url"].url == "http://127.0.0.1/cat.jpg"
    assert found["inline"].body == COFFEE
    assert found[Story.URL].url == Story.URL
    assert {(each.collection, each.kind, each.priority) for each in found.values()} == {("shop", "image", 0)}
    assert found["inline"].metadata == {"rehash": fingerprint_image(COFFEE).content_id}


def test_a_second_run_makes_the_same_submission_ids(run: Run, story: Story) -> None:
    for _ in range(2):
        assert run("rehash", "--rate", "1000").exit_code == 0
    ids = [each.submission_id for each in read_submissions(story.settings, 6)]
    assert len(set(ids)) == 3
    assert sorted(ids) == sorted(2 * list(set(ids)))


def test_a_dry_run_publishes_nothing(run: Run, story: Story) -> None:
    result = run("rehash", "--dry-run", "--limit", "2", "--collection", "shop")
    assert result.exit_code == 0
    assert "2 contents are of an earlier version; would publish" in result.stderr
    assert read_submissions(story.settings, 0) == []
    assert run("rehash", "--collection", "elsewhere").stderr.strip().endswith("have evidence of this version.")


def test_what_came_again_since_is_not_submitted(run: Run, story: Story) -> None:
    story.write([record(9, fingerprinted(9, "again", CAT, (3, 999), old=False))])
    assert count_outdated_contents(story.client) == 3
    assert {each.media_id for each in outdated_contents(story.client)} == {"inline", Story.URL, "lost"}


def test_contents_are_read_in_pages(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    from streams.analytics.queries import outdated

    monkeypatch.setattr(outdated, "OUTDATED_CONTENTS", outdated.OUTDATED_CONTENTS.replace("LIMIT 2000", "LIMIT 1"))
    monkeypatch.setattr(outdated, "PAGE_ROWS", 1)
    ids = [each.content_id for each in outdated_contents(story.client)]
    assert len(ids) == len(set(ids)) == 4
    assert ids == sorted(ids)


def test_what_a_policy_has_forgotten_stays_forgotten(story: Story, folder: Path) -> None:
    file = folder / "policies.yaml"
    file.write_text("policies:\n  short:\n    retention_days: 30\ncollections:\n  shop: short\n")
    result = service.rehash(
        story.settings, story.client, load_policies(file), Tracker("rehash", None), per_second=1000.0
    )
    assert (result.expired, result.published, result.gone) == (4, 0, 0)


def test_submissions_are_spread_over_time(story: Story) -> None:
    waits: list[float] = []
    service.rehash(
        story.settings, story.client, load_policies(None), Tracker("rehash", None), per_second=0.1, sleep=waits.append
    )
    assert len(waits) == 2
    assert sum(waits) > 20


def test_the_decision_adds_evidence_and_changes_no_group() -> None:
    partition = Partition()
    policy = Policy.of()

    def decide(fingerprint: Fingerprint, at: int) -> dict[str, Any]:
        (answer,) = partition.decide([MatchInput.of(replace(fingerprint, policy=policy), at)])
        decision: dict[str, Any] = orjson.loads(answer.value)
        return decision

    first = fingerprinted(0, "cat", CAT, (0, 0))
    assert first.facts is not None
    again = replace(
        fingerprinted(1, "cat", CAT, (0, 1), old=False),
        submission_id=f"{service.SOURCE}#{service.event_id('shop', first.facts.content_id)}",
    )
    altered = fingerprinted(2, "altered", jpeg("chelsea.png", quality=40), (0, 2), old=False)
    assert decide(first, 0)["outcome"] == "unique"
    decided = decide(again, 1)
    assert (decided["outcome"], decided["match"]["group_media_id"], decided["match"]["media_id"]) == (
        "duplicate", "cat", "cat",
    )  # fmt: skip
    assert decide(altered, 2)["match"]["confidence"] == "certain"
    assert decide(again, 3) == decided
