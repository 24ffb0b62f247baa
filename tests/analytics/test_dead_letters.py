"""What ClickHouse tells about dead letters: groups by reason, and what was done about them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.analytics.queries.dead_letters import letter_groups, letter_rows
from streams.analytics.writer import ClickHouseSink
from streams.domain.records import Origin
from streams.domain.records.dead_letter import Act, DeadLetter, DeadLetterAct, LetterFilter
from streams.kafka.topics import DEAD_LETTER_ACTS, DEAD_LETTERS
from streams.services.dead_letters.groups import LetterGroups
from tests.support.engines import Database
from tests.support.stories import T0_MS, Record, dead_letter


def letter(offset: int, reason: str = "not_json", collection: str = "default") -> Record:
    made = dead_letter(offset, value=b'{"collection":"%s"}' % collection.encode(), origin_offset=100 + offset)
    headers = [(name, reason.encode() if name == "dl_reason" else value) for name, value in made.headers]
    return replace(made, headers=headers)


def act_record(record: Record, act: Act, offset: int, replays: int = 1) -> Record:
    made = DeadLetter.of(record)
    replayed = Origin("media.submissions", 0, 1) if act == "replayed" else None
    done = DeadLetterAct(
        *made.letter_id, act, replays, made.place, made.reason, "ann", "why", "2026-01-01T00:00:02.000Z", replayed
    )
    return Record("media.deadletters.acts", 0, offset, T0_MS + 1000 + offset, b"k", done.to_json())


LETTERS = [letter(0), letter(1), letter(2, "too_long", "shop"), letter(3, "too_long"), letter(4)]


@pytest.fixture
async def filled(clickhouse: Database) -> Database:
    clickhouse.migrate()
    sink = ClickHouseSink(clickhouse.settings())
    assert await sink.write(DEAD_LETTERS, [*LETTERS, replace(LETTERS[0], offset=9, timestamp=T0_MS + 50)]) == []
    acts = [
        act_record(LETTERS[1], "replayed", 0),
        act_record(LETTERS[1], "dropped", 1),
        act_record(LETTERS[3], "replayed", 2, 2),
    ]
    assert await sink.write(DEAD_LETTER_ACTS, acts) == []
    await sink.close()
    return clickhouse


async def test_groups_count_letters_by_what_was_done_about_them(filled: Database) -> None:
    with filled.client() as client:
        groups = letter_groups(client, LetterFilter())
        assert [(each.reason, each.letters, each.open, each.replayed, each.dropped) for each in groups] == [
            ("not_json", 3, 2, 0, 1),
            ("too_long", 2, 1, 1, 0),
        ]
        assert groups[0].examples == ("0/4", "0/1", "0/0")
        assert (groups[0].stage, groups[0].topic) == ("fingerprint", "media.submissions")
        only_open = letter_groups(client, LetterFilter(), "open")
        assert [(each.reason, each.letters) for each in only_open] == [("not_json", 2), ("too_long", 1)]


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        (LetterFilter(), [4, 3, 2, 1, 0]),
        (LetterFilter(reasons=("too_long",)), [3, 2]),
        (LetterFilter(reasons=("too_long", "not_json"), collections=("shop",)), [2]),
        (LetterFilter(stages=("match",)), []),
        (LetterFilter(topics=("media.submissions",), since_ms=T0_MS + 2, until_ms=T0_MS + 4), [3, 2]),
        (LetterFilter(places=((0, 1), (0, 4), (1, 0))), [4, 1]),
    ],
)
async def test_clickhouse_and_a_reader_of_the_topic_take_the_same_letters(
    filled: Database, wanted: LetterFilter, offsets: list[int]
) -> None:
    with filled.client() as client:
        assert [row.offset for row in letter_rows(client, wanted, limit=10)] == offsets
        found = [record for record in LETTERS if wanted.accepts(DeadLetter.of(record))]
        assert [record.offset for record in reversed(found)] == offsets
        groups = LetterGroups()
        for record in found:
            groups.add(DeadLetter.of(record), None)
        told = [(each.reason, each.letters, each.first_at, each.last_at, each.examples) for each in groups.sorted()]
        asked = letter_groups(client, wanted)
        assert told == [(each.reason, each.letters, each.first_at, each.last_at, each.examples) for each in asked]


async def test_a_letter_tells_who_did_what_and_how_often(filled: Database) -> None:
    with filled.client() as client:
        rows = {row.offset: row for row in letter_rows(client, LetterFilter(), limit=10)}
    assert (rows[3].status, rows[3].replays, rows[3].acted_by, rows[3].note) == ("replayed", 2, "ann", "why")
    assert (rows[1].status, rows[0].status, rows[0].acted_by) == ("dropped", "open", "")
    assert rows[2].collection == "shop"
