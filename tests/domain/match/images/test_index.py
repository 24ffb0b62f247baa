"""Near duplicates in batches, after crashes, under changing policies: as the plain twin decides, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.hashes.packing import CANONICAL, ENTRY, EXTRA_UPRIGHT, pack_entries
from streams.domain.hashes.views import views_of_level
from streams.domain.match.decide import MatchInput, MatchOutput
from streams.domain.policy.policy import Policy
from streams.domain.records import Failure, Fingerprint, MediaFacts, Origin
from streams.domain.state.content import from_old_layout
from streams.errors import BadInput, Reason, StateError
from tests.reference.twin import Twin
from tests.support.partition import Partition

POLICIES = (
    Policy.of(),
    Policy.of(name="plain", views="plain"),
    Policy.of(name="deep", views="deep", confirm_bits=90),
    Policy.of(name="short", retention_days=3),
    Policy.of(name="week", retention_days=7, views="plain"),
    Policy.of(name="small", hash="dhash64", radius_bits=8),
    Policy.of(name="pairs", hash="ahash256", radius_bits=8, confirm_bits=60),
    Policy.of(name="exact", near=False),
)
DAY_MS = 86_400_000


def flipped(value: int, bits: int, width: int, rng: random.Random) -> int:
    for bit in rng.sample(range(width), bits):
        value ^= 1 << bit
    return value


def picture(base: int, rng: random.Random) -> dict[str, str]:
    """Hashes of an altered picture of this base: views whose codes are some bits from the base's, some the same."""
    truth = random.Random(base)
    entries = np.zeros(0, ENTRY)
    forms = [(truth.getrandbits(64), truth.getrandbits(256)) for _ in range(3)]
    for view in views_of_level("deep"):
        near, confirm = forms[view.code % 3]
        if rng.random() < 0.5 and view.code:
            continue
        for number in range(rng.choice((1, 1, 2, 3))):
            orientation = rng.randrange(8) | (CANONICAL if number == 0 else rng.choice((0, EXTRA_UPRIGHT)))
            near_now = flipped(near, rng.choice((0, 2, 7, 8, 10, 11, 14)), 64, rng)
            confirm_now = flipped(confirm, rng.choice((0, 30, 80, 81, 95)), 256, rng)
            packed = bytes((view.code, orientation)) + near_now.to_bytes(8) + confirm_now.to_bytes(32)
            entries = np.concatenate((entries, np.frombuffer(packed, ENTRY)))
    small = flipped(truth.getrandbits(64), rng.choice((0, 2, 8, 9)), 64, rng)
    large = flipped(truth.getrandbits(256), rng.choice((0, 40, 60, 61)), 256, rng)
    return {
        "phash64:1": f"{small:016x}",
        "dhash64:1": f"{small:016x}",
        "ahash64:1": f"{small:016x}",
        "ahash256:1": f"{large:064x}",
        "views:1": pack_entries(entries),
    }


def submission(offset: int, rng: random.Random, seed: int) -> Fingerprint:
    """One of few submissions, contents and bases, so that all kinds of repetition come about."""
    number, content = rng.randrange(40), 25 * seed + rng.randrange(25)
    facts = None
    if rng.random() < 0.95:
        digest = sha256(b"%d" % content).hexdigest()
        of_content = random.Random(content)  # equal bytes have equal facts
        quality = of_content.choice((0.05, 0.5, 0.9, 0.9))
        facts = MediaFacts(
            f"sha256:{digest}", "image", "png", 9, 4, 3, 1, quality, picture(of_content.randrange(4), of_content)
        )
    return Fingerprint(
        submission_id=f"s#{number}",
        attempt=rng.choice((0, 0, 0, 1)),
        media_id=f"m{number}",
        collection=rng.choice(("shop", "album") if seed % 2 else ("shop",)),
        kind="auto",
        submitted_at="2026-01-01T00:00:00.000Z",
        fingerprinted_at="2026-01-01T00:00:01.000Z",
        origin=Origin("media.submissions", 0, offset),
        facts=facts,
        failure=None if facts else Failure(Reason.NOT_MEDIA, "text"),
        policy=rng.choice(POLICIES if rng.random() < 0.3 else POLICIES[:1]),
    )


def stream(seed: int, length: int, apart_ms: int = DAY_MS) -> list[MatchInput]:
    """Records as they come out of Kafka, apart by up to so much, and now and then out of order."""
    rng = random.Random(seed)
    time_ms, incoming = 0, []
    for offset in range(length):
        time_ms += rng.choice((1, 1_000, apart_ms // 3, apart_ms, -apart_ms // 5))
        record = submission(offset, rng, seed)
        incoming.append(MatchInput.of(Fingerprint.from_json(record.to_json()), time_ms))
    return incoming


def values(answers: Iterable[MatchOutput]) -> list[bytes]:
    return [answer.value for answer in answers]


def batches(incoming: list[MatchInput], rng: random.Random) -> Iterator[list[MatchInput]]:
    while incoming:
        size = rng.choice((1, 2, 5, 20))
        yield incoming[:size]
        incoming = incoming[size:]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 80))
