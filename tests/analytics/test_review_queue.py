"""The queue is what waits by current decisions: revisions, repeats, deletions and moves count at once."""

from __future__ import annotations

from dataclasses import replace

from streams.analytics.queries.moderation.review_queue import QueueFilter
from streams.domain.records import Decision, Verdict
from streams.kafka.topics import DECISIONS
from streams.services.views.review_queue import read_queue
from tests.support.decision_store import Store, name, revised
from tests.support.stories import decision, deleted

Row = tuple[str, str | None, int, int, int, str | None]
"""Canonical content, its status, submissions and contents that wait, all submissions, the first medium that waits."""


def waiting(number: int, known: int, confidence: str = "likely") -> Decision:
    """A submission that may be a copy of another one, and is in a group of its own."""
    near = decision(number, content=known, outcome="near_duplicate")
    assert near.match is not None
    match = replace(
        near.match, group_content_id=name(number), group_media_id=near.media_id, confidence=confidence  # type: ignore[arg-type]
    )  # fmt: skip
    return replace(near, match=match, action="review", group_content_id=name(number), group_media_id=near.media_id)


def queue(store: Store, chosen: QueueFilter | None = None, *, size: int = 10) -> list[Row]:
    found: list[Row] = []
    after = None
    while True:
        page = store.ask(read_queue, chosen or QueueFilter("default"), after=after, limit=size)
        for each in page.groups:
            first = each.first.media_id if each.first else None
            found.append(
                (each.content_id, each.known_status, each.waiting, each.waiting_contents, each.submissions, first)
            )
        if page.last is None:
            return found
        after = page.last


async def test_a_submission_waits_in_the_group_of_what_it_may_be_a_copy_of(store: Store) -> None:
    blocked = replace(decision(5), verdict=Verdict(status="blocked", by="ann", kind="person"))
    await store.write(decision(0), decision(1, content=0, outcome="near_duplicate"), blocked, decision(6))
    await store.write(waiting(2, known=1), waiting(3, known=0), waiting(7, known=5), waiting(8, known=6))
    expected = [
        (name(5), "blocked", 1, 1, 1, "photos/7.jpg"),
        (name(0), None, 2, 2, 2, "photos/2.jpg"),
        (name(6), None, 1, 1, 1, "photos/8.jpg"),
    ]
    assert queue(store) == expected
    assert queue(store, size=1) == expected
    assert queue(store, QueueFilter("other")) == []


async def test_revisions_take_from_the_queue_and_bring_back(store: Store) -> None:
    asked = waiting(1, known=0)
    await store.write(decision(0), asked)
    joined = revised(asked, 1, action="reuse", group_content_id=name(0), group_media_id="photos/0.jpg")
    await store.write(joined)
    assert queue(store) == []
    await store.write(asked, joined)  # they come again
    assert queue(store) == []
    await store.write(revised(asked, 2))
    assert queue(store) == [(name(0), None, 1, 1, 1, "photos/1.jpg")]
    await store.write(revised(decision(0), 1, verdict=Verdict(status="review", by="nsfw-model", kind="model")))
    assert queue(store) == [(name(0), "review", 2, 2, 1, "photos/1.jpg")]


async def test_a_repeat_waits_once_and_a_deletion_takes_it(store: Store) -> None:
    asked = waiting(1, known=0)
    await store.write(decision(0), asked, asked, waiting(2, known=0))
    assert queue(store) == [(name(0), None, 2, 2, 1, "photos/1.jpg")]
    await store.sink.write(DECISIONS, [deleted(asked, 50)])
    await store.write(asked)
    assert queue(store) == [(name(0), None, 1, 1, 1, "photos/2.jpg")]


async def test_what_waits_follows_a_content_that_leaves_its_group(store: Store) -> None:
    copy = decision(1, content=0, outcome="near_duplicate")
    await store.write(decision(0), copy, waiting(2, known=1), waiting(3, known=0))
    assert queue(store) == [(name(0), None, 2, 2, 2, "photos/2.jpg")]
    await store.write(revised(copy, 1, group_content_id=name(1), group_media_id="photos/1.jpg"))
    assert queue(store) == [
        (name(1), None, 1, 1, 1, "photos/2.jpg"),
        (name(0), None, 1, 1, 1, "photos/3.jpg"),
    ]


async def test_the_queue_is_filtered_by_confidence_and_kind(store: Store) -> None:
    film = waiting(3, known=0)
    assert film.facts is not None
    film = replace(film, facts=replace(film.facts, kind="video"))
    await store.write(decision(0), waiting(1, known=0), waiting(2, known=0, confidence="unverified"), film)
    for chosen, count, first in (
        (QueueFilter("default", confidence="unverified"), 1, "photos/2.jpg"),
        (QueueFilter("default", confidence="likely"), 2, "photos/1.jpg"),
        (QueueFilter("default", kind="video"), 1, "photos/3.jpg"),
        (QueueFilter("default", confidence="likely", kind="image"), 1, "photos/1.jpg"),
    ):
        assert queue(store, chosen) == [(name(0), None, count, count, 1, first)]
