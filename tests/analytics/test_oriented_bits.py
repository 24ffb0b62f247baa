"""Distances that ClickHouse counts by words of a hash are those of whole hashes in every orientation."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from streams.analytics.queries.stored import DecisionFilter
from streams.analytics.queries.stored.contents import candidates
from streams.analytics.queries.stored.oriented_bits import COLUMNS, oriented_bits, words_of
from streams.domain.hashes.reoriented import reoriented_hashes
from tests.support.engines import Database

RANDOM = random.Random(17)
PICTURES = [RANDOM.randbytes(32) for _ in range(8)]


def altered(value: bytes, bits: int) -> bytes:
    changed = sum(1 << place for place in RANDOM.sample(range(256), bits))
    return (int.from_bytes(value) ^ changed).to_bytes(32)


#: Pictures, each in all orientations with some bits changed, and others.
KNOWN = [
    *(
        altered(turned, bits)
        for value in PICTURES
        for turned in reoriented_hashes(value)
        for bits in (0, 7, 60, 61, 90)
    ),
    *(RANDOM.randbytes(32) for _ in range(300)),
    bytes(32),
    b"\xff" * 32,
]


def bits_between(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def nearest(asked: Sequence[bytes], reach_bits: int) -> list[tuple[int, str]]:
    """The slow twin: every pair is compared."""
    found = [(min(bits_between(value, each) for each in asked), f"c{number:04}") for number, value in enumerate(KNOWN)]
    return sorted(pair for pair in found if pair[0] <= reach_bits)


@pytest.fixture
def known(clickhouse: Database) -> Database:
    clickhouse.migrate()
    rows = [["shop", f"c{number:04}", "1", 0.5, 0, value] for number, value in enumerate(KNOWN)]
    names = ["collection", "content_id", "version", "quality", "phash64", "phash256"]
    with clickhouse.client() as client:
        client.insert("content_hashes", rows, column_names=names)
    return clickhouse


@pytest.mark.parametrize("reach_bits", [0, 10, 60, 100, 128])
def test_what_is_near_in_any_orientation_is_what_a_comparison_of_all_pairs_finds(
    known: Database, reach_bits: int
) -> None:
    everyone = [each for value in PICTURES[:2] for each in reoriented_hashes(value)]
    questions = (reoriented_hashes(PICTURES[3]), everyone, everyone[:5], [PICTURES[4]], [bytes(32), KNOWN[-1]])
    with known.client() as client:
        for asked in questions:
            found = candidates(
                client, [each.hex() for each in asked], DecisionFilter("shop"), version="1", min_quality=0.0,
                max_distance_bits=reach_bits, after=None, limit=1000,
            )  # fmt: skip
            assert [(each.distance_bits, each.content_id) for each in found] == nearest(asked, reach_bits)


def test_the_columns_have_every_bit_of_the_hash_once(known: Database) -> None:
    rows = known.rows(f"SELECT content_id, {', '.join(COLUMNS)} FROM content_hashes ORDER BY content_id")
    assert [row[1:] for row in rows] == [words_of(value) for value in KNOWN]
    for place in range(256):
        assert sum(word.bit_count() for word in words_of((1 << place).to_bytes(32))) == 1


def test_orientations_are_counted_together() -> None:
    assert len(oriented_bits(reoriented_hashes(PICTURES[0])).parameters) == 2 * len(COLUMNS)
    assert len(oriented_bits(PICTURES).parameters) == len(PICTURES) * len(COLUMNS)
