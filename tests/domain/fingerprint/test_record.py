"""The fingerprint record of a submission, byte by byte as the examples in tests/examples/media.fingerprints have it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from streams.domain.fingerprint.record import fingerprint_record
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.domain.records import Failure, Fingerprint, Origin, Submission
from streams.errors import Reason

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "media.fingerprints").glob("*.json"))
SUBMISSION = Submission(
    submission_id="/shop/uploads#e-2",
    media_id="cat-1",
    collection="shop",
    kind="image",
    submitted_at="2026-01-31T09:30:00.125Z",
    origin=Origin("media.submissions", 3, 41),
    url="https://cdn.example/cat.jpg",
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_record_has_the_bytes_of_its_example(path: Path) -> None:
    known = Fingerprint.from_json(path.read_bytes())
    submission = Submission(
        submission_id=known.submission_id,
        media_id=known.media_id,
        collection=known.collection,
        kind=known.kind,
        submitted_at=known.submitted_at,
        origin=known.origin,
        metadata=known.metadata,
        priority=known.priority,
        attempt=known.attempt,
    )

    record = fingerprint_record(
        submission,
        known.policy,
        known.fingerprinted_at,
        facts=known.facts,
        failure=known.failure,
        fetch_ms=known.fetch_ms,
        decode_ms=known.decode_ms,
        cached=known.cached,
    )

    assert record == known
    assert record.to_json() == known.to_json() == orjson.dumps(orjson.loads(path.read_bytes()))


def test_a_failure_has_no_times_and_is_not_cached() -> None:
    failure = Failure(Reason.NOT_MEDIA, "there are no bytes")

    record = fingerprint_record(SUBMISSION, DEFAULT_POLICY, "2026-01-31T09:30:00.204Z", failure=failure)

    assert (record.facts, record.failure) == (None, failure)
    assert (record.fetch_ms, record.decode_ms, record.cached) == (0.0, 0.0, False)


def test_neither_the_url_nor_the_body_of_a_submission_is_in_its_record() -> None:
    record = fingerprint_record(SUBMISSION, DEFAULT_POLICY, "2026-01-31T09:30:00.204Z")

    assert b"cdn.example" not in record.to_json()
    assert vars(record).keys() == Fingerprint.__dataclass_fields__.keys() - {"job_id", "reference"}
