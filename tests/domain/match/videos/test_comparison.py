"""Comparing two videos gives the match that a decision about them has, and all distances behind it."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

import orjson
import pytest

from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.match.batch import MatchInput
from streams.domain.match.videos.comparison import compare_videos, find_picture
from streams.domain.policy.policy import Policy
from streams.domain.records import Fingerprint, MediaFacts, Origin
from tests.support.films import Film, cached_file, film
from tests.support.media import encode, photo
from tests.support.partition import Partition
from tests.support.synthetic_films import media_facts
from tests.support.video_streams import POLICIES, recipe
from tests.support.videos import ALTERATIONS, compilation

SHOWN = Policy.of(name="shown", appears_in=True)


def decided(known: MediaFacts, submitted: MediaFacts, policy: Policy) -> dict[str, Any]:
    """The decision about the second of two media that are submitted to an empty collection."""
    now = "2026-01-01T00:00:00.000Z"
    records = [
        Fingerprint(
            f"#{number}", 0, f"m{number}", "shop", "auto", now, now, Origin("t", 0, number), each, None, policy=policy
        )
        for number, each in enumerate((known, submitted))
    ]
    answers = Partition().decide([MatchInput.of(record, number) for number, record in enumerate(records)])
    found: dict[str, Any] = orjson.loads(answers[1].value)
    return found


@cache
def medium(name: str) -> MediaFacts:
    original = film(0, 12.0)
    if name == "frame":
        return fingerprint_image(encode(Film(0, 12.0).picture(5.0, (640, 360)), "JPEG", quality=80))
    if name == "photo":
        return fingerprint_image(encode(photo("retina.jpg", (400, 300)), "JPEG"))
    if name == "compilation":
        path = cached_file("most of film 0.mp4", lambda target: compilation(original, target, 3, share=0.7))
    else:
        path = {"original": original, "other": film(1, 12.0)}.get(name) or ALTERATIONS[name].apply(original)
    return fingerprint_video(path.read_bytes())


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: str(policy.name))
@pytest.mark.parametrize("seed", range(12))
def test_the_match_equals_that_of_the_decision(seed: int, policy: Policy) -> None:
    known, submitted = media_facts(recipe(seed), f"v{seed}"), media_facts(recipe(seed * 7 % 24 + 1), f"w{seed}")

    found = compare_videos(known, submitted, policy, media_ids=("m0", "m1"))

    match = decided(known, submitted, policy)["match"]
    expected = {**asdict(found.match), "submission_id": "#0"} if found.match else None
    assert expected == match


@pytest.mark.parametrize("name", ["clip_30", "mirrored", "compilation", "other", "original"])
def test_the_match_of_real_videos_equals_that_of_the_decision(name: str) -> None:
    known, submitted = medium("original"), medium(name)

    found = compare_videos(known, submitted, Policy.of(), media_ids=("m0", "m1"))

    match = decided(known, submitted, Policy.of())["match"]
    assert ({**asdict(found.match), "submission_id": "#0"} if found.match else None) == match
    assert (match is None) == (name == "other")
    if found.match is not None and found.match.method == "frames":
        assert found.match.segments == found.parts
        assert (found.match.share, found.match.known_share) == (found.share, found.known_share)


def test_each_moment_is_paired_with_the_one_it_votes_for_or_the_nearest() -> None:
    found = compare_videos(medium("original"), medium("compilation"), Policy.of(), media_ids=("m0", "m1"))

    assert len(found.nearest) == found.moments
    assert [each.at_s for each in found.nearest] == sorted(each.at_s for each in found.nearest)
    voting = [each for each in found.nearest if each.votes]
    assert len(voting) == found.voters <= found.seen == sum(each.matches for each in found.nearest)
    (part,) = found.parts
    for each in voting:
        assert part.from_s - 1 <= each.at_s <= part.to_s
        assert abs((each.known_at_s - part.known_from_s) - (each.at_s - part.from_s)) < 1.5
    for each in found.nearest:
        within = each.near_bits <= each.near_threshold_bits and each.confirm_bits <= each.confirm_threshold_bits
        assert each.matches == within
        assert each.matches or not each.votes
    strangers = [each for each in found.nearest if not each.matches]
    assert strangers
    assert all(each.confirm_bits > 80 or each.near_bits > 7 for each in strangers)


@pytest.mark.parametrize(("known", "submitted"), [("original", "frame"), ("frame", "mirrored"), ("photo", "original")])
def test_a_picture_is_found_in_a_video_if_the_decision_names_the_appearance(known: str, submitted: str) -> None:
    found = find_picture(medium(known), medium(submitted), SHOWN)

    appearances = decided(medium(known), medium(submitted), SHOWN)["appears_in"]
    matching = [each for each in found if each.matches]
    assert bool(appearances) == bool(matching) == (known != "photo")
    assert found[: len(matching)] == matching
    for each in appearances:
        first = matching[0]
        assert each["at_s"] == (first.at_s if medium(submitted).kind == "video" else first.known_at_s)
        assert each["distance_bits"] == first.confirm_bits
        assert abs(each["at_s"] - 5.0) < 2


def test_nothing_is_compared_if_the_policy_matches_exact_copies_only() -> None:
    exact = Policy.of(name="exact", near=False)

    found = compare_videos(medium("original"), medium("mirrored"), exact, media_ids=("m0", "m1"))

    assert (found.match, found.moments, found.nearest) == (None, 0, [])
    again = compare_videos(medium("original"), medium("original"), exact, media_ids=("m0", "m1"))
    assert again.match is not None
    assert again.match.method == "exact"
    assert find_picture(medium("original"), medium("frame"), exact) == []
