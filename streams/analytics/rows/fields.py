"""Fields of a JSON document as ClickHouse's types can hold them; what they cannot is a BadInput that names the field.

Which fields a record has is in rows.py. Written for speed: one call a field, twenty thousand records a second.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import orjson

from streams.errors import BadInput, Reason

MIN_MS: Final = round(datetime(1900, 1, 1, tzinfo=UTC).timestamp() * 1000)
MAX_MS: Final = round(datetime(2299, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp() * 1000)


def json_object(value: bytes | None) -> dict[str, Any]:
    if not value:
        raise BadInput(Reason.NOT_JSON, "the record has no value")
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise BadInput(Reason.NOT_JSON, f"the value is no JSON: {error}") from error
    if type(document) is not dict:
        raise BadInput(Reason.NOT_JSON, f"the value is a JSON {type(document).__name__}, not an object")
    return document


def part(document: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = document.get(name)
    if value is not None and type(value) is not dict:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be an object")
    return value


def parts(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; empty where there is none."""
    value = document.get(name)
    if value is None:
        return []
    if type(value) is not list or any(type(each) is not dict for each in value):
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be a list of objects")
    return value


def text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if type(value) is not str:
        raise _wrong(value, name, "a text")
    return value


def optional_text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if type(value) is not str:
        raise _wrong(value, name, "a text")
    return value


def whole(document: dict[str, Any], name: str, most: int) -> int:
    value = document.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise _wrong(value, name, f"a whole number from 0 to {most}")
    return value


def optional_whole(document: dict[str, Any], name: str, most: int) -> int | None:
    return None if document.get(name) is None else whole(document, name, most)


def number(document: dict[str, Any], name: str) -> float:
    value = document.get(name)
    if type(value) is not float and type(value) is not int:
        raise _wrong(value, name, "a number")
    return float(value) if abs(value) < 3e38 else 0.0  # Float32 has no room for more


def optional_number(document: dict[str, Any], name: str) -> float:
    return 0.0 if document.get(name) is None else number(document, name)


def moment(document: dict[str, Any], name: str) -> int:
    """Milliseconds since the epoch, within what DateTime64(3) can hold."""
    value = document.get(name)
    try:
        found = datetime.fromisoformat(value) if type(value) is str else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _wrong(value, name, "an RFC 3339 time with its zone")
    return min(max(round(found.timestamp() * 1000), MIN_MS), MAX_MS)


def uuid(document: dict[str, Any], name: str) -> int:
    """As a number, which clickhouse-connect writes fastest."""
    value = text(document, name)
    try:
        found = int(value.replace("-", ""), 16) if len(value) == 36 and value.isascii() else -1
    except ValueError:
        found = -1
    if not 0 < found < 1 << 128:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be a UUID")
    return found


def json_text(document: dict[str, Any], name: str) -> str:
    value = part(document, name)
    return orjson.dumps(value).decode() if value else "{}"


def text_map(document: dict[str, Any], name: str) -> dict[str, str]:
    value = part(document, name)
    if value is None:
        raise BadInput(Reason.MISSING_FIELD, f"field '{name}' is missing")
    for each in value.values():
        if type(each) is not str:
            raise BadInput(Reason.BAD_FIELD, f"field '{name}' must hold texts only")
    return value


def whole_of_text(text: str | None, most: int, otherwise: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 20 or int(text) > most:
        return otherwise
    return int(text)


def moment_of_text(text: str | None, otherwise_ms: int) -> int:
    try:
        return moment({"dl_at": text}, "dl_at")
    except BadInput:
        return otherwise_ms


def _wrong(value: object, name: str, wanted: str) -> BadInput:
    if value is None:
        return BadInput(Reason.MISSING_FIELD, f"field '{name}' is missing")
    return BadInput(Reason.BAD_FIELD, f"field '{name}' must be {wanted}")
