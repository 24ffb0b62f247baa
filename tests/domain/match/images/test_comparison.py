"""Comparing two pictures gives the match of a decision about them, and every distance that was compared."""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import numpy as np
import orjson
import pytest
from PIL import Image, ImageOps

from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.hashes.packing import CANONICAL, ENTRY, EXTRA_UPRIGHT, pack_entries
from streams.domain.hashes.views import VIEW_PAIRS, VIEWS, views_of_level
from streams.domain.match.batch import MatchInput
from streams.domain.match.images.comparison import compare_pictures, match_pictures
from streams.domain.match.selection import required_hashes
from streams.domain.policy.policy import Policy
from streams.domain.records import Fingerprint, MediaFacts, Origin
from streams.errors import BadInput
from tests.support.media import encode, photo
from tests.support.partition import Partition

POLICIES = (
    Policy.of(),
    Policy.of(name="plain", views="plain"),
    Policy.of(name="deep", views="deep", confirm_bits=90),
    Policy.of(name="narrow", radius_bits=4, view_radius_bits=2, confirm_bits=30),
    Policy.of(name="small", hash="dhash64", radius_bits=8),
    Policy.of(name="pairs", hash="dhash256"),
    Policy.of(name="exact", near=False),
)
CAT = photo("chelsea.png", (451, 300))
FILES = {
    "itself": encode(CAT, "PNG"),
    "smaller": encode(CAT.resize((226, 150)), "JPEG", quality=60),
    "mirrored": encode(ImageOps.mirror(CAT), "JPEG", quality=80),
    "turned": encode(CAT.transpose(Image.Transpose.ROTATE_270), "WEBP"),
    "framed in black": encode(ImageOps.expand(CAT, (0, 60), "black"), "JPEG", quality=85),
    "cropped": encode(CAT.crop((22, 15, 429, 285)), "JPEG", quality=85),
    "another": encode(photo("coffee.png", (451, 300)), "JPEG", quality=85),
    "nothing": encode(Image.new("RGB", (300, 200), (200, 10, 10)), "PNG"),
}


@cache
def facts(name: str, policy: Policy = POLICIES[0]) -> MediaFacts:
    what = required_hashes(policy)
    return fingerprint_image(FILES[name], level=what.level, extra_hashes=what.extra_hashes)


def record(medium: MediaFacts, media_id: str, policy: Policy) -> Fingerprint:
    now = "2026-01-01T00:00:00.000Z"
    origin = Origin("media.submissions", 0, 0)
    return Fingerprint(f"#{media_id}", 0, media_id, "shop", "auto", now, now, origin, medium, None, policy=policy)


def decided(known: MediaFacts, submitted: MediaFacts, policy: Policy) -> dict[str, Any] | None:
    """The match of a decision about `submitted` when `known` is known, without the submission id."""
    partition = Partition()
    partition.decide([MatchInput.of(record(known, "known", policy), 0)])
    (answer,) = partition.decide([MatchInput.of(record(submitted, "copy", policy), 1)])
    match: dict[str, Any] | None = orjson.loads(answer.value)["match"]
    return match and {**match, "submission_id": ""}


def compared(known: MediaFacts, submitted: MediaFacts, policy: Policy) -> dict[str, Any] | None:
    match = match_pictures(known, submitted, policy, media_id="known", submitted_id="copy")
    return None if match is None else asdict(match)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_the_match_is_that_of_a_decision(policy: Policy) -> None:
    for name in FILES:
        known, submitted = facts("itself", policy), facts(name, policy)
        assert compared(known, submitted, policy) == decided(known, submitted, policy), name
        assert compared(submitted, known, policy) == decided(submitted, known, policy), name


def made_up(seed: int, base: int) -> MediaFacts:
    """Facts whose views are some bits away from their base's, or from each other's."""
    rng, truth = random.Random(seed), random.Random(base)
    forms = [(truth.getrandbits(64), truth.getrandbits(256)) for _ in range(3)]
    entries = []
    for view in views_of_level("deep"):
        hash64, hash256 = forms[view.code % 3]
        for _ in range(rng.choice((0, 1, 1, 2))):
            for bit in rng.sample(range(64), rng.choice((0, 2, 7, 8, 10, 11))):
                hash64 ^= 1 << bit
            for bit in rng.sample(range(256), rng.choice((0, 2, 30, 80))):
                hash256 ^= 1 << bit
            orientation = rng.randrange(8) | rng.choice((0, CANONICAL, CANONICAL, CANONICAL | EXTRA_UPRIGHT))
            entries.append(
                (view.code, orientation, hash64, [hash256 >> shift & (1 << 64) - 1 for shift in (192, 128, 64, 0)])
            )
    hashes = {"views:1": pack_entries(np.array(entries, ENTRY))}
    return replace(facts("itself"), content_id=f"sha256:{seed:064x}", hashes=hashes)


