"""What users send: one record of media.submissions. Decoding checks every field and names the wrong one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import orjson

from streams.domain.records.codec import decodable, format_timestamp, new_unchecked, parse_json_object
from streams.domain.records.fields import (
    COLLECTION_REGEX,
    JOB_ID_REGEX,
    MAX_ID_CHARS,
    collection_name,
    header_map,
    job_id,
    text,
    timestamp,
)
from streams.domain.records.raw import Headers
from streams.errors import BadInput, Reason

Kind = Literal["image", "video", "auto"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
WHOLE_NUMBER_REGEX = re.compile(r"-?[0-9]{1,18}")
MAX_URL_CHARS = 8192
MAX_METADATA_BYTES = 4096
MAX_ATTEMPT = 1_000_000
PLACE_REGEX = re.compile(r"[A-Za-z0-9._-]{1,249}/[0-9]{1,9}/[0-9]{1,18}")
"""A place in Kafka: topic, partition and offset."""
JSON_TYPES = ("application/json", "application/cloudevents+json")


@decodable
@dataclass(frozen=True)
class Origin:
    """The place of a submission in Kafka."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Submission:
    """One request to decide about one medium.

    `submission_id` is `ce_source#ce_id` from the CloudEvents headers, or the origin where there are none: the same
    event published or processed twice is the same submission. `attempt` counts deliberate replays of a dead letter;
    every replay gets a decision of its own. `job_id` names the job that it is part of. `reference` adds the medium to a
    reference collection (see `Policy.reference`), and says nothing in others. Exactly one of `url` and `body`
    is set. `submitted_at` is RFC 3339 UTC.
    """

    submission_id: str
    media_id: str
    collection: str
    kind: Kind
    submitted_at: str
    origin: Origin
    url: str | None = None
    body: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    priority: int = 0
    attempt: int = 0
    job_id: str | None = None
    reference: bool = False


