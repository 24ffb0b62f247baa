"""Reference collections: compared against, never changed by what is compared."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.match.batch import MatchInput
from streams.domain.policy.policy import RULE_NAMES, Policy
from streams.domain.records import Fingerprint
from streams.domain.state.keys import CONTENT_PREFIX, EVIDENCE_PREFIX, GROUPED_PREFIX
from tests.support import picture_streams
from tests.support.media_stories import deleted, outcomes, said, submission
from tests.support.moderation_streams import batches
from tests.support.partition import Partition

LIBRARY = Policy.of(reference=True)


def made(given: MatchInput, *, reference: bool) -> MatchInput:
    """The submission in a reference collection."""
    rules = {name: getattr(given.fingerprint.policy, name) for name in RULE_NAMES}
    policy = Policy(**{**rules, "reference": True})
    fingerprint = replace(given.fingerprint, policy=policy, reference=reference)
    return MatchInput.of(Fingerprint.from_json(fingerprint.to_json()), given.time_ms, given.offset)


def reference(number: int, **named: Any) -> MatchInput:
    return made(submission(number, **named), reference=True)


def probe(number: int, **named: Any) -> MatchInput:
    return made(submission(number, **named), reference=False)


def test_equal_probes_are_unique_until_there_is_a_reference() -> None:
    partition = Partition()
    assert outcomes(partition, *(probe(n, content=7, medium=f"p{n}", at=n) for n in (1, 2))) == [
        ("p1", "unique", 0),
        ("p2", "unique", 0),
    ]
    assert outcomes(partition, reference(3, content=7, medium="ref", at=3)) == [("ref", "unique", 0)]
    [told] = partition.process([probe(4, content=7, medium="p4", at=4)]).decisions
    decision = orjson.loads(told.value)
    assert (decision["outcome"], decision["match"]["media_id"], decision["probe"]) == ("duplicate", "ref", True)


def test_a_probe_has_the_verdict_of_now_and_is_not_revised() -> None:
    partition = Partition()
    outcomes(partition, reference(1, content=7, medium="ref", at=1), probe(2, content=7, medium="before", at=2))
    assert outcomes(partition, said(3, 3, content=7)) == [("ref", "unique", 1)]
    [told] = partition.process([probe(4, content=7, medium="after", at=4)]).decisions
    verdict = orjson.loads(told.value)["verdict"]
    assert (verdict["status"], verdict["inherited_from"]) == ("blocked", "ref")


def test_a_probe_is_deleted_as_any_submission_and_takes_no_content_over() -> None:
    partition = Partition()
    outcomes(partition, reference(1, content=7, medium="ref", at=1), probe(2, content=7, medium="ann", at=2))
    outcomes(partition, probe(3, content=8, medium="ann", at=3), probe(4, content=7, medium="bob", at=4))
    assert sorted(outcomes(partition, deleted(9, 5, medium="ann"))) == [("ann", "deleted", 1)] * 2
    assert outcomes(partition, deleted(10, 6, medium="ref")) == [("ref", "deleted", 1)]
    # the content went with its reference: bob's probe does not keep it
    assert outcomes(partition, probe(5, content=7, medium="eve", at=7)) == [("eve", "unique", 0)]


def test_a_policy_without_the_rule_has_the_version_and_the_json_that_it_had() -> None:
    assert b"reference" not in orjson.dumps(Policy())
    assert Policy.from_json(orjson.loads(orjson.dumps(LIBRARY))) == LIBRARY
    assert LIBRARY.version != Policy.of().version
    assert Policy.from_json(orjson.loads(orjson.dumps(Policy()))).reference is False


def _library(partition: Partition) -> dict[bytes, bytes]:
    kept = (CONTENT_PREFIX, EVIDENCE_PREFIX, GROUPED_PREFIX)
    return {key: value for key, value in partition.items() if key.startswith(kept)}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1 << 32))
def test_probes_of_any_kind_in_batches_of_any_size_leave_the_collection_as_it_is(seed: int) -> None:
    rng = random.Random(seed)
    stream = [made(each, reference=rng.random() < 0.4) for each in _each_submitted_once(seed, 60)]
    mixed, references = Partition(), Partition()
    for batch in batches(stream, rng):
        mixed.process(batch)
    for batch in batches([each for each in stream if each.fingerprint.reference], rng):
        references.process(batch)
    assert _library(mixed) == _library(references)
    asked = [made(each, reference=False) for each in _each_submitted_once(seed + 1, 20, first=100)]
    for other in (references, Partition(mixed.log)):
        assert [each.value for each in Partition(mixed.log).decide(asked)] == [
            each.value for each in other.decide(asked)
        ]


def _each_submitted_once(seed: int, length: int, first: int = 0) -> list[MatchInput]:
    found = []
    for number, each in enumerate(picture_streams.stream(seed, length), first):
        fingerprint = replace(each.fingerprint, submission_id=f"once#{number}")
        found.append(MatchInput.of(fingerprint, each.time_ms + first * picture_streams.DAY_MS, number))
    return found