def test_batches_decide_as_the_twin_does_one_by_one(seed: int, length: int) -> None:
    incoming, twin, partition = stream(seed, length), Twin(), Partition()
    answers = [answer for batch in batches(incoming, random.Random(seed)) for answer in partition.decide(batch)]
    for each, answer in zip(incoming, answers, strict=True):
        twin.read(each.fingerprint.to_json(), each.time_ms)
        assert orjson.loads(answer.value) == twin.decisions[answer.decision_id]


def test_what_was_taken_in_plainly_is_found_by_crops_from_a_change_of_policy_on() -> None:
    """At `plain` nothing is looked up among crops, nor is anything kept for who will; some is forgotten meanwhile."""
    plain, week = (policy for policy in POLICIES if policy.name in ("plain", "week"))
    by_crops = 0
    for seed in range(20):
        incoming, twin, partition = stream(seed, 80), Twin(), Partition()
        for number, each in enumerate(incoming):
            policy = Policy.of() if number >= 40 else week if number % 3 else plain
            incoming[number] = MatchInput.of(replace(each.fingerprint, policy=policy), each.time_ms)
        before = {each.fingerprint.submission_id for each in incoming[:40]}
        answers = [answer for batch in batches(incoming, random.Random(seed)) for answer in partition.decide(batch)]
        for number, (each, answer) in enumerate(zip(incoming, answers, strict=True)):
            twin.read(each.fingerprint.to_json(), each.time_ms)
            decision = orjson.loads(answer.value)
            assert decision == twin.decisions[answer.decision_id]
            if number >= 40 and decision["outcome"] == "near_duplicate":
                match = decision["match"]
                cropped = match["transformation"].endswith(("cropped", "extended", "shifted", "retouched"))
                by_crops += cropped and match["submission_id"] in before
    assert by_crops > 0


def test_a_hash_that_is_none_is_refused_before_anything_is_decided() -> None:
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
    with pytest.raises(StateError, match="layout 2"):
        Partition([(b"kshop\0sha256:00", bytes([3]) * 100)])


def test_state_of_the_first_layout_still_matches_equal_bytes() -> None:
    record = MatchInput.of(
        next(each for each in (submission(n, random.Random(n), 0) for n in range(9)) if each.facts), 5
    )
    assert record.fingerprint.facts is not None
    old_key = f"c{record.fingerprint.collection}\0{record.fingerprint.facts.content_id}".encode()
    key, content = from_old_layout(old_key, b"photo-1\0src#1")
    (answer,) = Partition([(key, content.pack())]).decide([record])
    assert orjson.loads(answer.value)["match"]["media_id"] == "photo-1"


def test_the_streams_of_these_tests_hold_every_outcome() -> None:
    twin = Twin()
    for seed in range(6):
        for each in stream(seed, 80):
            twin.read(each.fingerprint.to_json(), each.time_ms)
    outcomes = [decision["outcome"] for decision in twin.decisions.values()]
    changes = {(d["match"] or {}).get("transformation") for d in twin.decisions.values()}
    assert {outcome: outcomes.count(outcome) > 5 for outcome in set(outcomes)} == dict.fromkeys(
        ("unique", "duplicate", "near_duplicate", "failed"), True
    )
    assert len(changes) > 10


def crash(incoming: list[MatchInput], rng: random.Random, data: st.DataObject) -> None:
    """Killed after `killed_at`, committed up to `committed`, and the changelog kept a part of what was written since.

    Then the same worker goes on with its local state, or another with what the changelog kept. What is not committed
    spans less time than any policy remembers: a decision that is forgotten cannot be given again.
    """
    killed_at = data.draw(st.integers(0, len(incoming)))
    committed = data.draw(st.integers(0, killed_at))
    truth = Partition()
    wanted = values(truth.decide(incoming))
    local = Partition()
    for batch in batches(incoming[:committed], rng):
        local.decide(batch)
    durable = len(local.log)
    for batch in batches(incoming[committed:killed_at], rng):
        local.decide(batch)
    kept = local.log[: data.draw(st.integers(durable, len(local.log)))]
    for changes in (local.log, kept):
        successor = Partition(changes)
        again = [answer for batch in batches(incoming[committed:], rng) for answer in successor.decide(batch)]
        assert values(again) == wanted[committed:]
        assert dict([*kept, *successor.log]) == dict(truth.log)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 60), data=st.data())
def test_a_crash_at_any_point_contradicts_nothing(seed: int, length: int, data: st.DataObject) -> None:
    crash(stream(seed, length, DAY_MS // 24), random.Random(seed), data)
