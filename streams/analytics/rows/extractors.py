"""Extractors: how one field of a JSON document becomes the value of one ClickHouse column.

An extractor names its field by the path in the document, such as `match.media_id`. A value that the column cannot hold
is a BadInput that names the field. Times outside 1900 to 2299, which ClickHouse cannot hold, become the nearest that it
can. Which column has which extractor is in the file of its table.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from streams.domain.records import RawRecord
from streams.errors import BadInput, Reason

Row = tuple[Any, ...]

UINT8, UINT16, UINT32, UINT64 = (1 << 8) - 1, (1 << 16) - 1, (1 << 32) - 1, (1 << 64) - 1
FLOAT32_LIMIT: Final = 3e38
UUID_CHARS: Final = 36
MIN_MS: Final = round(datetime(1900, 1, 1, tzinfo=UTC).timestamp() * 1000)
MAX_MS: Final = round(datetime(2299, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp() * 1000)


class Extractor(NamedTuple):
    """Reads one column from a record.

    A value of the type `accepted` becomes the column's value as it is; any other value, and None for a missing field,
    goes through `convert`, which may raise BadInput. Where the object at the path is missing, the column is `empty`.
    """

    path: str
    accepted: type | None
    convert: Callable[[Any], Any]
    empty: Any


def text(path: str) -> Extractor:
    """A required text."""
    return Extractor(path, str, _refuse(path, "a text"), "")


def optional_text(path: str) -> Extractor:
    """A text; empty where it is null or missing."""
    refuse = _refuse(path, "a text")
    return Extractor(path, str, lambda value: "" if value is None else refuse(value), "")


def whole(path: str, largest: int) -> Extractor:
    """A required whole number from 0 to `largest`."""
    refuse = _refuse(path, f"a whole number from 0 to {largest}")

    def convert(value: Any) -> int:
        return value if type(value) is int and 0 <= value <= largest else refuse(value)

    return Extractor(path, None, convert, 0)


def optional_whole(path: str, largest: int, *, empty: int | None = None) -> Extractor:
    """A whole number from 0 to `largest`; `empty` where it is null or missing."""
    required = whole(path, largest).convert
    return Extractor(path, None, lambda value: empty if value is None else required(value), empty)


def number(path: str) -> Extractor:
    """A required number; 0 where Float32 cannot hold it."""
    refuse = _refuse(path, "a number")

    def convert(value: Any) -> float:
        if type(value) is not float and type(value) is not int:
            refuse(value)
        return float(value) if abs(value) < FLOAT32_LIMIT else 0.0

    return Extractor(path, None, convert, 0.0)


def optional_number(path: str, *, empty: float | None = 0.0) -> Extractor:
    """A number; `empty` where it is null or missing."""
    required = number(path).convert
    return Extractor(path, None, lambda value: empty if value is None else required(value), empty)


def first_byte(path: str) -> Extractor:
    """The version: the first of the bytes that a text holds in base64. 0 for an empty text."""

    def convert(value: Any) -> int:
        if type(value) is not str or not value:
            return 0
        try:
            return a2b_base64(value[:4], strict_mode=True)[0]
        except (ValueError, IndexError):
            return 0

    return Extractor(path, None, convert, 0)


def flag(path: str) -> Extractor:
    """True where the field is true, else False."""
    return Extractor(path, bool, lambda _: False, False)


def time_ms(path: str) -> Extractor:
    """A required RFC 3339 time, in milliseconds since the epoch."""
    refuse = _refuse(path, "an RFC 3339 time with its zone")

    def convert(value: Any) -> int:
        time = parse_time_ms(value)
        return refuse(value) if time is None else time

    return Extractor(path, None, convert, 0)


def optional_time_ms(path: str) -> Extractor:
    """A time in milliseconds since the epoch; None where it is null or missing."""
    required = time_ms(path).convert
    return Extractor(path, None, lambda value: None if value is None else required(value), None)


def uuid(path: str) -> Extractor:
    """A required UUID, as the number that clickhouse-connect writes fastest."""
    refuse, refuse_non_text = _refuse(path, "a UUID"), _refuse(path, "a text")

    def convert(value: Any) -> int:
        if type(value) is not str:
            refuse_non_text(value)
        try:
            found = int(value.replace("-", ""), 16) if len(value) == UUID_CHARS and value.isascii() else -1
        except ValueError:
            found = -1
        return found if 0 < found < 1 << 128 else refuse(value)

    return Extractor(path, None, convert, 0)


def optional_uuid(path: str) -> Extractor:
    """A UUID as `uuid`; None where it is null or missing."""
    required = uuid(path).convert
    return Extractor(path, None, lambda value: None if value is None else required(value), None)


def json_text(path: str) -> Extractor:
    """An object as JSON; `{}` where it is null or missing."""
    refuse = _refuse(path, "an object")

    def convert(value: Any) -> str:
        if value is not None and type(value) is not dict:
            refuse(value)
        return orjson.dumps(value).decode() if value else "{}"

    return Extractor(path, None, convert, "{}")


def text_map(path: str, *, without: tuple[str, ...] = ()) -> Extractor:
    """A required object whose values are texts, without the fields whose names begin with one of `without`."""
    refuse, refuse_values = _refuse(path, "an object"), _refuse(path, "an object", "must hold texts only")

    def convert(value: Any) -> dict[str, str]:
        if type(value) is not dict:
            refuse(value)
        texts = {}
        for name, entry in value.items():
            if type(entry) is not str:
                refuse_values(value)
            if not name.startswith(without):
                texts[name] = entry
        return texts

    return Extractor(path, None, convert, {})


def texts(path: str) -> Extractor:
    """A list of texts; empty where it is null or missing."""
    refuse = _refuse(path, "a list of texts")

    def convert(value: Any) -> list[str]:
        if value is None:
            return []
        if type(value) is not list or any(type(entry) is not str for entry in value):
            refuse(value)
        return value  # type: ignore[no-any-return]

    return Extractor(path, None, convert, [])


def tuples(path: str, *fields: Extractor) -> Extractor:
    """A list of objects, as tuples of their `fields`; empty where it is null or missing."""
    refuse = _refuse(path, "a list of objects")

    def convert(value: Any) -> list[Row]:
        if value is None:
            return []
        if type(value) is not list or any(type(entry) is not dict for entry in value):
            refuse(value)
        return [tuple([read_field(entry, field) for field in fields]) for entry in value]

    return Extractor(path, None, convert, [])


def read_field(document: dict[str, Any], extractor: Extractor) -> Any:
    """One field of an object that is at the extractor's path.

    Raises:
        BadInput: missing_field or bad_field.
    """
    value = document.get(field_name(extractor.path))
    return value if type(value) is extractor.accepted else extractor.convert(value)


def parse_time_ms(value: object) -> int | None:
    """Milliseconds since the epoch of an RFC 3339 time; None for any other value."""
    try:
        time = datetime.fromisoformat(value) if type(value) is str else None
    except ValueError:
        return None
    if time is None or time.tzinfo is None:
        return None
    time_ms = round(time.timestamp() * 1000)
    return time_ms if MIN_MS <= time_ms <= MAX_MS else MIN_MS if time_ms < MIN_MS else MAX_MS


def record_time_ms(record: RawRecord) -> int:
    """The timestamp of a Kafka record; 0 where it has none, which Kafka writes as -1."""
    time_ms = record.timestamp
    return time_ms if 0 <= time_ms <= MAX_MS else 0 if time_ms < 0 else MAX_MS


def field_name(path: str) -> str:
    """`codec` of `facts.video.codec`."""
    return path.rpartition(".")[2]


def _refuse(path: str, expected: str, complaint: str = "") -> Callable[[Any], Any]:
    """A function that raises the error of the field for a value."""
    name = field_name(path)

    def refuse(value: Any) -> Any:
        if value is None:
            raise BadInput(Reason.MISSING_FIELD, f"field '{name}' is missing")
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' {complaint or f'must be {expected}'}")

    return refuse