def test_of_equally_near_views_the_match_names_those_of_a_decision() -> None:
    outcomes = []
    for seed in range(0, 120, 2):
        policy = POLICIES[seed // 2 % 4]
        known, submitted = made_up(seed, seed), made_up(seed + 1, seed)
        found = compared(known, submitted, policy)
        assert found == decided(known, submitted, policy), seed
        outcomes.append(found is not None)
    assert 10 < sum(outcomes) < 50


def test_every_pair_of_views_that_the_policy_compares_occurs_once() -> None:
    known, submitted = facts("itself"), facts("framed in black")
    found = compare_pictures(known, submitted, POLICIES[0])
    pairs = [(each.view, each.known_view) for each in found]
    assert len(set(pairs)) == len(pairs)
    names = {view.name: view.code for view in VIEWS}
    assert all(VIEW_PAIRS[1, names[view], names[known_view]] for view, known_view in pairs)
    assert {known_view for view, known_view in pairs if view == "trimmed"} >= {"full"}
    assert len(compare_pictures(facts("itself", POLICIES[1]), facts("smaller", POLICIES[1]), POLICIES[1])) == 1


def test_the_nearest_pair_comes_first_with_its_transformation_and_thresholds() -> None:
    plain = POLICIES[1]
    (only,) = compare_pictures(facts("itself", plain), facts("mirrored", plain), plain)
    assert (only.matches, only.transformation) == (True, "mirrored")
    assert (only.near_threshold_bits, only.confirm_threshold_bits) == (12, 92)
    assert only.confirm_hash is not None and only.known_confirm_hash is not None
    assert (int(only.near_hash, 16) ^ int(only.known_near_hash, 16)).bit_count() == only.near_bits
    assert (int(only.confirm_hash, 16) ^ int(only.known_confirm_hash, 16)).bit_count() == only.confirm_bits
    cropped = compare_pictures(facts("itself"), facts("cropped"), POLICIES[0])
    assert (cropped[0].matches, cropped[0].near_threshold_bits) == (True, 7)
    whole = {view.name for view in VIEWS if view.whole}
    ranks = [
        (not each.matches, not {each.view, each.known_view} <= whole, each.confirm_bits, each.near_bits)
        for each in cropped
    ]
    assert ranks == sorted(ranks)
    assert {each.matches for each in cropped} == {True, False}


def test_a_policy_of_one_hash_has_no_confirming_hash() -> None:
    policy = POLICIES[4]
    (only,) = compare_pictures(facts("itself", policy), facts("smaller", policy), policy)
    assert (only.confirm_bits, only.confirm_threshold_bits, only.near_threshold_bits) == (None, None, 8)
    assert (only.confirm_hash, only.near_hash) == (None, facts("smaller", policy).hashes["dhash64:1"])
    assert only.matches


def test_the_hashes_of_a_comparison_are_written_as_in_the_facts() -> None:
    policy = POLICIES[5]
    known, submitted = facts("itself", policy), facts("smaller", policy)
    (only,) = compare_pictures(known, submitted, policy)
    assert (only.near_hash, only.confirm_hash) == (submitted.hashes["dhash64:1"], submitted.hashes["dhash256:1"])
    assert (only.known_near_hash, only.known_confirm_hash) == (known.hashes["dhash64:1"], known.hashes["dhash256:1"])


def test_pictures_without_comparable_hashes_have_no_comparisons() -> None:
    known, standard = facts("itself"), POLICIES[0]
    assert compare_pictures(known, facts("nothing"), standard) == []
    assert compare_pictures(known, known, Policy.of(near=False)) == []
    older = replace(known, hashes={"phash64:1": "0" * 16, "views:0": known.hashes["views:1"]})
    assert compare_pictures(older, known, standard) == []
    assert match_pictures(facts("nothing"), facts("nothing"), standard, media_id="red") is not None


def test_the_fields_are_those_of_explain_json() -> None:
    nearest = compare_pictures(facts("itself"), facts("smaller"), POLICIES[0])[0]
    assert list(asdict(nearest)) == [
        *("view", "turn", "known_view", "known_turn"),
        *("near_bits", "near_threshold_bits", "near_hash", "known_near_hash"),
        *("confirm_bits", "confirm_threshold_bits", "confirm_hash", "known_confirm_hash"),
        *("transformation", "pair"),
    ]


def test_an_invalid_hash_is_refused() -> None:
    with pytest.raises(BadInput, match="whole entries"):
        compare_pictures(facts("itself"), replace(facts("itself"), hashes={"views:1": "00ff"}), POLICIES[0])


def test_a_comparison_matches_within_both_thresholds() -> None:
    plain = POLICIES[1]
    (nearest,) = compare_pictures(facts("itself", plain), facts("smaller", plain), plain)
    assert replace(nearest, near_bits=12, confirm_bits=92).matches
    assert not replace(nearest, near_bits=13).matches
    assert not replace(nearest, confirm_bits=93).matches
