"""Exact copies: outcomes and matches, and that deciding again never contradicts a decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from hashlib import sha256

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.match.batch import MatchInput
from streams.domain.match.outcome import build_decision, exact_match
from streams.domain.match.result import MatchOutput
from streams.domain.moderation.standing import Standing
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.domain.records import Decision, Failure, Fingerprint, Match, MediaFacts, Origin
from streams.domain.state.content import FOR_EVER_MS, Content
from streams.errors import Reason
from tests.support.partition import Partition


def fingerprint(
    number: int,
    content: str | None,
    *,
    collection: str = "shop",
    at: str = "2026-01-01T00:00:01.000Z",
    policy: Policy = DEFAULT_POLICY,
) -> Fingerprint:
    facts = None
    if content is not None:
        digest = sha256(content.encode()).hexdigest()
        facts = MediaFacts(f"sha256:{digest}", "image", "jpeg", 10, 4, 3, 1, 0.5, {"phash64:1": digest[:16]})
    return Fingerprint(
        submission_id=f"src#{number}",
        attempt=0,
        media_id=f"photo-{number}",
        collection=collection,
        kind="auto",
        submitted_at="2026-01-01T00:00:00.000Z",
        fingerprinted_at=at,
        origin=Origin("media.submissions", 0, number),
        facts=facts,
        failure=None if facts else Failure(Reason.NOT_MEDIA, "text"),
        policy=policy,
    )


def decide(fingerprints: Sequence[Fingerprint], partition: Partition) -> list[MatchOutput]:
    return partition.decide([MatchInput.of(each, 1_000 * each.origin.offset) for each in fingerprints])


def outcomes(values: Iterable[bytes]) -> list[str]:
    return [orjson.loads(value)["outcome"] for value in values]


def test_the_first_is_unique_and_the_second_a_duplicate_of_it() -> None:
    answers = decide([fingerprint(1, "a"), fingerprint(2, "a"), fingerprint(3, "b")], Partition())
    first, second, third = (orjson.loads(answer.value) for answer in answers)
    assert (first["outcome"], first["action"], first["match"]) == ("unique", "process", None)
    assert (second["outcome"], second["action"]) == ("duplicate", "reuse")
    assert second["match"] == {
        "content_id": first["content_id"],
        "media_id": "photo-1",
        "submission_id": "src#1",
        "group_content_id": first["content_id"],
        "group_media_id": "photo-1",
        "method": "exact",
        "similarity": 1.0,
        "distance_bits": 0,
        "threshold_bits": 0,
        "explanation": "The same bytes.",
        "confidence": "exact",
        "score": None,
        "differs": None,
        "map": [],
        "candidate_distance_bits": None,
        "candidate_threshold_bits": None,
        "transformation": "none",
        "view": "full",
        "known_view": "full",
        "relation": "",
        "segments": [],
        "share": 0.0,
        "known_share": 0.0,
    }
    assert second["verdict"]["inherited_from"] == "photo-1"
    assert third["outcome"] == "unique"


def test_collections_do_not_see_each_other() -> None:
    state = Partition()
    answers = decide([fingerprint(1, "a", collection="x"), fingerprint(2, "a", collection="y")], state)
    assert outcomes(answer.value for answer in answers) == ["unique", "unique"]


def test_a_failed_submission_gets_a_decision_and_matches_nothing() -> None:
    answers = decide([fingerprint(1, None), fingerprint(2, None)], Partition())
    assert outcomes(answer.value for answer in answers) == ["failed", "failed"]
    assert orjson.loads(answers[0].value)["failure"] == {"reason": "not_media", "detail": "text"}


def test_the_same_submission_fingerprinted_again_gets_the_same_bytes() -> None:
    state = Partition()
    first = decide([fingerprint(1, "a"), fingerprint(2, "a")], state)
    later = "2026-01-01T00:09:00.000Z"
    again = decide([fingerprint(2, "a", at=later), fingerprint(1, "a", at=later)], state)
    assert [answer.value for answer in again] == [first[1].value, first[0].value]
    assert all(answer.repeated for answer in again)


@pytest.mark.parametrize("second_content", [None, "other bytes"])
def test_a_source_that_changed_between_two_attempts_does_not_change_the_decision(second_content: str | None) -> None:
    state = Partition()
    (first,) = decide([fingerprint(1, "a")], state)
    (again,) = decide([fingerprint(1, second_content)], state)
    assert again.value == first.value


def test_a_replay_with_another_attempt_is_decided_again() -> None:
    state = Partition()
    (failed,) = decide([fingerprint(1, None)], state)
    (replayed,) = decide([replace(fingerprint(1, "a"), attempt=1)], state)
    assert outcomes([failed.value, replayed.value]) == ["failed", "unique"]
    assert failed.decision_id != replayed.decision_id


def test_the_decision_names_the_policy_version_of_its_record() -> None:
    fast = Policy.of(name="fast", near=False)
    answers = decide([fingerprint(1, "a", policy=fast), fingerprint(2, "a")], Partition())
    versions = [orjson.loads(answer.value)["versions"]["policy"] for answer in answers]
    assert versions == [fast.version, DEFAULT_POLICY.version]


submissions = st.lists(st.tuples(st.integers(0, 20), st.one_of(st.none(), st.sampled_from("abcd"))), max_size=30)


@settings(max_examples=150)
@given(given_records=submissions, cut=st.integers(0, 30))
def test_a_batch_decides_as_its_submissions_do_one_at_a_time(
    given_records: list[tuple[int, str | None]], cut: int
) -> None:
    fingerprints = [fingerprint(number, content) for number, content in given_records]
    whole, single, halves = Partition(), Partition(), Partition()
    at_once = decide(fingerprints, whole)
    one_at_a_time = [decide([one], single)[0] for one in fingerprints]
    in_two = decide(fingerprints[:cut], halves) + decide(fingerprints[cut:], halves)
    assert at_once == one_at_a_time == in_two
    assert whole == single == halves


@settings(max_examples=300)
@given(given_records=submissions, data=st.data())
def test_a_crash_at_any_point_contradicts_nothing_and_completes_the_changelog(
    given_records: list[tuple[int, str | None]], data: st.DataObject
) -> None:
    """A worker is killed after `killed_at` records, `committed` of which are committed.

    The changelog has some of the writes in between. Then either the same worker continues with its local state, or
    another worker with the state of the changelog.
    """
    fingerprints = [fingerprint(number, content) for number, content in given_records]
    killed_at = data.draw(st.integers(0, len(fingerprints)))
    committed = data.draw(st.integers(0, killed_at))
    truth, local = Partition(), Partition()
    expected = [answer.value for answer in decide(fingerprints, truth)]
    decide(fingerprints[:committed], local)
    durable = len(local.log)
    decide(fingerprints[committed:killed_at], local)
    in_changelog = local.log[: data.draw(st.integers(durable, len(local.log)))]
    for changes in (local.log, in_changelog):
        successor = Partition(changes)
        again = decide(fingerprints[committed:], successor)
        assert [answer.value for answer in again] == expected[committed:]
        assert dict(successor) == dict([*in_changelog, *successor.log]) == dict(truth)


def test_a_decision_and_an_exact_match_have_every_field_in_its_order() -> None:
    known = Content("sha256:" + "0" * 64, "a.jpg", "s#1", "sha256:" + "1" * 64, "b.jpg", 0, FOR_EVER_MS, bytes(16))
    match = exact_match(known, Standing.of(known))
    decision = build_decision(fingerprint(1, "a"), "id", 0, "duplicate", match)

    assert list(vars(match)) == [each.name for each in fields(Match)]
    assert replace(match) == match
    assert list(vars(decision)) == [each.name for each in fields(Decision) if not each.metadata]
    assert replace(decision) == decision
