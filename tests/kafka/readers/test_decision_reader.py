"""A decision that was read keeps the fields that this version does not know."""

from __future__ import annotations

from pathlib import Path

import orjson

from streams.domain.records import Decision
from streams.kafka.readers.decision_reader import DecisionRecord
from streams.kafka.topics import DECISIONS

EXAMPLE = Path(__file__).parents[2] / "examples" / DECISIONS / "1_unique.json"


def test_the_json_of_a_decision_record_has_all_fields_and_the_time() -> None:
    document = {**orjson.loads(EXAMPLE.read_bytes()), "of_a_later_version": [1]}
    value = orjson.dumps(document)
    record = DecisionRecord(Decision.from_json(value), "2026-01-31T09:30:00.125Z", value)

    assert orjson.loads(record.to_json()) == {**document, "decided_at": "2026-01-31T09:30:00.125Z"}
