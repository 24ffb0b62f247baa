"""Submissions on the wire, shown by tests/examples: which are valid, which are refused, and why."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.records import (
    COLLECTION_REGEX,
    Headers,
    Origin,
    Submission,
    decode_submission,
    salvage_identity,
    submission_id_of,
)
from streams.domain.records.fields import MAX_ID_CHARS
from streams.errors import BadInput, Reason
from streams.kafka.topics import SUBMISSIONS
from tests.support.examples import example_params

ORIGIN = Origin("media.submissions", 3, 41)
RECEIVED_MS = 1769851800125


def value_of(example: dict[str, Any]) -> bytes | None:
    if "value_base64" in example:
        return base64.b64decode(example["value_base64"])
    if "value_text" in example:
        return str(example["value_text"]).encode()
    return orjson.dumps(example["value"]) if "value" in example else None


def parts_of(example: dict[str, Any]) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]:
    headers: list[tuple[str, bytes | None]] = [(n, v.encode()) for n, v in example.get("headers", {}).items()]
    return (example["key"].encode() if "key" in example else None), value_of(example), headers


def decode(value: object, key: bytes | None = None, headers: Headers = ()) -> Submission:
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return decode_submission(key=key, value=raw, headers=headers, origin=ORIGIN, timestamp_ms=RECEIVED_MS)


@pytest.mark.parametrize("example", example_params(SUBMISSIONS, "valid_*"))
def test_a_valid_submission_means_what_the_example_says(example: dict[str, Any]) -> None:
    key, value, headers = parts_of(example)

    submission = decode_submission(key=key, value=value, headers=headers, origin=ORIGIN, timestamp_ms=RECEIVED_MS)

    got = dataclasses.asdict(submission)
    if got["body"] is not None:
        got["body"] = base64.b64encode(got["body"]).decode()
    assert got == example["expect"]


@pytest.mark.parametrize("example", example_params(SUBMISSIONS, "invalid_*"))
def test_an_invalid_submission_is_refused_with_a_reason(example: dict[str, Any]) -> None:
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
FIELDS = ("media_id", "url", "collection", "kind", "metadata", "priority", "submitted_at", "job_id")
HEADERS = (
    "ce_id", "ce_source", "ce_subject", "ce_time", "ce_collection", "ce_kind", "ce_priority", "ce_metadata",
    "ce_jobid", "ms_attempt", "ms_origin", "content-type",
)  # fmt: skip


@given(
    value=st.binary(max_size=40)
    | st.dictionaries(st.sampled_from(FIELDS), JSON).map(lambda d: orjson.dumps({"media_id": "a", "url": "u", **d})),
    headers=st.lists(st.tuples(st.sampled_from(HEADERS), st.none() | st.binary(max_size=30)), max_size=5),
    key=st.none() | st.binary(max_size=10),
    timestamp_ms=st.integers(-(2**63), 2**63 - 1),
)
def test_any_record_is_either_a_submission_or_bad_input(
    value: bytes, headers: list[tuple[str, bytes | None]], key: bytes | None, timestamp_ms: int
) -> None:
    try:
        found = decode_submission(key=key, value=value, headers=headers, origin=ORIGIN, timestamp_ms=timestamp_ms)
    except BadInput:
        media_id, collection = salvage_identity(key, value, headers)
        assert media_id is None or 0 < len(media_id) <= MAX_ID_CHARS
        assert COLLECTION_REGEX.fullmatch(collection)
    else:
        assert (found.url is None) != (found.body is None)
        assert 0 <= found.priority <= 9
        assert len(found.submitted_at) == len("2026-01-31T09:30:00.125Z")


def test_without_an_event_id_a_submission_is_named_by_its_offset() -> None:
    assert submission_id_of([], ORIGIN) == "media.submissions/3/41"
    assert submission_id_of([("ce_id", b"e-1"), ("CE_SOURCE", b"/shop")], ORIGIN) == "/shop#e-1"
    assert submission_id_of([("ce_id", b"e" * 2000)], ORIGIN) == "media.submissions/3/41"


def test_a_header_that_is_not_utf_8_counts_as_absent() -> None:
    submission = decode({"media_id": "cat-1", "url": "u"}, headers=[("ce_id", b"\xff\xfe"), ("ce_source", None)])

    assert submission.submission_id == "media.submissions/3/41"
