"""The sink on a running ClickHouse: every record has one row, even if it is delivered twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from streams.analytics.writer import ClickHouseSink, batch_token
from streams.config.settings import load_settings
from streams.errors import AnalyticsError, ConfigurationError, Reason, SinkError
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.support.engines import Database, new_database
from tests.support.stories import (
    T0_MS,
    Record,
    dead_letter,
    decision,
    decision_record,
    decision_records,
    fingerprint,
    fingerprint_record,
    moderation_event,
    moderation_record,
    walk_record,
)

LABELS = [{"name": "weapon", "parent": "violence", "score": 0.5}, {"name": "blood", "parent": "", "score": None}]


@pytest.fixture
async def sink(clickhouse: Database) -> AsyncIterator[ClickHouseSink]:
    made = ClickHouseSink(clickhouse.settings())
    yield made
    await made.close()


async def test_every_topic_goes_into_its_table(sink: ClickHouseSink, clickhouse: Database) -> None:
    await sink.open()
    assert await sink.write(DECISIONS, [decision_record(decision(2, content=1, outcome="near_duplicate"), 5)]) == []
    assert await sink.write(FINGERPRINTS, [fingerprint_record(fingerprint(1), 0)]) == []
    assert await sink.write(DEAD_LETTERS, [dead_letter(0)]) == []
    assert clickhouse.rows(
        "SELECT media_id, outcome, match_media_id, match_distance_bits, match_threshold_bits, "
        "match_candidate_distance_bits, match_candidate_threshold_bits, match_view, match_known_view, "
        "match_group_media_id, match_explanation, toString(submitted_at), toString(decided_at), "
        "phash64, lower(hex(phash256)), hashes['phash64:1'], metadata, kafka_topic, kafka_partition, kafka_offset "
        "FROM decisions_once"
    ) == [
        (
            *("photos/2.jpg", "near_duplicate", "photos/1.jpg", 16, 80, 2, 10, "full", "full", "photos/1.jpg"),
            "The same picture, mirrored left to right: 16 of 256 bits differ, 80 may.",
            *("2026-01-01 00:00:00.127", "2026-01-01 00:00:00.160"),
            *(2, f"{2:064x}", f"{2:016x}", '{"uploader":"ann","n":2}', "media.decisions", 0, 5),
        )
    ]
    assert clickhouse.rows(
        "SELECT media_id, origin_topic, origin_offset, fetch_ms, decode_ms, cached FROM fingerprints_once"
    ) == [("photos/1.jpg", "media.submissions", 1, 12.5, 3.25, False)]
    assert clickhouse.rows(
        "SELECT stage, reason, detail, origin_topic, origin_partition, origin_offset, value_head FROM deadletters_once"
    ) == [("fingerprint", "not_json", "the value is no JSON: é", "media.submissions", 3, 7, "{broken")]


async def test_moderation_events_have_a_table_of_their_own_and_steps_of_revisions_none(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    split = moderation_event(2, event="split")
    records = [
        moderation_record(moderation_event(1), 0),
        fingerprint_record(fingerprint(1), 1),
        walk_record(2),
        moderation_record(split, 3),
        moderation_record(split, 4),
    ]
    broken = replace(records[0], value=b'{"by": {}}', offset=5)

    rejected = await sink.write(FINGERPRINTS, [*records, broken])

    assert [(record.offset, error.reason) for record, error in rejected] == [(5, Reason.MISSING_FIELD)]
    assert clickhouse.rows("SELECT count() FROM fingerprints") == [(1,)]
    assert clickhouse.rows(
        "SELECT event, status, labels, by_name, other_content_id, kafka_offset "
        "FROM moderation_events_once ORDER BY event_id"
    ) == [
        ("verdict", "blocked", LABELS, "ann", "", 0),
        ("split", "", [], "ann", f"sha256:{1:064x}", 3),
    ]
    assert await sink.write(FINGERPRINTS, [walk_record(6)]) == []


async def test_the_same_batch_again_leaves_no_second_copy(sink: ClickHouseSink, clickhouse: Database) -> None:
    records = decision_records(300)
    await sink.write(DECISIONS, records)
    await sink.write(DECISIONS, records)
    await sink.write(DECISIONS, list(reversed(records)))
    assert clickhouse.rows("SELECT count() FROM decisions") == [(300,)]


async def test_a_replay_in_other_batches_shows_every_decision_once(sink: ClickHouseSink, clickhouse: Database) -> None:
    records = decision_records(600)
    await sink.write(DECISIONS, records)
    before = clickhouse.rows("SELECT * EXCEPT ingested_at FROM decisions_once ORDER BY decision_id")
    for start in range(0, 600, 70):
        await sink.write(DECISIONS, records[start : start + 70])
    assert clickhouse.rows("SELECT count() FROM decisions")[0][0] > 600
    assert clickhouse.rows("SELECT * EXCEPT ingested_at FROM decisions_once ORDER BY decision_id") == before
    assert clickhouse.rows("SELECT sum(decisions) FROM outcomes_per_minute") == [(600,)]


async def test_the_first_of_two_copies_of_a_decision_stays(sink: ClickHouseSink, clickhouse: Database) -> None:
    again = decision_record(decision(1), 90, decided_ms=T0_MS + 40 * 86_400_000)
    await sink.write(DECISIONS, [again])
    await sink.write(DECISIONS, [decision_record(decision(1), 4)])
    await sink.write(DECISIONS, [replace(again, offset=91)])
    assert clickhouse.rows("SELECT kafka_offset FROM decisions_once") == [(4,)]


async def test_a_revised_decision_is_the_current_one(sink: ClickHouseSink, clickhouse: Database) -> None:
    await sink.write(DECISIONS, [decision_record(decision(n), n) for n in (1, 2)])
    await sink.write(DECISIONS, [decision_record(decision(1, revision=1), 3)])
    assert clickhouse.rows("SELECT count() FROM decisions_once") == [(3,)]
    assert clickhouse.rows("SELECT media_id, revision FROM decisions_current ORDER BY media_id") == [
        ("photos/1.jpg", 1),
        ("photos/2.jpg", 0),
    ]


async def test_a_fingerprint_or_dead_letter_delivered_twice_shows_once(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    for offset in (1, 2):
        await sink.write(FINGERPRINTS, [fingerprint_record(fingerprint(1), offset)])
        await sink.write(DEAD_LETTERS, [dead_letter(offset)])
    assert clickhouse.rows("SELECT kafka_offset FROM fingerprints_once") == [(1,)]
    assert clickhouse.rows("SELECT kafka_offset FROM deadletters_once") == [(1,)]


async def test_records_that_cannot_be_decoded_are_returned_and_the_others_stored(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    good, bad = decision_record(decision(1), 0), Record(DECISIONS, 0, 1, T0_MS, None, b"{")
    rejected = await sink.write(DECISIONS, [good, bad])
    assert [(record, error.reason) for record, error in rejected] == [(bad, Reason.NOT_JSON)]
    assert clickhouse.rows("SELECT count() FROM decisions") == [(1,)]
    assert len(await sink.write(DECISIONS, [bad])) == 1


async def test_a_batch_may_span_more_months_than_clickhouse_takes_by_default(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    month_ms = 31 * 86_400_000
    records = [decision_record(decision(n), n, decided_ms=T0_MS + n * month_ms) for n in range(150)]
    await sink.write(DECISIONS, records)
    assert clickhouse.rows("SELECT count() FROM decisions_once") == [(150,)]


async def test_concurrent_writes_from_one_loop_are_all_stored(sink: ClickHouseSink, clickhouse: Database) -> None:
    records = decision_records(400)
    await asyncio.gather(*(sink.write(DECISIONS, records[n : n + 50]) for n in range(0, 400, 50)))
    assert clickhouse.rows("SELECT count() FROM decisions_once") == [(400,)]


async def test_a_sink_raises_while_clickhouse_is_away_and_works_again_afterwards(
    own_clickhouse: EmbeddedClickHouse,
) -> None:
    database = new_database(own_clickhouse)
    sink = ClickHouseSink(database.settings())
    records = decision_records(40)
    await sink.write(DECISIONS, records[:20])
    assert await sink.ping()
    own_clickhouse.kill()
    assert not await sink.ping()
    with pytest.raises(SinkError, match=r"does not answer .*MEDIASIEVE_CLICKHOUSE"):
        await sink.write(DECISIONS, records)
    own_clickhouse.start()
    await sink.write(DECISIONS, records)
    assert await sink.ping()
    assert database.rows("SELECT count() FROM decisions_once") == [(40,)]
    await sink.close()


async def test_a_clickhouse_that_comes_back_empty_is_migrated_again(own_clickhouse: EmbeddedClickHouse) -> None:
    database = new_database(own_clickhouse)
    sink = ClickHouseSink(database.settings())
    await sink.write(DECISIONS, decision_records(5))
    own_clickhouse.kill()
    shutil.rmtree(own_clickhouse.data_dir)
    own_clickhouse.start()
    with pytest.raises(SinkError):
        await sink.write(DECISIONS, decision_records(5))
    await sink.write(DECISIONS, decision_records(5))
    assert database.rows("SELECT count() FROM decisions_once") == [(5,)]
    await sink.close()


async def test_nothing_at_the_address_is_an_analytics_error_from_open_and_false_from_ping(unused_tcp_port: int) -> None:
    sink = ClickHouseSink(load_settings(clickhouse=f"http://127.0.0.1:{unused_tcp_port}"))
    with pytest.raises(AnalyticsError, match="does not answer"):
        await sink.open()
    assert not await sink.ping()
    await sink.close()


async def test_a_wrong_password_says_which_settings_to_check_and_is_not_repeated(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with EmbeddedClickHouse(tmp_path_factory.mktemp("guarded"), password="right") as engine:
        settings = load_settings(clickhouse=engine.url, clickhouse_password="s3cret-wrong")
        with pytest.raises(AnalyticsError, match="MEDIASIEVE_CLICKHOUSE_PASSWORD") as raised:
            await ClickHouseSink(settings).open()
        assert "s3cret" not in str(raised.value)
        allowed = ClickHouseSink(load_settings(clickhouse=engine.url, clickhouse_password="right"))
        await allowed.open()
        await allowed.close()


@pytest.mark.parametrize("address", ["127.0.0.1:8123", "ftp://127.0.0.1", "http://", "http://host:99999"])
async def test_an_invalid_address_is_a_configuration_error(address: str) -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_CLICKHOUSE must look like"):
        await ClickHouseSink(load_settings(clickhouse=address)).open()


async def test_a_password_in_the_address_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_CLICKHOUSE_PASSWORD") as raised:
        await ClickHouseSink(load_settings(clickhouse="http://ann:s3cret@127.0.0.1:8123")).open()
    assert "s3cret" not in str(raised.value)


def test_a_token_identifies_its_records() -> None:
    records = decision_records(50)
    token = batch_token(records)
    assert token == batch_token(list(records))
    assert token != batch_token(records[:-1])
    assert token != batch_token([*records[:20], *records[21:]])
    assert token != batch_token([replace(record, partition=9) for record in records])


def test_inserting_loads_neither_pandas_nor_arrow(clickhouse: Database) -> None:
    """They are installed with the embedded ClickHouse, and would take 70 MB of every worker."""
    program = (
        "import asyncio, sys\n"
        "from streams.analytics.writer import ClickHouseSink\n"
        "from streams.config.settings import load_settings\n"
        "from streams.kafka.topics import DEAD_LETTERS\n"
        "from tests.support.stories import dead_letter\n"
        "async def main():\n"
        "    sink = ClickHouseSink(load_settings())\n"
        "    await sink.write(DEAD_LETTERS, [dead_letter(0)])\n"
        "    await sink.close()\n"
        "asyncio.run(main())\n"
        "print(sorted({'pandas', 'pyarrow', 'polars'} & set(sys.modules)))\n"
    )
    settings = clickhouse.settings().clickhouse
    environment = {
        **os.environ,
        "MEDIASIEVE_CLICKHOUSE": settings.url,
        "MEDIASIEVE_CLICKHOUSE_DATABASE": settings.database,
        "MEDIASIEVE_CLICKHOUSE_USER": settings.username,
        "MEDIASIEVE_CLICKHOUSE_PASSWORD": settings.password.get_secret_value(),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.stdout == "[]\n", ended.stderr
