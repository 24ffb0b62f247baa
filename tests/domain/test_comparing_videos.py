"""Two videos compared for people: the same match as a decision has, and the pairs that it rests on."""

from __future__ import annotations

import random
from dataclasses import asdict, replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.comparing_videos import compare_videos
from streams.domain.matching import Incoming
from streams.domain.policy import Policy
from tests.domain.films import Cut, Film, Take, facts_of
from tests.domain.partition import Partition
from tests.domain.test_video_matching import POLICIES, submission, video

FILM = Film("compared")
WHOLE = facts_of(Take([Cut(FILM, 0, 30_000)]), "whole")
CLIP = facts_of(Take([Cut(FILM, 9_000, 12_000)], phase_ms=100, turn=1, seed=3), "clip")


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_a_comparison_comes_to_what_a_decision_would(seed: int) -> None:
    rng = random.Random(seed)
    known, own, policy = video(rng.randrange(60)), video(rng.randrange(60)), rng.choice(POLICIES)
    records = [submission(facts, number, number, policy, "shop") for number, facts in enumerate((known, own))]
    decision = orjson.loads(Partition().decide([Incoming.of(record, 0) for record in records])[1].value)

    found = compare_videos(known, own, policy, media_id="v0")

    expected = decision["match"]
    if found.match is None or expected is None:
        assert found.match is expected is None
    else:
        told = orjson.loads(orjson.dumps(asdict(found.match)))
        joins = expected["relation"] not in ("contains", "overlaps")
        left_out = {"submission_id"} if joins else {"submission_id", "group_media_id"}
        assert {**told, **{name: expected[name] for name in left_out}} == expected


def test_pairs_say_which_moments_are_the_same_and_which_vote() -> None:
    found = compare_videos(WHOLE, CLIP, POLICIES[0], media_id="whole.mp4")

    assert found.match is not None
    assert (found.match.relation, found.match.media_id) == ("clip_of", "whole.mp4")
    assert [(round(run.from_ms, -3), round(run.known_from_ms, -3)) for run in found.runs] == [(0, 9_000)]
    voting = [pair for pair in found.pairs if pair.votes]
    assert len(voting) >= 12
    assert {pair.turn for pair in voting} == {"mirrored"}
    assert all(abs(pair.known_at_ms - pair.at_ms - 9_000) < 2_500 for pair in voting)
    assert (found.duration_ms, found.known_duration_ms) == (12_000, 30_000)


@pytest.mark.parametrize(
    ("own", "policy"),
    [
        (facts_of(Take([Cut(Film("else"), 0, 9_000)]), "else"), POLICIES[0]),
        (CLIP, Policy.of(near=False)),
        (replace(CLIP, quality=0.01), POLICIES[0]),
    ],
)
def test_videos_without_anything_in_common_have_no_pairs(own: object, policy: Policy) -> None:
    found = compare_videos(WHOLE, own, policy, media_id="w")  # type: ignore[arg-type]
    assert (found.match, found.runs, found.pairs) == (None, (), ())


def test_equal_bytes_are_an_exact_match() -> None:
    found = compare_videos(WHOLE, WHOLE, POLICIES[0], media_id="w")
    assert found.match is not None
    assert found.match.method == "exact"
    assert found.runs
