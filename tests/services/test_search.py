"""Searching by hashes; pictures and videos are searched for in tests/cli/commands/test_similar.py and its neighbour."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from streams.analytics.queries.server import may_read_and_write
from streams.analytics.writer import ClickHouseSink
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.kafka.topics import DECISIONS, FINGERPRINTS
from streams.services.search import search_by_hash
from streams.services.statistics import await_outcome_counts, clock_offset_s, outcome_counts
from tests.support.engines import Database
from tests.support.stories import decision, decision_record, fingerprint, fingerprint_record
from tests.support.synthetic_films import Cut, Film, VideoRecipe, media_facts


@pytest.fixture
async def database(clickhouse: Database) -> Database:
    """Photos 1 to 4, whose hashes are their numbers, a copy of photo 1, and a film."""
    film = replace(fingerprint(9), facts=media_facts(VideoRecipe([Cut(Film("film"), 0, 6_000)]), "film"))
    decisions = [*(decision(number) for number in (1, 2, 3, 4)), decision(5, content=1, outcome="duplicate")]
    sink = ClickHouseSink(clickhouse.settings())
    await sink.write(DECISIONS, [decision_record(each, offset) for offset, each in enumerate(decisions)])
    await sink.write(FINGERPRINTS, [fingerprint_record(film, 0)])
    await sink.close()
    return clickhouse


def test_a_hash_finds_the_nearest_contents_and_what_the_policy_says_of_them(database: Database) -> None:
    with database.client() as client:
        found = search_by_hash(client, 1 << 40 | 3, 3, DEFAULT_POLICY, collection="default", limit=2)
        strict = search_by_hash(client, (1 << 64) - 1, 3, DEFAULT_POLICY, collection="default", limit=2)

    exact, near = found.contents
    assert (exact.media_ids, exact.distance_bits, exact.near_distance_bits) == (("photos/3.jpg",), 0, 1)
    assert (near.media_ids, near.distance_bits, near.submissions) == (("photos/1.jpg", "photos/5.jpg"), 1, 2)
    assert (exact.transformation, exact.similarity, exact.within_thresholds) == ("none", 1.0, True)
    assert (found.videos, found.remark) == ((), "")
    assert ([content.within_thresholds for content in strict.contents], strict.remark) == (
        [False, False],
        "none_near_enough",
    )


def test_a_hash_finds_the_videos_that_show_it(database: Database) -> None:
    frame = Film("film").hashes_at(3_000)
    with database.client() as client:
        found = search_by_hash(client, frame.hash64, frame.hash256, DEFAULT_POLICY, collection="default", limit=5)
        other = search_by_hash(client, frame.hash64, frame.hash256, DEFAULT_POLICY, collection="other", limit=5)

    (video,) = found.videos
    assert (video.media_id, video.frames_alike, video.same_bytes) == ("photos/9.jpg", 1, False)
    assert min(abs(known_s - 3) for _, known_s in video.places) < 1.5
    assert (other.contents, other.videos, other.remark) == ((), (), "no_comparable_picture")


def test_statistics_count_outcomes_and_compare_clocks(database: Database) -> None:
    expected = Counter(unique=4, duplicate=1)
    with database.client() as client:
        assert outcome_counts(client, "default") == expected
        assert await_outcome_counts(client, "default", expected, timeout_s=5.0) == expected
        assert await_outcome_counts(client, "default", Counter(unique=9), timeout_s=0.0) == expected
        assert abs(clock_offset_s(client)) < 60
        assert may_read_and_write(client, database.name) in (True, None)
