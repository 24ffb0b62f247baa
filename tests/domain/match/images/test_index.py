"""Near duplicates in batches, after crashes and under changing policies are decided as the slow twin decides them."""

from __future__ import annotations

import random
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.match.batch import MatchInput
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts
from streams.domain.state.content import from_old_layout
from streams.errors import BadInput, Reason, StateError
from tests.reference.moderation import ModeratedTwin
from tests.support.partition import Partition
from tests.support.picture_streams import DAY_MS, POLICIES, batches, check_crash, stream, submission


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 80))
def test_batches_decide_as_the_twin_does_one_at_a_time(seed: int, length: int) -> None:
    inputs, twin, partition = stream(seed, length), ModeratedTwin(), Partition()
    answers = [answer for batch in batches(inputs, random.Random(seed)) for answer in partition.decide(batch)]
    for each, answer in zip(inputs, answers, strict=True):
        twin.read(each.fingerprint.to_json(), each.time_ms)
        assert orjson.loads(answer.value) == twin.decisions[answer.decision_id]


def test_pictures_inserted_at_level_plain_are_found_by_crops_once_the_policy_changes() -> None:
    """At level `plain` the crops' index is neither searched nor filled. Some contents expire before the change."""
    plain, week = (policy for policy in POLICIES if policy.name in ("plain", "week"))
    by_crops = 0
    for seed in range(20):
        inputs, twin, partition = stream(seed, 80), ModeratedTwin(), Partition()
        for number, each in enumerate(inputs):
            policy = Policy.of() if number >= 40 else week if number % 3 else plain
            inputs[number] = MatchInput.of(replace(each.fingerprint, policy=policy), each.time_ms)
        before = {each.fingerprint.submission_id for each in inputs[:40]}
        answers = [answer for batch in batches(inputs, random.Random(seed)) for answer in partition.decide(batch)]
        for number, (each, answer) in enumerate(zip(inputs, answers, strict=True)):
            twin.read(each.fingerprint.to_json(), each.time_ms)
            decision = orjson.loads(answer.value)
            assert decision == twin.decisions[answer.decision_id]
            if number >= 40 and decision["outcome"] == "near_duplicate":
                match = decision["match"]
                cropped = match["transformation"].endswith(("cropped", "extended", "shifted", "retouched"))
                by_crops += cropped and match["submission_id"] in before
    assert by_crops > 0


def test_an_invalid_hash_is_refused_before_anything_is_decided() -> None:
    facts = MediaFacts(f"sha256:{'0' * 64}", "image", "png", 9, 4, 3, 1, 0.9, {"views:1": "00ff"})
    for wrong, policy in (
        (facts, Policy.of()),
        (replace(facts, hashes={"views:1": "zz" * 42}), Policy.of()),
        (replace(facts, hashes={"dhash64:1": "abc"}), Policy.of(hash="dhash64")),
        (replace(facts, content_id="sha256:12", hashes={}), Policy.of()),
        (replace(facts, content_id="md5:12", hashes={}), Policy.of()),
    ):
        record = replace(submission(0, random.Random(1), 0), facts=wrong, failure=None, policy=policy)
        with pytest.raises(BadInput) as refused:
            MatchInput.of(record, 0)
        assert refused.value.reason == Reason.BAD_FIELD


def test_state_of_a_later_layout_is_refused() -> None:
    with pytest.raises(StateError, match="layouts 2 and 3"):
        Partition([(b"kshop\0sha256:00", bytes([4]) * 100)])


def test_state_of_the_first_layout_still_matches_equal_bytes() -> None:
    record = MatchInput.of(
        next(each for each in (submission(n, random.Random(n), 0) for n in range(9)) if each.facts), 5
    )
    assert record.fingerprint.facts is not None
    old_key = f"c{record.fingerprint.collection}\0{record.fingerprint.facts.content_id}".encode()
    key, content = from_old_layout(old_key, b"photo-1\0src#1")
    (answer,) = Partition([(key, content.pack())]).decide([record])
    assert orjson.loads(answer.value)["match"]["media_id"] == "photo-1"


def test_the_streams_of_these_tests_contain_every_outcome() -> None:
    twin = ModeratedTwin()
    for seed in range(6):
        for each in stream(seed, 80):
            twin.read(each.fingerprint.to_json(), each.time_ms)
    outcomes = [decision["outcome"] for decision in twin.decisions.values()]
    changes = {(d["match"] or {}).get("transformation") for d in twin.decisions.values()}
    assert {outcome: outcomes.count(outcome) > 5 for outcome in set(outcomes)} == dict.fromkeys(
        ("unique", "duplicate", "near_duplicate", "failed"), True
    )
    assert len(changes) > 10


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 60), data=st.data())
def test_a_crash_at_any_point_contradicts_nothing(seed: int, length: int, data: st.DataObject) -> None:
    check_crash(stream(seed, length, DAY_MS // 24), random.Random(seed), data)
