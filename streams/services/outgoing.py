"""Submissions on their way out: key, value and CloudEvents headers of one record of media.submissions.

The counterpart is `decode_submission` in streams/domain/records.py. Sending is in publisher.py.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from streams.domain.fingerprint.formats import HEAD_BYTES
from streams.domain.records import Kind, Origin, decode_submission, salvage_identity, submission_id_of
from streams.domain.records.submission import MAX_ID_CHARS, MAX_URL_CHARS
from streams.errors import BadInput, Reason
from streams.kafka.topics import SUBMISSIONS, load_topics
from streams.services.files import FoundFile, content_type_of

EVENT_TYPE = "mediasieve.submission.v1"
DEFAULT_SOURCE = "/mediasieve/publish"
#: Left of a topic's `max.message.bytes` for key, headers and the batch around a record.
ENVELOPE_BYTES = 64 << 10
NOWHERE = Origin(SUBMISSIONS, 0, 0)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all submissions of one run have in common; `source` is the CloudEvents source.

    `in_order` has them decided in the order in which they are published. They have one key then, and so one worker.
    """

    collection: str = "default"
    kind: Kind = "auto"
    priority: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)
    source: str = DEFAULT_SOURCE
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record, ready to produce."""

    media_id: str
    submission_id: str
    value: bytes = field(repr=False)
    headers: list[tuple[str, bytes]]
    by_reference: bool
    key: bytes


def inline_limit_bytes() -> int:
    """The largest medium that media.submissions takes inside a record."""
    return int(load_topics()[SUBMISSIONS].config["max.message.bytes"]) - ENVELOPE_BYTES


def from_file(file: FoundFile, envelope: Envelope, *, inline: bool) -> Outgoing:
    """A file's bytes, or a file:// URL to them.

    Raises:
        BadInput: the path is too long to be an id or a URL, or the file outgrew the limit for inline media.
        OSError: the file cannot be read.
    """
    if not inline:
        return from_url(file.path.resolve().as_uri(), envelope, media_id=file.media_id)
    limit = inline_limit_bytes()
    with file.path.open("rb") as opened:
        body = opened.read(limit + 1)
    if len(body) > limit:
        raise BadInput(
            Reason.SOURCE_TOO_LARGE,
            f"it has more than the {limit:,} bytes that fit into a record; publish it by reference (--by-reference), "
            "or a URL of it (--url)",
        )
    headers = [
        *_event_headers(envelope, file.media_id),
        ("content-type", content_type_of(body[:HEAD_BYTES], file.path.name).encode()),
        ("ce_collection", envelope.collection.encode()),
        ("ce_kind", envelope.kind.encode()),
    ]
    if envelope.priority:
        headers.append(("ce_priority", str(envelope.priority).encode()))
    if envelope.metadata:
        headers.append(("ce_metadata", orjson.dumps(envelope.metadata)))
    return _outgoing(file.media_id, body, headers, envelope, by_reference=False)


def from_url(url: str, envelope: Envelope, *, media_id: str | None = None) -> Outgoing:
    """A URL that workers fetch; it names itself unless `media_id` does.

    Raises:
        BadInput: it is too long.
    """
    if len(url) > MAX_URL_CHARS:
        raise BadInput(Reason.BAD_URL, f"a URL has at most {MAX_URL_CHARS:,} characters")
    return _reference({"media_id": media_id or url, "url": url}, envelope)


def from_json_line(line: bytes, envelope: Envelope) -> Outgoing:
    """A submission as somebody wrote it, with what the envelope says where it says nothing.

    Raises:
        BadInput: names the field that is wrong.
    """
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadInput(Reason.NOT_JSON, f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(Reason.NOT_JSON, f"a JSON {type(document).__name__}, not an object")
    return _reference(document, envelope)


def _reference(document: dict[str, Any], envelope: Envelope) -> Outgoing:
    defaults: dict[str, Any] = {"collection": envelope.collection, "kind": envelope.kind}
    if envelope.priority:
        defaults["priority"] = envelope.priority
    if envelope.metadata:
        defaults["metadata"] = envelope.metadata
    value = orjson.dumps({**defaults, **{name: entry for name, entry in document.items() if entry is not None}})
    media_id = salvage_identity(None, value, ())[0] or ""
    headers = [*_event_headers(envelope, media_id), ("content-type", b"application/json")]
    return _outgoing(media_id, value, headers, envelope, by_reference=True)


def _event_headers(envelope: Envelope, subject: str) -> list[tuple[str, bytes]]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(uuid.uuid4()).encode()),
        ("ce_type", EVENT_TYPE.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_subject", subject.encode()),
        ("ce_time", now.encode()),
    ]


def _outgoing(
    media_id: str, value: bytes, headers: list[tuple[str, bytes]], envelope: Envelope, *, by_reference: bool
) -> Outgoing:
    """Check what goes out with the very function that the fingerprint stage will read it with."""
    if len(media_id) > MAX_ID_CHARS:
        raise BadInput(Reason.BAD_FIELD, f"a media id has at most {MAX_ID_CHARS} characters")
    if value:  # an empty file is published, and its decision says that it is empty
        decode_submission(key=media_id.encode(), value=value, headers=headers, origin=NOWHERE, timestamp_ms=0)
    key = envelope.source if envelope.in_order else media_id
    return Outgoing(media_id, submission_id_of(headers, NOWHERE), value, headers, by_reference, key.encode())
