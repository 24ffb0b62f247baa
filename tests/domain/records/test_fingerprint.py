"""Fingerprints on the wire, shown by tests/examples: what survives, what is refused, and why."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from streams.domain.records import Fingerprint
from streams.errors import BadInput, Reason
from streams.kafka.topics import FINGERPRINTS
from tests.support.examples import example_params, load_example


@pytest.mark.parametrize("example", example_params(FINGERPRINTS))
def test_a_fingerprint_survives_the_wire(example: dict[str, Any]) -> None:
    fingerprint = Fingerprint.from_json(orjson.dumps(example))

    assert orjson.loads(fingerprint.to_json()) == example
    assert list(orjson.loads(fingerprint.to_json())) == list(example)
    assert Fingerprint.from_json(fingerprint.to_json()) == fingerprint


def image() -> dict[str, Any]:
    return load_example(FINGERPRINTS, "1_image")


def test_a_fingerprint_of_a_later_version_is_still_understood() -> None:
    later = image()
    later["colour"] = "black"
    later["facts"]["colour"] = "black"
    later["origin"]["region"] = "eu"

    assert Fingerprint.from_json(orjson.dumps(later)) == Fingerprint.from_json(orjson.dumps(image()))


@pytest.mark.parametrize(
    ("change", "reason", "mentions"),
    [
        ({"media_id": None}, Reason.BAD_FIELD, "'media_id'"),
        ({"media_id": 7}, Reason.BAD_FIELD, "'media_id'"),
        ({"attempt": "0"}, Reason.BAD_FIELD, "'attempt'"),
        ({"attempt": True}, Reason.BAD_FIELD, "'attempt'"),
        ({"facts": None}, Reason.BAD_FIELD, "exactly one"),
        ({"failure": {"reason": "not_media", "detail": ""}}, Reason.BAD_FIELD, "exactly one"),
        ({"facts": None, "failure": {"reason": "bored", "detail": ""}}, Reason.BAD_FIELD, "bored"),
        ({"facts": None, "failure": {"reason": "not_media"}}, Reason.MISSING_FIELD, "detail"),
        ({"facts": "sha256"}, Reason.BAD_FIELD, "MediaFacts"),
        ({"facts": {"content_id": "sha256:00"}}, Reason.MISSING_FIELD, "'kind'"),
        ({"origin": [1, 2]}, Reason.BAD_FIELD, "Origin"),
        ({"origin": {"topic": "t", "partition": 0}}, Reason.MISSING_FIELD, "'offset'"),
    ],
)
def test_a_wrong_field_of_a_fingerprint_is_named(change: dict[str, Any], reason: Reason, mentions: str) -> None:
    with pytest.raises(BadInput) as refused:
        Fingerprint.from_json(orjson.dumps({**image(), **change}))

    assert refused.value.reason == reason
    assert mentions in refused.value.detail


@pytest.mark.parametrize("missing", ["submission_id", "media_id", "collection", "origin", "facts", "submitted_at"])
def test_a_fingerprint_that_lacks_a_field_is_refused(missing: str) -> None:
    document = image()
    del document[missing]

    with pytest.raises(BadInput, match=missing) as refused:
        Fingerprint.from_json(orjson.dumps(document))

    assert refused.value.reason == Reason.MISSING_FIELD
