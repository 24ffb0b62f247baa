"""Whole decisions by keys: groups that decisions tell, repeats, revisions, deletions, and pages that go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import orjson
import pytest
from clickhouse_connect.driver.client import Client

from streams.analytics.migrations import read_migrations
from streams.analytics.queries.copy_groups import copy_groups
from streams.analytics.queries.figures.totals import totals_by_outcome
from streams.analytics.queries.stored import (
    COLUMNS,
    DecisionFilter,
    Keyset,
    StoredDecision,
    decision_page,
    decisions_of_group,
    export_page,
    latest_decision,
    medium_decisions,
)
from streams.analytics.queries.stored.contents import candidates, content_uses, decisions_of_contents
from streams.domain.records import Label, Verdict
from streams.kafka.topics import DECISIONS
from streams.services.find.texts import search_texts
from streams.services.views.group_view import view_group
from streams.services.views.media_view import view_medium
from tests.support.decision_store import ALL, Store, name, revised
from tests.support.engines import Database
from tests.support.stories import decision, deleted


async def test_a_merged_content_is_in_the_group_that_its_decision_tells(store: Store) -> None:
    merged = replace(decision(1), group_content_id=name(0), group_media_id="photos/0.jpg")
    assert merged.match is None
    await store.write(decision(0), merged, decision(2))

    found = store.ask(latest_decision, "default", "photos/1.jpg")
    assert found is not None
    assert (found.group_content_id, found.group_media_id, found.match) == (name(0), "photos/0.jpg", None)
    group = store.ask(view_group, "default", name(1), after=None, limit=10)
    assert group is not None
    assert (group.content_id, [member.media_id for member in group.members]) == (
        name(0), ["photos/0.jpg", "photos/1.jpg"],
    )  # fmt: skip
    medium = store.ask(view_medium, "default", "photos/1.jpg")
    assert medium is not None
    assert medium.group_content_id == name(0)


@pytest.mark.parametrize("table", ["decisions_by_medium", "decision_documents"])
async def test_a_medium_has_its_decision_while_a_revision_is_being_written(store: Store, table: str) -> None:
    """Rows of one insert come into the tables one after the other, and questions come between them."""
    first = decision(1)
    revision = revised(first, 1)
    await store.write(first, revision)
    with store.database.client() as client:
        client.command(f"DELETE FROM {table} WHERE decision_id = '{revision.decision_id}'")
    medium = store.ask(view_medium, "default", first.media_id)
    assert medium is not None
    assert (medium.decision.decision_id, medium.submissions) == (str(first.decision_id), 1)


async def test_a_failed_submission_and_one_of_an_early_version_have_the_group_that_they_can(store: Store) -> None:
    await store.write(decision(0), decision(1, content=0, outcome="near_duplicate"), decision(2, outcome="failed"))
    failed, near, first = store.ask(decision_page, ALL, before=None, limit=10)
    assert (failed.group_content_id, failed.group_media_id) == (None, None)
    assert (near.group_content_id, near.group_media_id) == (name(0), "photos/0.jpg")
    assert first.group_content_id == name(0)


async def test_a_decision_that_comes_again_later_is_listed_once_at_its_first_time(store: Store) -> None:
    first, second, third = decision(0), decision(1), decision(2)
    await store.write(first, second, third)
    await store.write(first, second)
    await store.write(first)
    assert store.media() == ["photos/2.jpg", "photos/1.jpg", "photos/0.jpg"]
    assert [row.media_id for row in store.ask(medium_decisions, "default", "photos/0.jpg", limit=10)] == [
        "photos/0.jpg"
    ]
    uses = store.ask(content_uses, "default", [name(0), name(1)])
    assert [uses[name(number)].submissions for number in (0, 1)] == [1, 1]
    assert [(row.outcome, row.decisions) for row in store.ask(totals_by_outcome)] == [("unique", 3)]


async def test_a_revision_takes_the_place_of_what_it_supersedes_and_history_has_both(store: Store) -> None:
    first, second = decision(0), decision(1)
    blocked = revised(first, 1, verdict=Verdict(status="blocked", by="ann"), action="reuse")
    await store.write(first, second, blocked)
    await store.write(first)  # a late repeat
    assert store.media() == ["photos/0.jpg", "photos/1.jpg"]
    assert store.media(DecisionFilter("default", verdict="blocked")) == ["photos/0.jpg"]
    assert store.media(DecisionFilter("default", verdict="pending")) == ["photos/1.jpg"]
    history = store.ask(medium_decisions, "default", "photos/0.jpg", limit=10)
    assert [(row.revision, row.verdict.status) for row in history] == [(1, "blocked"), (0, "pending")]
    assert store.ask(decisions_of_contents, "default", [name(0)])[name(0)].revision == 1
    found = store.ask(decisions_of_contents, "default", [name(0), name(1), name(2)])
    assert {content: row.revision for content, row in found.items()} == {name(0): 1, name(1): 0}


async def test_many_revisions_do_not_hide_what_stands_behind_them(store: Store) -> None:
    first = decision(0)
    await store.write(decision(1), *(revised(first, number) for number in range(12)))
    assert store.media(size=1) == ["photos/0.jpg", "photos/1.jpg"]


async def test_a_large_group_that_a_verdict_revised_has_its_members_in_order_of_arrival(store: Store) -> None:
    members = [decision(number, content=0, outcome="duplicate" if number else "unique") for number in range(9)]
    await store.write(*members)
    await store.write(*(revised(each, 1, action="reuse") for each in members[:8]))
    found: list[tuple[str, int]] = []
    after = None
    while page := store.ask(decisions_of_group, "default", name(0), after=after, limit=2):
        found += [(row.media_id, row.revision) for row in page]
        after = Keyset(datetime.fromisoformat(page[-1].decided_at), page[-1].decision_id)
    assert found == [("photos/8.jpg", 0), *((f"photos/{number}.jpg", 1) for number in range(8))]


async def test_what_waits_beside_a_copy_is_shown_in_the_group_of_the_copy(store: Store) -> None:
    waits = decision(2, content=1, outcome="near_duplicate")
    assert waits.match is not None
    own = replace(waits.match, group_content_id=name(2), group_media_id=waits.media_id)
    waits = replace(waits, match=own, action="review")
    await store.write(decision(0), decision(1, content=0, outcome="near_duplicate"), waits, decision(3))
    found: list[str] = []
    after = None
    while page := store.ask(decisions_of_group, "default", name(0), after=after, limit=1):
        found += [row.media_id for row in page]
        after = Keyset(datetime.fromisoformat(page[-1].decided_at), page[-1].decision_id)
    assert found == ["photos/0.jpg", "photos/1.jpg", "photos/2.jpg"]
    view = store.ask(view_group, "default", name(0), after=None, limit=10)
    assert view is not None
    assert [member.role for member in view.members] == ["canonical", "near_copy", "for_review"]
    members = store.ask(decisions_of_group, "default", name(0), after=None, limit=10, with_reviewed=False)
    assert [row.media_id for row in members] == ["photos/0.jpg", "photos/1.jpg"]


async def test_a_deleted_medium_is_nowhere_even_if_its_record_comes_again(store: Store) -> None:
    first, copy = decision(0), decision(1, content=0, outcome="duplicate")
    await store.write(first, copy)
    await store.sink.write(DECISIONS, [deleted(copy, 50)])
    await store.write(copy)
    assert store.media() == ["photos/0.jpg"]
    assert store.ask(latest_decision, "default", "photos/1.jpg") is None
    assert store.ask(view_medium, "default", "photos/1.jpg") is None
    assert store.ask(content_uses, "default", [name(0)])[name(0)].submissions == 1
    assert [(row.outcome, row.decisions) for row in store.ask(totals_by_outcome)] == [("unique", 1)]
    assert store.ask(copy_groups) == ()
    await store.sink.write(DECISIONS, [deleted(first, 51)])
    tables = ("decisions_by_medium", "decisions_by_group", "decisions_by_time", "decision_documents", "content_hashes")
    for table in tables:
        rows = store.database.rows(f"SELECT count() FROM {table} WHERE toString(tuple(*)) LIKE '%photos/0.jpg%'")
        assert rows == [(0,)], table


@pytest.mark.parametrize("size", [1, 2, 1000])
async def test_an_export_has_what_stands_once_and_in_order_of_time(store: Store, size: int) -> None:
    members = [decision(number) for number in range(9)]
    await store.write(*members)
    await store.write(*(revised(each, 1, verdict=Verdict(status="blocked", by="ann")) for each in members[:2]))
    await store.write(members[4], members[0], members[8])  # they come again
    await store.sink.write(DECISIONS, [deleted(members[5], 70)])

    def export(chosen: DecisionFilter) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        page = None
        while page is None or page.last is not None:
            page = store.ask(export_page, chosen, after=page, limit=size)
            found += [(row.media_id, row.revision) for row in page.decisions]
        return found

    standing = [(f"photos/{number}.jpg", 0) for number in (2, 3, 4, 6, 7, 8)]
    blocked = [("photos/0.jpg", 1), ("photos/1.jpg", 1)]
    assert export(ALL) == [*standing, *blocked]
    assert export(DecisionFilter("default", verdict="blocked")) == blocked
    assert export(DecisionFilter("other")) == []


def near(client: Client, hash256: str, chosen: DecisionFilter = ALL) -> list[tuple[str, int]]:
    found = candidates(
        client, [hash256, f"{0:064x}"], chosen, version="1", min_quality=0.0, max_distance_bits=2, after=None, limit=10
    )
    return [(each.content_id, each.distance_bits) for each in found]


async def test_contents_near_a_hash_come_once_and_as_the_filter_says(store: Store) -> None:
    labelled = replace(decision(3), verdict=Verdict(status="blocked", by="ann", labels=[Label("gore")]))
    await store.write(decision(1), labelled, decision(255), decision(5, content=1, outcome="duplicate"))
    assert store.ask(near, f"{1:064x}") == [(name(1), 0), (name(3), 1)]
    assert store.ask(near, f"{1:064x}", DecisionFilter("default", label="gore")) == [(name(3), 1)]
    assert store.ask(near, f"{1:064x}", DecisionFilter("other")) == []
    await store.write(revised(labelled, 1, verdict=Verdict(status="allowed", by="ann")))
    assert store.ask(near, f"{1:064x}", DecisionFilter("default", label="gore")) == [], "it was taken back"
    await store.sink.write(DECISIONS, [deleted(labelled, 60)])
    assert store.ask(near, f"{1:064x}", DecisionFilter("default", kind="image")) == [(name(1), 0)]


async def test_words_are_found_whole_and_where_they_stand(store: Store) -> None:
    caption = {"owner": "u-77", "caption": "Rotes Kleid in KÖLN", "tags": ["summer sale", "kleid"], "n": 4711}
    await store.write(replace(decision(0), metadata=caption), decision(1), decision(2, outcome="failed"))

    def places(*words: str) -> list[tuple[str, str]]:
        found = store.ask(search_texts, words, ALL, before=None, limit=10)
        return [(place.field, place.text[place.start : place.end]) for text in found for place in text.places]

    assert places("kleid", "köln") == [
        ("metadata.caption", "Kleid"), ("metadata.caption", "KÖLN"), ("metadata.tags[1]", "kleid"),
    ]  # fmt: skip
    assert places("U-77", "sale") == [("metadata.owner", "u-77"), ("metadata.tags[0]", "sale")]
    assert places("4711") == [("metadata.n", "4711")]
    assert places("caption") == [("metadata", "caption")]
    assert places("photos/0.jpg") == [("media_id", "photos/0.jpg")]
    assert places("not_media") == [("failure.reason", "not_media")]
    assert places("kleid", "missing") == []
    assert places("klei") == []
    assert places("' OR 1=1 --") == []
    assert places("%") == []


async def test_documents_have_all_columns_that_are_read(store: Store) -> None:
    await store.write(decision(0))
    [(document,)] = store.database.rows("SELECT document FROM decision_documents")
    assert sorted(orjson.loads(document)) == sorted(column.strip() for column in COLUMNS.split(","))


async def test_rows_of_before_are_found_after_the_migration(clickhouse: Database) -> None:
    clickhouse.migrate(read_migrations()[:12])
    with clickhouse.client() as client:
        client.command(
            "INSERT INTO decisions (decision_id, outcome, collection, media_id, submission_id, content_id, decided_at) "
            "VALUES (generateUUIDv4(), 'unique', 'default', 'old', 's', 'sha256:0', '2026-01-01 00:00:00.125')"
        )
    clickhouse.migrate()
    store = Store(clickhouse)
    found = store.ask(latest_decision, "default", "old")
    assert isinstance(found, StoredDecision)
    assert (found.group_content_id, found.decided_at) == ("sha256:0", "2026-01-01T00:00:00.125Z")
    assert store.media() == ["old"]
    assert [row.decisions for row in store.ask(totals_by_outcome)] == [1]
