"""Decisions on the wire, shown by tests/examples: what readers get, what is refused, and which field is named."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson
import pytest

from streams.domain.match.batch import MatchInput
from streams.domain.records import Appearance, Decision, Failure, Fingerprint, Match, MediaFacts, Segment, Verdict
from streams.errors import BadInput, Reason
from streams.kafka.topics import DECISIONS, FINGERPRINTS
from tests.support.examples import example_params, load_example, load_examples
from tests.support.partition import Partition


def near_duplicate() -> dict[str, Any]:
    return load_example(DECISIONS, "4_near_duplicate")


def clip() -> dict[str, Any]:
    return load_example(DECISIONS, "6_clip")


def test_the_example_fingerprints_get_the_example_decisions() -> None:
    records = [orjson.dumps(example) for example in load_examples(FINGERPRINTS).values()]

    answers = Partition().decide([MatchInput.of(Fingerprint.from_json(record), 0) for record in records])

    decisions = list(load_examples(DECISIONS).values())
    assert [orjson.loads(answer.value) for answer in answers] == decisions
    for decision in decisions:
        usual = [field.name for field in dataclasses.fields(Decision) if not field.metadata]
        assert [name for name in decision if name != "inheritance"] == usual  # copies that inherit less have it


@pytest.mark.parametrize("example", example_params(DECISIONS))
def test_a_decision_survives_the_wire(example: dict[str, Any]) -> None:
    decision = Decision.from_json(orjson.dumps(example))

    assert orjson.loads(decision.to_json()) == example
    assert list(orjson.loads(decision.to_json())) == list(example)
    assert Decision.from_json(decision.to_json()) == decision


def test_the_bytes_of_the_match_stage_survive_the_wire() -> None:
    records = [orjson.dumps(example) for example in load_examples(FINGERPRINTS).values()]

    for answer in Partition().decide([MatchInput.of(Fingerprint.from_json(record), 0) for record in records]):
        assert answer.value is not None
        assert Decision.from_json(answer.value).to_json() == answer.value


def test_what_is_inside_a_decision_has_its_class() -> None:
    found = Decision.from_json(orjson.dumps({**clip(), "appears_in": [APPEARANCE]}))
    failed = Decision.from_json(orjson.dumps(load_example(DECISIONS, "3_failed")))

    assert found.verdict == Verdict("pending", inherited_from="trip-1")
    assert isinstance(found.match, Match)
    assert found.match.segments == [Segment(0.0, 11.8, 4.0, 15.8, 1.0)]
    assert isinstance(found.facts, MediaFacts)
    assert found.facts.video is not None
    assert found.facts.video.thumbnails_s == [0.0, 4.0, 8.0]
    assert found.appears_in == [Appearance("sha256:00", "film-1", "video", 3.5, 12)]
    assert failed.failure == Failure(Reason.TRUNCATED_MEDIA, "image file is truncated (12 bytes not processed)")


APPEARANCE = {"content_id": "sha256:00", "media_id": "film-1", "kind": "video", "at_s": 3.5, "distance_bits": 12}


def test_a_decision_of_a_later_version_is_still_understood() -> None:
    later = clip()
    later["colour"] = later["match"]["colour"] = later["verdict"]["colour"] = later["facts"]["colour"] = "black"
    later["facts"]["video"]["colour"] = later["match"]["segments"][0]["colour"] = "black"

    assert Decision.from_json(orjson.dumps(later)) == Decision.from_json(orjson.dumps(clip()))


def test_a_reason_of_a_later_version_is_kept() -> None:
    failed = load_example(DECISIONS, "3_failed")
    failed["failure"]["reason"] = "too_dark"

    decision = Decision.from_json(orjson.dumps(failed))

    assert decision.failure == Failure("too_dark", failed["failure"]["detail"])


def test_a_decision_of_an_earlier_version_gets_defaults() -> None:
    """Groups, relations, segments and appearances came later."""
    earlier = near_duplicate()
    del earlier["appears_in"], earlier["facts"]["video"]
    for name in ("group_content_id", "group_media_id", "relation", "segments", "share", "known_share"):
        del earlier["match"][name]

    assert Decision.from_json(orjson.dumps(earlier)) == Decision.from_json(orjson.dumps(near_duplicate()))


def changed(path: str, *value: Any) -> dict[str, Any]:
    """The clip's decision with another value at a path such as `match.view`, or with none."""
    document = clip() | {"appears_in": [APPEARANCE.copy()]}
    place: Any = document
    *parents, last = [
        int(step) if step.isdigit() else step for step in path.replace("[", ".").replace("]", "").split(".")
    ]
    for step in parents:
        place = place[step]
    if value:
        place[last] = value[0]
    else:
        del place[last]
    return document


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("decision_id", "7", "a UUID"),
        ("revision", "0", "a whole number"),
        ("revision", True, "a whole number"),
        ("outcome", "odd", "one of 'unique', 'duplicate', 'near_duplicate', 'failed'"),
        ("outcome", ["unique"], "one of"),
        ("action", None, "one of"),
        ("media_id", None, "a text"),
        ("content_id", 7, "a text"),
        ("metadata", [], "an object"),
        ("versions.policy", 7, "a text"),
        ("verdict", None, "an object"),
        ("verdict.status", "maybe", "one of 'pending', 'allowed', 'review', 'blocked'"),
        ("verdict.by", 7, "a text"),
        ("match", "cat-1", "an object"),
        ("match.similarity", "0.9", "a number"),
        ("match.candidate_distance_bits", 2.5, "a whole number"),
        ("match.relation", "cousin", "one of"),
        ("match.segments", {}, "a list"),
        ("match.segments[0]", None, "an object"),
        ("match.segments[0].speed", False, "a number"),
        ("facts.kind", "auto", "one of 'image', 'video'"),
        ("facts.hashes", None, "an object"),
        ("facts.video.covers", "half", "one of 'file', 'parts'"),
        ("facts.video.thumbnails_s[1]", "4", "a number"),
        ("appears_in[0].at_s", None, "a number"),
        ("failure", {"reason": 7, "detail": ""}, "failure.reason"),
    ],
)
def test_a_wrong_field_of_a_decision_is_named(path: str, value: object, expected: str) -> None:
    with pytest.raises(BadInput) as refused:
        Decision.from_json(orjson.dumps(changed(path, value)))

    assert refused.value.reason == Reason.BAD_FIELD
    assert f"field '{path}" in refused.value.detail
    assert expected in refused.value.detail


@pytest.mark.parametrize(
    "path", ["decision_id", "outcome", "match", "verdict", "versions", "match.content_id", "match.method"]
)
def test_a_missing_field_of_a_decision_is_named(path: str) -> None:
    with pytest.raises(BadInput, match=f"field '{path}' is missing") as refused:
        Decision.from_json(orjson.dumps(changed(path)))

    assert refused.value.reason == Reason.MISSING_FIELD


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b"null"])
def test_a_decision_that_is_not_a_json_object_is_refused(value: bytes | None) -> None:
    with pytest.raises(BadInput) as refused:
        Decision.from_json(value)

    assert refused.value.reason == Reason.NOT_JSON
