"""The records on the wire, shown by the examples in tests/examples: what is understood, what is refused, and why."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.match.decide import MatchInput
from streams.domain.records import records, submission_decoder
from streams.domain.records.records import Decision, Fingerprint, Origin, Submission, timestamp
from streams.domain.records.submission_decoder import decode_submission, salvage_identity, submission_id_of
from streams.errors import BadInput, Reason
from streams.kafka.topics import DECISIONS, FINGERPRINTS, SUBMISSIONS
from tests.support.partition import Partition

EXAMPLES = Path(__file__).parents[2] / "examples"
ORIGIN = Origin("media.submissions", 3, 41)
RECEIVED_MS = 1769851800125


def examples(topic: str, pattern: str = "*") -> list[Any]:
    found = sorted((EXAMPLES / topic).glob(f"{pattern}.json"))
    assert found
    return [pytest.param(orjson.loads(path.read_bytes()), id=path.stem) for path in found]


def value_of(example: dict[str, Any]) -> bytes | None:
    if "value_base64" in example:
        return base64.b64decode(example["value_base64"])
    if "value_text" in example:
        return str(example["value_text"]).encode()
    return orjson.dumps(example["value"]) if "value" in example else None


def parts_of(example: dict[str, Any]) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]:
    headers: list[tuple[str, bytes | None]] = [(n, v.encode()) for n, v in example.get("headers", {}).items()]
    return (example["key"].encode() if "key" in example else None), value_of(example), headers


def decode(value: object, key: bytes | None = None, headers: records.Headers = ()) -> Submission:
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return decode_submission(key=key, value=raw, headers=headers, origin=ORIGIN, timestamp_ms=RECEIVED_MS)


@pytest.mark.parametrize("example", examples(SUBMISSIONS, "valid_*"))
def test_a_valid_submission_means_what_the_example_says(example: dict[str, Any]) -> None:
    key, value, headers = parts_of(example)

    submission = decode_submission(key=key, value=value, headers=headers, origin=ORIGIN, timestamp_ms=RECEIVED_MS)

    got = dataclasses.asdict(submission)
    if got["body"] is not None:
        got["body"] = base64.b64encode(got["body"]).decode()
    assert got == example["expect"]


@pytest.mark.parametrize("example", examples(SUBMISSIONS, "invalid_*"))
def test_an_invalid_submission_is_refused_for_a_reason_that_names_what_is_wrong(example: dict[str, Any]) -> None:
    key, value, headers = parts_of(example)

    with pytest.raises(BadInput) as refused:
        decode_submission(key=key, value=value, headers=headers, origin=ORIGIN, timestamp_ms=RECEIVED_MS)

    assert refused.value.reason == example["reason"]
    assert example["mentions"] in refused.value.detail
    assert list(salvage_identity(key, value, headers)) == example["salvaged"]


@pytest.mark.parametrize(
    ("field", "longest", "too_long", "reason"),
    [
        ("media_id", "m" * 1024, "m" * 1025, Reason.BAD_FIELD),
        ("url", "u" * 8192, "u" * 8193, Reason.BAD_FIELD),
        ("collection", "c" * 128, "c" * 129, Reason.BAD_FIELD),
        ("metadata", {"k": "v" * 4088}, {"k": "v" * 4089}, Reason.BAD_FIELD),
    ],
)
def test_fields_have_limits(field: str, longest: object, too_long: object, reason: Reason) -> None:
    document = {"media_id": "cat-1", "url": "https://media.example/cat.jpg"}

    assert getattr(decode({**document, field: longest}), field) == longest
    with pytest.raises(BadInput, match=field) as refused:
        decode({**document, field: too_long})
    assert refused.value.reason == reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20) | st.sampled_from(["image", "cat-1", "²", "--1", "0001-01-01T00:00:00+14:00", "9999-12-31"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
FIELDS = ("media_id", "url", "collection", "kind", "metadata", "priority", "submitted_at")
HEADERS = (
    "ce_id", "ce_source", "ce_subject", "ce_time", "ce_collection", "ce_kind", "ce_priority", "ce_metadata",
    "ms_attempt", "content-type",
)  # fmt: skip


@given(
    value=st.binary(max_size=40)
    | st.dictionaries(st.sampled_from(FIELDS), JSON).map(lambda d: orjson.dumps({"media_id": "a", "url": "u", **d})),
    headers=st.lists(st.tuples(st.sampled_from(HEADERS), st.none() | st.binary(max_size=30)), max_size=5),
    key=st.none() | st.binary(max_size=10),
    timestamp_ms=st.integers(-(2**63), 2**63 - 1),
)
def test_whatever_comes_is_either_a_submission_or_bad_input(
    value: bytes, headers: list[tuple[str, bytes | None]], key: bytes | None, timestamp_ms: int
) -> None:
    try:
        found = decode_submission(key=key, value=value, headers=headers, origin=ORIGIN, timestamp_ms=timestamp_ms)
    except BadInput:
        media_id, collection = salvage_identity(key, value, headers)
        assert media_id is None or 0 < len(media_id) <= submission_decoder.MAX_ID_CHARS
        assert submission_decoder.COLLECTION_REGEX.fullmatch(collection)
    else:
        assert (found.url is None) != (found.body is None)
        assert 0 <= found.priority <= 9
        assert len(found.submitted_at) == len("2026-01-31T09:30:00.125Z")


@pytest.mark.parametrize(
    ("epoch_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1769851800125, "2026-01-31T09:30:00.125Z"),
        (-62135596800000, "0001-01-01T00:00:00.000Z"),
        (-(2**63), "0001-01-01T00:00:00.000Z"),
        (2**63 - 1, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_timestamps_are_rfc_3339_whatever_a_producer_claims(epoch_ms: int, text: str) -> None:
    assert timestamp(epoch_ms) == text


def test_without_a_named_event_a_submission_is_named_by_its_place() -> None:
    assert submission_id_of([], ORIGIN) == "media.submissions/3/41"
    assert submission_id_of([("ce_id", b"e-1"), ("CE_SOURCE", b"/shop")], ORIGIN) == "/shop#e-1"
    assert submission_id_of([("ce_id", b"e" * 2000)], ORIGIN) == "media.submissions/3/41"


def test_a_header_that_is_no_text_counts_as_absent() -> None:
    submission = decode({"media_id": "cat-1", "url": "u"}, headers=[("ce_id", b"\xff\xfe"), ("ce_source", None)])

    assert submission.submission_id == "media.submissions/3/41"


@pytest.mark.parametrize("example", examples(FINGERPRINTS))
def test_a_fingerprint_survives_the_wire(example: dict[str, Any]) -> None:
    fingerprint = Fingerprint.from_json(orjson.dumps(example))

    assert orjson.loads(fingerprint.to_json()) == example
    assert list(orjson.loads(fingerprint.to_json())) == list(example)
    assert Fingerprint.from_json(fingerprint.to_json()) == fingerprint


def image() -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((EXAMPLES / FINGERPRINTS / "1_image.json").read_bytes())
    return document


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
def test_a_fingerprint_that_is_none_is_refused(change: dict[str, Any], reason: Reason, mentions: str) -> None:
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


def test_the_example_fingerprints_get_the_example_decisions() -> None:
    records = [orjson.dumps(example.values[0]) for example in examples(FINGERPRINTS)]

    answers = Partition().decide([MatchInput.of(Fingerprint.from_json(record), 0) for record in records])

    decisions = [example.values[0] for example in examples(DECISIONS)]
    assert [orjson.loads(answer.value) for answer in answers] == decisions
    for decision in decisions:
        assert list(decision) == [field.name for field in dataclasses.fields(Decision)]
