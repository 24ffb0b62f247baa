"""Makes records of media.submissions: key, value and CloudEvents headers, from a file, a URL or a line of JSON.

The counterpart is `decode_submission` in streams/domain/records. `streams.kafka.publisher` sends the records.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from streams.domain.fingerprint.formats import HEAD_BYTES
from streams.domain.records import Kind, Origin, decode_submission, salvage_identity, submission_id_of
from streams.domain.records.fields import MAX_ID_CHARS
from streams.domain.records.job import Lane
from streams.domain.records.submission import MAX_URL_CHARS
from streams.errors import BadInput, Reason
from streams.kafka.publisher import SubmissionRecord
from streams.kafka.topics import BULK_SUBMISSIONS, SUBMISSIONS, load_topics
from streams.services.submit.files import FoundFile, content_type_of

EVENT_TYPE = "mediasieve.submission.v1"
DEFAULT_SOURCE = "/mediasieve/publish"
#: Reserved of a topic's `max.message.bytes` for key, headers and the batch around a record.
ENVELOPE_BYTES = 64 << 10
#: The topic of each lane.
LANES: Final[dict[Lane, str]] = {"live": SUBMISSIONS, "bulk": BULK_SUBMISSIONS}
NO_ORIGIN = Origin(SUBMISSIONS, 0, 0)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all submissions of one run have in common. `source` is the CloudEvents source.

    `in_order` gives all submissions the same key, and so one partition: they are decided in the order of publishing.
    `event_id` is the CloudEvents id of a run of one submission; without it, every submission gets an id of its own.
    `lane` says whether they may wait for others. `job_id` names the job that they are part of. `reference` adds them to
    a reference collection.
    """

    collection: str = "default"
    kind: Kind = "auto"
    priority: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)
    source: str = DEFAULT_SOURCE
    in_order: bool = False
    event_id: str = ""
    lane: Lane = "live"
    job_id: str | None = None
    reference: bool = False


def max_inline_bytes() -> int:
    """The size of the largest medium that fits into a record of media.submissions."""
    return int(load_topics()[SUBMISSIONS].config["max.message.bytes"]) - ENVELOPE_BYTES


def record_from_file(file: FoundFile, envelope: Envelope, *, inline: bool) -> SubmissionRecord:
    """A record with a file's bytes, or with its file:// URL.

    Raises:
        BadInput: the path is too long for an id or a URL, or the file has grown above the limit for inline media.
        OSError: the file cannot be read.
    """
    if not inline:
        return record_from_url(file.path.resolve().as_uri(), envelope, media_id=file.media_id)
    max_bytes = max_inline_bytes()
    with file.path.open("rb") as opened:
        body = opened.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise BadInput(
            Reason.SOURCE_TOO_LARGE,
            f"it has more than the {max_bytes:,} bytes that fit into a record; publish it by reference "
            "(--by-reference), or a URL of it (--url)",
        )
    return record_from_bytes(body, file.media_id, content_type_of(body[:HEAD_BYTES], file.path.name), envelope)


def record_from_bytes(body: bytes, media_id: str, content_type: str, envelope: Envelope) -> SubmissionRecord:
    """A record with a medium's bytes.

    Raises:
        BadInput: the media id is too long.
    """
    headers = [
        *_event_headers(envelope, media_id),
        ("content-type", content_type.encode()),
        ("ce_collection", envelope.collection.encode()),
        ("ce_kind", envelope.kind.encode()),
    ]
    if envelope.priority:
        headers.append(("ce_priority", str(envelope.priority).encode()))
    if envelope.metadata:
        headers.append(("ce_metadata", orjson.dumps(envelope.metadata)))
    if envelope.job_id is not None:
        headers.append(("ce_jobid", envelope.job_id.encode()))
    if envelope.reference:
        headers.append(("ce_reference", b"true"))
    return _checked_record(media_id, body, headers, envelope, by_reference=False)


def record_from_url(url: str, envelope: Envelope, *, media_id: str | None = None) -> SubmissionRecord:
    """A record with a URL that workers fetch. Without a `media_id`, the URL is the media id.

    Raises:
        BadInput: the URL is too long.
    """
    if len(url) > MAX_URL_CHARS:
        raise BadInput(Reason.BAD_URL, f"a URL has at most {MAX_URL_CHARS:,} characters")
    return _record_by_reference({"media_id": media_id or url, "url": url}, envelope)


def record_from_json_line(line: bytes, envelope: Envelope) -> SubmissionRecord:
    """A record from a submission in JSON; the envelope fills the fields that are missing.

    Raises:
        BadInput: names the field that is wrong.
    """
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadInput(Reason.NOT_JSON, f"not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(Reason.NOT_JSON, f"a JSON {type(document).__name__}, not an object")
    return _record_by_reference(document, envelope)


def _record_by_reference(document: dict[str, Any], envelope: Envelope) -> SubmissionRecord:
    defaults: dict[str, Any] = {"collection": envelope.collection, "kind": envelope.kind}
    if envelope.priority:
        defaults["priority"] = envelope.priority
    if envelope.metadata:
        defaults["metadata"] = envelope.metadata
    if envelope.job_id is not None:
        defaults["job_id"] = envelope.job_id
    if envelope.reference:
        defaults["reference"] = True
    value = orjson.dumps({**defaults, **{name: entry for name, entry in document.items() if entry is not None}})
    media_id = salvage_identity(None, value, ())[0] or ""
    headers = [*_event_headers(envelope, media_id), ("content-type", b"application/json")]
    return _checked_record(media_id, value, headers, envelope, by_reference=True)


def _event_headers(envelope: Envelope, subject: str) -> list[tuple[str, bytes]]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", (envelope.event_id or str(uuid.uuid4())).encode()),
        ("ce_type", EVENT_TYPE.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_subject", subject.encode()),
        ("ce_time", now.encode()),
    ]


def _checked_record(
    media_id: str, value: bytes, headers: list[tuple[str, bytes]], envelope: Envelope, *, by_reference: bool
) -> SubmissionRecord:
    """Checks a record with the function that the fingerprint stage decodes it with."""
    if len(media_id) > MAX_ID_CHARS:
        raise BadInput(Reason.BAD_FIELD, f"a media id has at most {MAX_ID_CHARS} characters")
    if value:  # an empty file is published, and its decision says that it is empty
        decode_submission(key=media_id.encode(), value=value, headers=headers, origin=NO_ORIGIN, timestamp_ms=0)
    key = envelope.source if envelope.in_order else media_id
    return SubmissionRecord(media_id, submission_id_of(headers, NO_ORIGIN), value, headers, by_reference, key.encode())