def _metadata(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(Reason.BAD_FIELD, "field 'metadata' must be an object")
    if len(orjson.dumps(value)) > MAX_METADATA_BYTES:
        raise BadInput(Reason.BAD_FIELD, f"field 'metadata' is larger than {MAX_METADATA_BYTES} bytes")
    return value


def _metadata_header(text: str | None) -> object:
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadInput(Reason.BAD_FIELD, f"header 'ce_metadata' is not valid JSON: {error}") from error


def _whole_number(value: object, name: str, low: int, high: int) -> int:
    if isinstance(value, str) and WHOLE_NUMBER_REGEX.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be a whole number from {low} to {high}")
    return value


def _is_true(value: object, name: str) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be true or false")


def decode_submission(
    *, key: bytes | None, value: bytes | None, headers: Headers, origin: Origin, timestamp_ms: int
) -> Submission:
    """Decode one record of media.submissions.

    The value is the medium itself if the `content-type` header names anything but JSON. CloudEvents headers (binary
    mode of the Kafka binding 1.0) then carry the other fields: `ce_subject` or the key is the media id;
    `ce_collection`, `ce_kind`, `ce_priority`, `ce_jobid`, `ce_reference` (`true`) and `ce_metadata` (a JSON object) are
    optional. Otherwise the value is JSON with `media_id` and `url`. A null field counts as absent; unknown fields are
    ignored.

    Args:
        key: of the record.
        value: of the record.
        headers: of the record.
        origin: of the record.
        timestamp_ms: of the record; replaces a missing `submitted_at` or `ce_time`.

    Raises:
        BadInput: names the field. `salvage_identity` reads what such a record still says.
    """
    named = header_map(headers)
    content_type = named.get("content-type", "").split(";")[0].strip().lower()
    inline = bool(content_type) and content_type not in JSON_TYPES
    document: dict[str, Any]
    if inline:
        if not value:
            raise BadInput(Reason.SOURCE_EMPTY, "the record carries no bytes")
        document = {
            "media_id": named.get("ce_subject") or _key_text(key),
            "collection": named.get("ce_collection"),
            "kind": named.get("ce_kind"),
            "priority": named.get("ce_priority"),
            "submitted_at": named.get("ce_time"),
            "metadata": _metadata_header(named.get("ce_metadata")),
            "job_id": named.get("ce_jobid"),
            "reference": named.get("ce_reference"),
        }
    else:
        document = parse_json_object(value)
    document = {name: entry for name, entry in document.items() if entry is not None}
    media_id = text(document, "media_id", MAX_ID_CHARS)
    collection = collection_name(document)
    kind = document.get("kind", "auto")
    if kind not in KINDS:
        raise BadInput(Reason.UNKNOWN_KIND, f"field 'kind' must be one of {', '.join(KINDS)}")
    url = None
    if not inline:
        if "url" not in document:
            raise BadInput(
                Reason.NO_SOURCE, "field 'url' is missing, and no content-type header says that the value is the medium"
            )
        url = text(document, "url", MAX_URL_CHARS)
    submitted_at = document.get("submitted_at")
    return new_unchecked(
        Submission,
        submission_id=_submission_id(named, origin),
        media_id=media_id,
        collection=collection,
        kind=kind,
        submitted_at=timestamp(submitted_at, "submitted_at")
        if submitted_at is not None
        else format_timestamp(timestamp_ms),
        origin=origin,
        url=url,
        body=value if inline else None,
        content_type=content_type or None,
        metadata=_metadata(document.get("metadata", {})),
        priority=_whole_number(document.get("priority", 0), "priority", 0, 9),
        attempt=_whole_number(named.get("ms_attempt", 0), "ms_attempt", 0, MAX_ATTEMPT),
        job_id=job_id(document),
        reference=_is_true(document.get("reference", False), "reference"),
    )


def submission_id_of(headers: Headers, origin: Origin) -> str:
    """`ce_source#ce_id` where CloudEvents headers name the event, else `topic/partition/offset`.

    A replayed record stands in another place; its header `ms_origin` names the place where it came in first.
    """
    return _submission_id(header_map(headers), origin)


def _submission_id(named: Mapping[str, str], origin: Origin) -> str:
    event_id = named.get("ce_id")
    if event_id and len(event_id) <= MAX_ID_CHARS and "\0" not in event_id:
        return f"{named.get('ce_source', '')[:MAX_ID_CHARS]}#{event_id}".replace("\0", "")
    place = named.get("ms_origin", "")
    return place if PLACE_REGEX.fullmatch(place) else f"{origin.topic}/{origin.partition}/{origin.offset}"


def salvage_job_id(value: bytes | None, headers: Headers) -> str | None:
    """The job of a submission that did not decode, or None."""
    named = header_map(headers)
    job = named.get("ce_jobid")
    if job is None and value and b'"job_id"' in value:
        with suppress(BadInput):
            job = parse_json_object(value).get("job_id")
    return job if isinstance(job, str) and JOB_ID_REGEX.fullmatch(job) else None


def salvage_attempt(headers: Headers) -> int:
    """Which deliberate replay of a record this is; 0 for the record as it came in first."""
    text = header_map(headers).get("ms_attempt", "")
    return min(int(text), MAX_ATTEMPT) if text.isascii() and text.isdigit() and len(text) <= 7 else 0


def salvage_identity(key: bytes | None, value: bytes | None, headers: Headers) -> tuple[str | None, str]:
    """Media id, or None, and a valid collection name from a submission that did not decode."""
    named = header_map(headers)
    document: dict[str, Any] = {}
    with suppress(BadInput):
        document = parse_json_object(value)
    media_ids = (document.get("media_id"), named.get("ce_subject"), _key_text(key))
    collections = (document.get("collection"), named.get("ce_collection"))
    return (
        next((media_id for media_id in media_ids if _is_media_id(media_id)), None),
        next((name for name in collections if isinstance(name, str) and COLLECTION_REGEX.fullmatch(name)), "default"),
    )


def _is_media_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS and "\0" not in value


def _key_text(key: bytes | None) -> str | None:
    if not key:
        return None
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None
