"""Jobs and acts on dead letters survive the wire, and a field that is wrong is named; decisions carry their job."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from streams.domain.match.batch import MatchInput
from streams.domain.records import Decision, Fingerprint, Job
from streams.domain.records.dead_letter import DeadLetterAct
from streams.domain.records.fields import JOB_ID_REGEX
from streams.domain.records.job import new_job_id
from streams.errors import BadInput
from streams.kafka.topics import DEAD_LETTER_ACTS, JOBS
from tests.support.examples import example_params, load_example
from tests.support.partition import Partition


@pytest.mark.parametrize("example", example_params(JOBS))
def test_a_job_survives_the_wire(example: dict[str, Any]) -> None:
    value = Job.from_json(orjson.dumps(example)).to_json()
    assert orjson.loads(value) == example
    assert Job.from_json(value).to_json() == value


@pytest.mark.parametrize("example", example_params(DEAD_LETTER_ACTS))
def test_an_act_survives_the_wire(example: dict[str, Any]) -> None:
    value = DeadLetterAct.from_json(orjson.dumps(example)).to_json()
    assert orjson.loads(value) == example


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("job_id", "Archive 2019"),
        ("job_id", ""),
        ("name", ""),
        ("name", "x" * 257),
        ("collection", "A"),
        ("lane", "fast"),
        ("expected", -1),
        ("expected", "many"),
        ("expected", 1 << 60),
        ("started_at", "yesterday"),
        ("started_at", None),
        ("state", "broken"),
        ("closed_at", "2026-01-31T09:41:12Z"),
    ],
)
def test_a_wrong_field_of_a_job_is_named(field: str, value: object) -> None:
    document = {**load_example(JOBS, "1_open"), field: value}
    with pytest.raises(BadInput, match=f"'{field}'"):
        Job.from_json(orjson.dumps(document))


@pytest.mark.parametrize("name", ["Archive 2019", "  ", "ÄÖÜ/%", "x" * 500, "a.b_c-d"])
def test_a_name_of_any_kind_gives_an_id_of_its_own(name: str) -> None:
    first, second = new_job_id(name), new_job_id(name)
    assert JOB_ID_REGEX.fullmatch(first)
    assert first != second


def test_a_decision_carries_the_job_of_its_submission_and_a_repeat_the_same_bytes() -> None:
    plain = Fingerprint.from_json(orjson.dumps(load_example("media.fingerprints", "1_image")))
    known = Fingerprint.from_json(orjson.dumps({**orjson.loads(plain.to_json()), "job_id": "archive"}))
    assert (plain.job_id, known.job_id) == (None, "archive")
    assert b"job_id" not in plain.to_json()
    assert orjson.loads(known.to_json())["job_id"] == "archive"
    partition = Partition()
    first = partition.decide([MatchInput.of(known, 0)])[0].value
    assert orjson.loads(first)["job_id"] == "archive"
    assert Decision.from_json(first).job_id == "archive"
    assert Decision.from_json(first).to_json() == first
    assert partition.decide([MatchInput.of(replace(known, job_id="other"), 0)])[0].value == first
    without = Partition().decide([MatchInput.of(plain, 0)])[0].value
    assert b"job_id" not in without
    assert Decision.from_json(without).job_id is None
