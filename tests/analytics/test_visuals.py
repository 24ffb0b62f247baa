"""What looks alike is found by codes and values in ClickHouse as a full scan finds it, and goes with its content."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from streams.analytics.queries import visuals as queries
from streams.analytics.queries.stored import DecisionFilter
from streams.analytics.queries.visuals import VisualNeighbour, visual_neighbours
from streams.analytics.thumbnail_deletion import ThumbnailDeleter
from streams.analytics.writer import ClickHouseSink
from streams.domain.evidence.evidence import EDGE, Evidence, Thumbnail, pack_evidence
from streams.domain.evidence.key_frames import KeyFrame, pack_key_frames
from streams.domain.evidence.thumbnail import encode_thumbnail
from streams.domain.evidence.visual import visual_descriptor
from streams.domain.hashes.views import FULL
from streams.kafka.topics import DECISIONS, FINGERPRINTS
from streams.thumbnails.names import STORED, digest_of, object_name
from streams.thumbnails.store import ThumbnailStore
from tests.support.engines import Database
from tests.support.media import noise
from tests.support.stories import Record, decision, decision_record, deleted, facts, fingerprint, fingerprint_record

CONTENTS = 300
ANY = DecisionFilter("default")


def packed(number: int) -> bytes:
    """The thumbnail of a picture; those of numbers from 100 on are mixtures of two of the first hundred."""
    mixed = noise((64, 64), number % 100).convert("L")
    if number >= 100:
        other = np.asarray(noise((64, 64), number * 7 % 100).convert("L"), np.int64)
        return encode_thumbnail(((2 * np.asarray(mixed, np.int64) + other) // 3).astype(np.uint8))
    return encode_thumbnail(np.asarray(mixed))


def evidence_of(thumbnail: bytes) -> Evidence:
    return Evidence(640, 480, (Thumbnail(FULL, (0, 0, EDGE, EDGE), thumbnail),))


def record(number: int, evidence: bytes, offset: int | None = None) -> Record:
    made = replace(facts(number), evidence=b64encode(evidence).decode())
    return fingerprint_record(replace(fingerprint(number), facts=made), number if offset is None else offset)


@pytest.fixture
async def sink(clickhouse: Database) -> AsyncIterator[ClickHouseSink]:
    made = ClickHouseSink(clickhouse.settings())
    await made.write(FINGERPRINTS, [record(number, pack_evidence(evidence_of(packed(number))))
                                    for number in range(CONTENTS)])  # fmt: skip
    yield made
    await made.close()


def distance(one: bytes, other: bytes) -> int:
    values = (np.frombuffer(each, np.int8).astype(np.int64) for each in (one, other))
    first, second = values
    return int(np.square(first - second).sum())


def full_scan(descriptor: bytes, without: int, limit: int) -> list[VisualNeighbour]:
    found = [
        VisualNeighbour(facts(number).content_id, distance(descriptor, visual_descriptor(packed(number))), 0)
        for number in range(CONTENTS)
        if number != without
    ]
    return sorted(found, key=lambda each: (each.distance, each.content_id))[:limit]


def near(clickhouse: Database, number: int, limit: int = 10, **more: object) -> list[VisualNeighbour]:
    options = {"chosen": ANY, "without": facts(number).content_id, "after": None, **more}
    with clickhouse.client() as client:
        return list(visual_neighbours(client, [visual_descriptor(packed(number))], limit=limit, **options))  # type: ignore[arg-type]


@pytest.mark.usefixtures("sink")
def test_the_nearest_are_those_of_a_full_scan(clickhouse: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(0, CONTENTS, 60):
        assert near(clickhouse, number) == full_scan(visual_descriptor(packed(number)), number, 10)
    monkeypatch.setattr(queries, "MIN_COMPARED", 0)  # a third of the rows is compared
    found = expected = 0
    for number in range(0, CONTENTS, 20):
        scanned = set(full_scan(visual_descriptor(packed(number)), number, 10))
        expected += len(scanned)
        found += len(scanned & set(near(clickhouse, number)))
    assert found >= 0.95 * expected


@pytest.mark.usefixtures("sink")
def test_pages_go_on_where_the_page_before_ended(clickhouse: Database) -> None:
    first = near(clickhouse, 5)
    second = near(clickhouse, 5, after=(first[-1].distance, first[-1].content_id))
    assert first + second == full_scan(visual_descriptor(packed(5)), 5, 20)


async def test_a_search_stays_in_its_collection_and_filter(sink: ClickHouseSink, clickhouse: Database) -> None:
    owned = [replace(decision(number), metadata={"owner": "u-7"}) for number in (8, 9)]
    await sink.write(DECISIONS, [decision_record(each, at) for at, each in enumerate(owned)])
    assert near(clickhouse, 5, chosen=DecisionFilter("other")) == []
    assert near(clickhouse, 5, chosen=DecisionFilter("default", owner="nobody")) == []
    found = near(clickhouse, 5, chosen=DecisionFilter("default", owner="u-7"))
    assert {each.content_id for each in found} == {each.content_id for each in owned}


async def test_key_frames_of_videos_say_when(sink: ClickHouseSink, clickhouse: Database) -> None:
    frames = [KeyFrame(at_ms, evidence_of(packed(number))) for at_ms, number in ((0, 400), (2500, 7), (9000, 500))]
    await sink.write(FINGERPRINTS, [record(600, pack_key_frames(frames))])
    assert near(clickhouse, 7, limit=1) == [VisualNeighbour(facts(600).content_id, 0, 2500)]


async def test_damaged_and_older_evidence_has_no_rows_and_harms_no_fingerprint(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    damaged = pack_evidence(evidence_of(packed(1)))[:-5]
    assert await sink.write(FINGERPRINTS, [record(700, damaged), record(701, b"\x00old"), record(702, b"")]) == []
    names = ", ".join(f"'{facts(number).content_id}'" for number in (700, 701, 702))
    assert clickhouse.rows(f"SELECT count() FROM visuals WHERE content_id IN ({names})") == [(0,)]
    assert clickhouse.rows(f"SELECT count() FROM fingerprints WHERE content_id IN ({names})") == [(3,)]


async def test_rows_and_thumbnails_go_with_the_last_medium_of_a_content(
    sink: ClickHouseSink, clickhouse: Database, tmp_path: object
) -> None:
    store = ThumbnailStore(f"file://{tmp_path}")
    contents = [facts(number).content_id for number in (0, 1)]
    names = [[object_name(digest_of(each) or "", file) for file in STORED] for each in contents]
    for name in (*names[0], *names[1]):
        await store.write(name, b"picture")
    deleter = ThumbnailDeleter(clickhouse.settings(), store, settled_s=0)
    first, copy, other = decision(0), decision(900, content=0, outcome="duplicate"), decision(1)
    await sink.write(DECISIONS, [decision_record(each, at) for at, each in enumerate((first, copy, other))])

    await sink.write(DECISIONS, [deleted(first, 10)])
    assert deleter.look() == 0
    assert await store.read(names[0][0]) == b"picture"

    await sink.write(DECISIONS, [deleted(copy, 11)])
    assert deleter.look() == 1
    assert [await store.read(name) for name in names[0]] == [None] * len(STORED)
    assert [await store.read(name) for name in names[1]] == [b"picture"] * len(STORED)
    found = [row for (row,) in clickhouse.rows("SELECT DISTINCT content_id FROM visuals")]
    assert contents[0] not in found and contents[1] in found
    assert deleter.look() == 0


async def test_rows_of_a_content_stay_for_a_submission_that_is_on_its_way_and_go_when_they_come_too_late(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    shown, late = pack_evidence(evidence_of(packed(0))), CONTENTS + 1
    again = replace(facts(0), evidence=b64encode(shown).decode())
    on_its_way = replace(fingerprint(900), facts=again)
    await sink.write(FINGERPRINTS, [fingerprint_record(on_its_way, 900)])
    await sink.write(DECISIONS, [deleted(decision(0), 10), deleted(decision(late), 11)])
    await sink.write(FINGERPRINTS, [record(late, shown, 901)])

    found = {content_id for (content_id,) in clickhouse.rows("SELECT DISTINCT content_id FROM visuals")}
    assert facts(0).content_id in found
    assert facts(late).content_id not in found
    assert not clickhouse.rows(f"SELECT 1 FROM fingerprints WHERE media_id = 'photos/{late}.jpg'")
