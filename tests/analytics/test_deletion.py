"""Rows of deleted media go, in whatever order and however often the records come; the act stays, without the medium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import permutations

import pytest
from clickhouse_connect.driver.client import Client

from streams.analytics.client import connect
from streams.analytics.queries.moderation.verdicts import media_digest, moderation_acts
from streams.analytics.writer import ClickHouseSink
from streams.domain.records import ModerationEvent, decision_id
from streams.errors import AnalyticsError, BadInput
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS
from streams.services.moderation.deletions import DeletionPlan, DeletionTarget, plan_deletion
from tests.support.engines import Database
from tests.support.stories import (
    T0_MS,
    dead_letter,
    decision,
    decision_record,
    deleted,
    fingerprint,
    fingerprint_record,
    moderation_event,
    moderation_record,
)


@pytest.fixture
async def sink(clickhouse: Database) -> AsyncIterator[ClickHouseSink]:
    made = ClickHouseSink(clickhouse.settings())
    yield made
    await made.close()


def deletion(number: int, *, medium: str | None = None, content: str | None = None) -> ModerationEvent:
    event = moderation_event(number)
    return replace(event, event="deletion", media_id=medium, content_id=content, status=None, labels=[])


def media_of(clickhouse: Database, view: str) -> list[str]:
    return sorted(media_id for (media_id,) in clickhouse.rows(f"SELECT media_id FROM {view}"))


async def test_a_deleted_submission_has_no_rows_but_one_without_its_medium(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    first, copy = decision(0), decision(1, content=0, outcome="duplicate")
    revised = replace(first, revision=1, decision_id=decision_id("default", first.submission_id, 0, 1))
    await sink.write(FINGERPRINTS, [fingerprint_record(fingerprint(number), number) for number in (0, 1)])
    await sink.write(DECISIONS, [decision_record(each, at) for at, each in enumerate((first, copy, revised))])
    await sink.write(DECISIONS, [deleted(first, 3)])

    for view in ("decisions", "decisions_once", "decisions_current", "fingerprints", "fingerprints_once"):
        assert media_of(clickhouse, view) == ["photos/1.jpg"]
    rows = clickhouse.rows("SELECT submission_id, revision, content_id FROM deletions_once")
    assert rows == [(first.submission_id, 2, first.content_id)]
    assert not [row for row in clickhouse.rows("SELECT * FROM deletions") if "photos/0.jpg" in row]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_order_of_topics_does_not_matter(
    order: tuple[int, ...], sink: ClickHouseSink, clickhouse: Database
) -> None:
    first = decision(0)
    writes = [
        (DECISIONS, [decision_record(first, 0), deleted(first, 1)]),
        (FINGERPRINTS, [fingerprint_record(fingerprint(0), 0)]),
        (FINGERPRINTS, [moderation_record(deletion(3, medium=first.media_id), 1)]),
    ]
    for at in (*order, *order):  # and all of it again
        await sink.write(*writes[at])

    assert media_of(clickhouse, "decisions_once") == media_of(clickhouse, "fingerprints_once") == []
    assert clickhouse.rows("SELECT count() FROM deletions_once") == [(1,)]


async def test_an_event_reaches_what_is_forgotten_and_spares_what_came_later(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    failed = replace(decision(3, outcome="failed"), media_id="photos/0.jpg")
    later = replace(decision(4, content=0), media_id="photos/0.jpg")
    records = [decision(0), decision(1), decision(2), decision(5, content=1), failed]
    await sink.write(DECISIONS, [decision_record(each, at) for at, each in enumerate(records)])
    await sink.write(DECISIONS, [decision_record(later, 900)])
    by_content = deletion(6, content=decision(1).content_id)
    by_both = deletion(7, medium="photos/9.jpg", content=decision(2).content_id)
    events = [deletion(5, medium="photos/0.jpg"), by_content, by_both]
    await sink.write(FINGERPRINTS, [moderation_record(event, 50 + at) for at, event in enumerate(events)])

    rows = clickhouse.rows("SELECT media_id, submission_id FROM decisions_once ORDER BY media_id, submission_id")
    assert rows == [("photos/0.jpg", later.submission_id), ("photos/2.jpg", "media.submissions/0/2")]


async def test_a_medium_that_comes_again_stays_while_others_are_deleted_in_the_same_batch(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    again = replace(decision(4), media_id="photos/0.jpg")
    await sink.write(DECISIONS, [decision_record(decision(0), 0), decision_record(again, 40)])
    await sink.write(DEAD_LETTERS, [dead_letter(70, value=b'{"media_id": "photos/0.jpg", "collection": "default"}')])
    events = [deletion(5, medium="photos/0.jpg"), deletion(6, medium="photos/1.jpg")]
    await sink.write(FINGERPRINTS, [moderation_record(event, 20 + 80 * at) for at, event in enumerate(events)])

    for view in ("decisions_once", "decisions_current", "decisions_by_medium", "decisions_by_time"):
        assert clickhouse.rows(f"SELECT submission_id FROM {view}") == [(again.submission_id,)]
    assert clickhouse.rows("SELECT count() FROM deadletters_once") == [(1,)]


async def test_the_log_says_what_came_before_a_deletion_and_not_the_clocks_of_its_writers(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    before = replace(fingerprint_record(fingerprint(0), 0), timestamp=T0_MS + 5_000)
    after = replace(fingerprint(1), media_id="photos/0.jpg")
    later = replace(fingerprint_record(after, 2), timestamp=T0_MS - 5_000)
    records = [before, moderation_record(deletion(3, medium="photos/0.jpg"), 1), later]
    await sink.write(FINGERPRINTS, records)

    assert clickhouse.rows("SELECT submission_id FROM fingerprints") == [(after.submission_id,)]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0), (1, 2, 0, 1, 2, 0)])
async def test_a_failed_submission_goes_with_its_medium_even_if_its_decision_comes_last(
    order: tuple[int, ...], sink: ClickHouseSink, clickhouse: Database
) -> None:
    failed, others = decision(0, outcome="failed"), decision(1, outcome="failed")
    writes = [
        (DECISIONS, [decision_record(each, 90 + at) for at, each in enumerate((failed, others))]),
        (FINGERPRINTS, [fingerprint_record(fingerprint(number, failed=True), number) for number in range(2)]),
        (FINGERPRINTS, [moderation_record(deletion(3, medium=failed.media_id), 5)]),
    ]
    for at in order:
        await sink.write(*writes[at])

    for table in ("decisions", "decisions_by_medium", "decisions_by_time", "fingerprints", "decisions_once"):
        assert set(media_of(clickhouse, table)) == {others.media_id}
    outcomes = clickhouse.rows("SELECT outcome, count() FROM submission_facts FINAL GROUP BY outcome ORDER BY outcome")
    assert outcomes == [("deleted", 1), ("failed", 1)]


async def test_an_event_that_comes_twice_is_about_what_came_before_its_first_record(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    event, again = deletion(5, medium="photos/0.jpg"), replace(decision(4), media_id="photos/0.jpg")
    submitted = replace(fingerprint(4), media_id="photos/0.jpg")
    await sink.write(FINGERPRINTS, [moderation_record(event, 20), fingerprint_record(submitted, 40)])
    await sink.write(DECISIONS, [decision_record(again, 40)])
    await sink.write(FINGERPRINTS, [moderation_record(event, 90)])

    for view in ("decisions_once", "fingerprints_once"):
        assert clickhouse.rows(f"SELECT submission_id FROM {view}") == [(again.submission_id,)]


async def test_what_was_said_about_a_deleted_medium_stays_without_its_name(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    said = replace(moderation_event(1), media_id="photos/0.jpg", content_id=None, reason="Ann of 5 High Street")
    other = replace(moderation_event(2), media_id="photos/1.jpg", content_id=None)
    gone = deletion(3, medium="photos/0.jpg")
    await sink.write(FINGERPRINTS, [moderation_record(each, at) for at, each in enumerate((said, other, gone))])

    digest = media_digest("default", "photos/0.jpg")
    query = "SELECT event, media_id, media_digest, reason, by_name FROM moderation_events_once ORDER BY event_id"
    assert clickhouse.rows(query) == [
        ("verdict", "", digest, "", "ann"),
        ("verdict", "photos/1.jpg", "", "seen", "ann"),
        ("deletion", "", digest, "seen", "ann"),
    ]
    with clickhouse.client() as client:
        acts = moderation_acts(client, "default", ("photos/0.jpg",))
    assert [act.event for act in acts] == ["deletion", "verdict"]


async def test_dead_letters_of_a_deleted_medium_go_and_its_job_counts_on(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    of_job = replace(decision(0), job_id="import-1")
    await sink.write(DECISIONS, [decision_record(of_job, 0)])
    broken = b'{"media_id": "photos/0.jpg", "collection": "default"}'
    await sink.write(DEAD_LETTERS, [dead_letter(0, value=broken), dead_letter(1, origin_offset=8)])
    assert clickhouse.rows("SELECT count() FROM deadletters_once") == [(2,)]

    await sink.write(FINGERPRINTS, [moderation_record(deletion(3, medium="photos/0.jpg"), 50)])
    await sink.write(DECISIONS, [deleted(of_job, 1)])

    assert clickhouse.rows("SELECT origin_offset FROM deadletters_once") == [(8,)]
    assert clickhouse.rows("SELECT job_id, media_id, outcome FROM job_decisions_once") == [("import-1", "", "unique")]


async def test_a_deletion_is_planned_from_what_is_there(sink: ClickHouseSink, clickhouse: Database) -> None:
    first, copy, again = decision(0), decision(1, content=0, outcome="duplicate"), decision(2, content=5)
    again = replace(again, media_id="photos/0.jpg")
    await sink.write(DECISIONS, [decision_record(each, at) for at, each in enumerate((first, copy, again))])

    def plan(subject: str, collection: str = "default", *, near: bool = True) -> DeletionPlan:
        return plan_deletion(lambda: connect(clickhouse.settings()), subject, collection, near=near)

    medium = plan("photos/0.jpg", near=False)
    assert [(each.content_id, each.media_id) for each in medium.targets] == [
        (again.content_id, "photos/0.jpg"),
        (first.content_id, "photos/0.jpg"),
    ]
    assert (medium.submissions, medium.is_counted) == (2, True)
    content = plan(first.content_id or "")
    assert content.targets == (DeletionTarget(first.content_id, None),)
    assert {each.media_id for each in content.media} == {"photos/0.jpg", "photos/1.jpg"}
    assert plan("photos/9.jpg").targets == (DeletionTarget(None, "photos/9.jpg"),)
    with pytest.raises(BadInput, match="ClickHouse knows no medium"):
        plan("photos/9.jpg", near=False)


def test_without_clickhouse_a_medium_is_deleted_by_its_name_alone_if_that_finds_it() -> None:
    def away() -> Client:
        raise AnalyticsError("away")

    plan = plan_deletion(away, "photos/0.jpg", "default", near=True)

    assert (plan.targets, plan.is_counted) == ((DeletionTarget(None, "photos/0.jpg"),), False)
    with pytest.raises(AnalyticsError, match="away"):
        plan_deletion(away, "photos/0.jpg", "default", near=False)
