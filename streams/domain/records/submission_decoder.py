"""What users send to media.submissions, decoded: every field checked, and the wrong one named. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import orjson

from streams.domain.records.records import EPOCH, Headers, Origin, Submission, json_object, new_unchecked, timestamp
from streams.errors import BadInput, Reason

KINDS = ("image", "video", "auto")
COLLECTION_REGEX = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
WHOLE_NUMBER_FORM = re.compile(r"-?[0-9]{1,18}")
MAX_ID_CHARS = 1024
MAX_URL_CHARS = 8192
MAX_METADATA_BYTES = 4096
JSON_TYPES = ("application/json", "application/cloudevents+json")


def _header_map(headers: Headers) -> dict[str, str]:
    """Headers as text, the last of a name winning; a header that is no UTF-8 is treated as absent."""
    found: dict[str, str] = {}
    for name, raw in headers:
        if raw is None:
            continue
        try:
            found[name.lower()] = raw.decode()
        except UnicodeDecodeError:
            continue
    return found


def _text(document: Mapping[str, Any], name: str, max_chars: int, default: str | None = None) -> str:
    value = document.get(name, default)
    if value is None:
        raise BadInput(Reason.MISSING_FIELD, f"field '{name}' is missing")
    if not isinstance(value, str) or not value or len(value) > max_chars:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be a text of 1 to {max_chars} characters")
    if "\0" in value:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' holds a NUL character")
    return value


def _moment(value: object) -> str:
    if not isinstance(value, str):
        raise BadInput(Reason.BAD_FIELD, "field 'submitted_at' must be an RFC 3339 text")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'submitted_at': {error}") from error
    if moment.tzinfo is None:
        raise BadInput(Reason.BAD_FIELD, "field 'submitted_at' needs a time zone, for example a trailing Z")
    return timestamp((moment - EPOCH) // timedelta(milliseconds=1))


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
        raise BadInput(Reason.BAD_FIELD, f"header 'ce_metadata' is no JSON: {error}") from error


def _whole_number(value: object, name: str, low: int, high: int) -> int:
    if isinstance(value, str) and WHOLE_NUMBER_FORM.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be a whole number from {low} to {high}")
    return value


def decode_submission(
    *, key: bytes | None, value: bytes | None, headers: Headers, origin: Origin, timestamp_ms: int
) -> Submission:
    """Decode one record of media.submissions.

    A value is the medium itself where the `content-type` header names anything but JSON; the rest then
    stands in CloudEvents headers (binary mode of the Kafka binding 1.0): `ce_subject` or the key is the
    media id; `ce_collection`, `ce_kind`, `ce_priority` and `ce_metadata` (a JSON object) are optional.
    Otherwise the value is JSON with `media_id` and `url`; a field that is null counts as absent, an unknown one as
    not there. `timestamp_ms`, the record's own, stands in for a missing `submitted_at` / `ce_time`.

    Raises:
        BadInput: names the field; see `salvage_identity` for what can still be known of such a record.
    """
    named = _header_map(headers)
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
        }
    else:
        document = json_object(value)
    document = {name: entry for name, entry in document.items() if entry is not None}
    media_id = _text(document, "media_id", MAX_ID_CHARS)
    collection = _text(document, "collection", 128, default="default")
    if not COLLECTION_REGEX.fullmatch(collection):
        raise BadInput(
            Reason.BAD_COLLECTION,
            "field 'collection' must be 1 to 128 of a-z, 0-9, '.', '_' and '-', and begin with a letter or digit",
        )
    kind = document.get("kind", "auto")
    if kind not in KINDS:
        raise BadInput(Reason.UNKNOWN_KIND, f"field 'kind' must be one of {', '.join(KINDS)}")
    url = None
    if not inline:
        if "url" not in document:
            raise BadInput(
                Reason.NO_SOURCE, "field 'url' is missing, and no content-type header says that the value is the medium"
            )
        url = _text(document, "url", MAX_URL_CHARS)
    submitted_at = document.get("submitted_at")
    return new_unchecked(
        Submission,
        submission_id=_submission_id(named, origin),
        media_id=media_id,
        collection=collection,
        kind=kind,
        submitted_at=_moment(submitted_at) if submitted_at is not None else timestamp(timestamp_ms),
        origin=origin,
        url=url,
        body=value if inline else None,
        content_type=content_type or None,
        metadata=_metadata(document.get("metadata", {})),
        priority=_whole_number(document.get("priority", 0), "priority", 0, 9),
        attempt=_whole_number(named.get("ms_attempt", 0), "ms_attempt", 0, 1_000_000),
    )


def submission_id_of(headers: Headers, origin: Origin) -> str:
    """`ce_source#ce_id` where CloudEvents headers name the event, else `topic/partition/offset`."""
    return _submission_id(_header_map(headers), origin)


def _submission_id(named: Mapping[str, str], origin: Origin) -> str:
    event_id = named.get("ce_id")
    if event_id and len(event_id) <= MAX_ID_CHARS and "\0" not in event_id:
        return f"{named.get('ce_source', '')[:MAX_ID_CHARS]}#{event_id}".replace("\0", "")
    return f"{origin.topic}/{origin.partition}/{origin.offset}"


def salvage_identity(key: bytes | None, value: bytes | None, headers: Headers) -> tuple[str | None, str]:
    """What a submission that did not decode still tells: media id or None, and a well-formed collection."""
    named = _header_map(headers)
    document: dict[str, Any] = {}
    with suppress(BadInput):
        document = json_object(value)
    media_ids = (document.get("media_id"), named.get("ce_subject"), _key_text(key))
    collections = (document.get("collection"), named.get("ce_collection"))
    return (
        next((each for each in media_ids if _is_media_id(each)), None),
        next((each for each in collections if isinstance(each, str) and COLLECTION_REGEX.fullmatch(each)), "default"),
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
