"""What a picture model takes for alike is found in ClickHouse as numpy finds it, and goes with its content."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from streams.analytics.queries.embeddings import embedding_neighbours, embedding_vector
from streams.analytics.queries.stored import DecisionFilter
from streams.analytics.queries.visuals import VisualNeighbour
from streams.analytics.writer import ClickHouseSink
from streams.domain.records import Embedding
from streams.domain.records.embedding import make_embedding
from streams.kafka.topics import DECISIONS, FINGERPRINTS
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.support.engines import Database, new_database
from tests.support.read_questions import CountingClient
from tests.support.stories import Record, decision, decision_record, deleted, facts, fingerprint, fingerprint_record

CONTENTS, SIZE = 300, 64
MODEL, OTHER = "clip.onnx@0123456789abcdef", "clip.onnx@fedcba9876543210"
VECTORS = np.random.default_rng(7).standard_normal((CONTENTS, SIZE)).astype(np.float32)
ROUNDING = 1_000
"""Millionths: half-precision floats and bfloat16 change a cosine by less."""


def record(number: int, embedding: Embedding | None, offset: int | None = None) -> Record:
    made = facts(number) if embedding is None else facts(number).with_embedding(embedding)
    return fingerprint_record(replace(fingerprint(number), facts=made), number if offset is None else offset)


@pytest.fixture
async def sink(clickhouse: Database) -> AsyncIterator[ClickHouseSink]:
    made = ClickHouseSink(clickhouse.settings())
    await made.write(FINGERPRINTS, [record(number, make_embedding(MODEL, 0, VECTORS[number]))
                                    for number in range(CONTENTS)])  # fmt: skip
    yield made
    await made.close()


def distances(vector: Any) -> dict[str, float]:
    """Cosine distances to all contents, in millionths; the slow twin."""
    cosines = (VECTORS @ vector) / (np.linalg.norm(VECTORS, axis=1) * np.linalg.norm(vector))
    return {facts(number).content_id: float(1e6 * (1 - cosine)) for number, cosine in enumerate(cosines)}


def near(clickhouse: Database, vector: Any, limit: int = 10, **more: Any) -> list[VisualNeighbour]:
    options: dict[str, Any] = {
        "chosen": DecisionFilter("default"),
        "without": "",
        "after": None,
        "model": MODEL,
        **more,
    }
    with clickhouse.client() as client:
        return list(embedding_neighbours(client, options.pop("model"), vector, limit=limit, **options))


@pytest.mark.usefixtures("sink")
@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_are_those_that_numpy_finds(clickhouse: Database, seed: int) -> None:
    vector = np.random.default_rng(100 + seed).standard_normal(SIZE).astype(np.float32)
    expected, found = distances(vector), near(clickhouse, vector)
    assert [each.distance for each in found] == pytest.approx(
        [expected[each.content_id] for each in found], abs=ROUNDING
    )
    certain = [name for name, distance in expected.items() if distance < found[-1].distance - 2 * ROUNDING]
    assert len(found) == 10 and len(certain) > 5
    assert {each.content_id for each in found} >= set(certain)
    assert found == sorted(found, key=lambda each: (each.distance, each.content_id))


@pytest.mark.usefixtures("sink")
def test_all_are_compared_and_pages_go_on_where_the_page_before_ended(clickhouse: Database) -> None:
    whole = near(clickhouse, VECTORS[5], limit=CONTENTS, without=facts(5).content_id)
    assert len(whole) == CONTENTS - 1 and facts(5).content_id not in {each.content_id for each in whole}
    first = near(clickhouse, VECTORS[5], without=facts(5).content_id)
    after = (first[-1].distance, first[-1].content_id)
    assert first + near(clickhouse, VECTORS[5], without=facts(5).content_id, after=after) == whole[:20]


@pytest.mark.usefixtures("sink")
def test_the_vector_of_a_content_finds_the_content_itself(clickhouse: Database) -> None:
    with clickhouse.client() as client:
        stored = embedding_vector(client, "default", MODEL, facts(9).content_id)
        assert embedding_vector(client, "default", OTHER, facts(9).content_id) is None
        assert embedding_vector(client, "other", MODEL, facts(9).content_id) is None
    assert stored == pytest.approx(VECTORS[9] / np.linalg.norm(VECTORS[9]), abs=5e-3)
    (nearest,) = near(clickhouse, np.array(stored), limit=1)
    assert nearest.content_id == facts(9).content_id and nearest.distance < 10


async def test_vectors_of_two_models_are_never_compared(sink: ClickHouseSink, clickhouse: Database) -> None:
    await sink.write(FINGERPRINTS, [record(9, make_embedding(OTHER, 0, np.ones(3)), 1000)])
    assert [each.content_id for each in near(clickhouse, np.ones(3), model=OTHER)] == [facts(9).content_id]
    assert len(near(clickhouse, VECTORS[9], limit=CONTENTS + 1)) == CONTENTS
    # a vector of another length under the same name, which no model makes
    await sink.write(FINGERPRINTS, [record(400, make_embedding(MODEL, 0, np.ones(3)), 1001)])
    assert len(near(clickhouse, VECTORS[9], limit=CONTENTS + 2)) == CONTENTS


async def test_a_search_stays_in_its_collection_and_filter(sink: ClickHouseSink, clickhouse: Database) -> None:
    owned = [replace(decision(number), metadata={"owner": "u-7"}) for number in (8, 9)]
    await sink.write(DECISIONS, [decision_record(each, at) for at, each in enumerate(owned)])
    assert near(clickhouse, VECTORS[5], chosen=DecisionFilter("other")) == []
    assert near(clickhouse, VECTORS[5], chosen=DecisionFilter("default", owner="nobody")) == []
    found = near(clickhouse, VECTORS[5], chosen=DecisionFilter("default", owner="u-7"))
    assert {each.content_id for each in found} == {each.content_id for each in owned}


async def test_the_frame_of_a_video_says_when_and_a_content_that_comes_again_has_one_row(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    shown = make_embedding(MODEL, 2500, VECTORS[7])
    await sink.write(FINGERPRINTS, [record(600, shown, 600)])
    await sink.write(FINGERPRINTS, [record(600, shown, 601)])
    found = near(clickhouse, VECTORS[7], limit=3)
    assert {(each.content_id, each.at_ms) for each in found[:2]} == {
        (facts(7).content_id, 0), (facts(600).content_id, 2500)}  # fmt: skip
    assert found[2].content_id not in {facts(7).content_id, facts(600).content_id}
    with clickhouse.client() as client:
        client.command("OPTIMIZE TABLE embeddings FINAL")
    rows = clickhouse.rows(f"SELECT count() FROM embeddings WHERE content_id = '{facts(600).content_id}'")
    assert rows == [(1,)]


async def test_fingerprints_without_and_with_damaged_embeddings_have_rows_all_the_same(
    sink: ClickHouseSink, clickhouse: Database
) -> None:
    damaged = [Embedding(MODEL, 0, "no base64!"), Embedding("", 0, "AAA="), Embedding(MODEL, -1, "AAA="), None]
    records = [record(700 + at, embedding) for at, embedding in enumerate(damaged)]
    assert await sink.write(FINGERPRINTS, records) == []
    names = ", ".join(f"'{facts(700 + at).content_id}'" for at in range(len(damaged)))
    assert clickhouse.rows(f"SELECT count() FROM embeddings WHERE content_id IN ({names})") == [(0,)]
    assert clickhouse.rows(f"SELECT count() FROM fingerprints WHERE content_id IN ({names})") == [(4,)]


async def test_rows_go_with_the_last_medium_of_a_content(sink: ClickHouseSink, clickhouse: Database) -> None:
    first, copy, other = decision(0), decision(900, content=0, outcome="duplicate"), decision(1)
    await sink.write(DECISIONS, [decision_record(each, at) for at, each in enumerate((first, copy, other))])
    await sink.write(FINGERPRINTS, [record(0, make_embedding(OTHER, 0, np.ones(3)), 2000)])

    def stored() -> set[tuple[str, str]]:
        names = f"'{facts(0).content_id}', '{facts(1).content_id}'"
        return set(clickhouse.rows(f"SELECT content_id, model FROM embeddings WHERE content_id IN ({names})"))

    await sink.write(DECISIONS, [deleted(first, 10)])
    assert len(stored()) == 3  # the copy shows it
    await sink.write(DECISIONS, [deleted(copy, 11)])
    assert stored() == {(facts(1).content_id, MODEL)}


def test_a_search_reads_the_vectors_of_its_collection_and_model_and_a_look_up_few(
    embedded_clickhouse: EmbeddedClickHouse,
) -> None:
    database = new_database(embedded_clickhouse)
    database.migrate()
    with database.client() as client:
        client.command(
            "INSERT INTO embeddings (collection, model, content_id, vector, published_at) SELECT "
            "['a', 'b'][number % 2 + 1], ['m@1', 'm@2'][intDiv(number, 2) % 2 + 1], toString(number), "
            "[number, 1, -1], now64() FROM numbers(40000)"
        )
        counting = CountingClient(client)
        found, rows, statements = counting.cost_of(
            lambda asked: embedding_neighbours(
                asked, "m@2", np.array([1.0, 0, 0]), DecisionFilter("b"), without="", after=None, limit=5
            )
        )
        assert len(found) == 5 and statements == 1
        assert 10_000 <= rows <= 10_000 + 4 * 128
        vector, rows, statements = counting.cost_of(lambda asked: embedding_vector(asked, "b", "m@2", "20003"))
        assert vector is not None and statements == 1
        assert rows <= 4 * 128
