"""Fields of records that users publish: every function checks one field, and names it if it is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from streams.domain.records.codec import EPOCH, format_timestamp
from streams.domain.records.raw import Headers
from streams.errors import BadInput, Reason

COLLECTION_REGEX = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
JOB_ID_REGEX = COLLECTION_REGEX
MAX_ID_CHARS = 1024


def header_map(headers: Headers) -> dict[str, str]:
    """Headers as text. The last header of a name wins; a header that is not valid UTF-8 counts as absent."""
    found: dict[str, str] = {}
    for name, raw in headers:
        if raw is None:
            continue
        try:
            found[name.lower()] = raw.decode()
        except UnicodeDecodeError:
            continue
    return found


def text(document: Mapping[str, Any], name: str, max_chars: int, default: str | None = None, *, path: str = "") -> str:
    """A text; `path` is where the document stands, such as `by.`.

    Raises:
        BadInput: missing_field or bad_field.
    """
    value = document.get(name, default)
    if value is None:
        raise BadInput(Reason.MISSING_FIELD, f"field '{path}{name}' is missing")
    if not isinstance(value, str) or not value or len(value) > max_chars:
        raise BadInput(Reason.BAD_FIELD, f"field '{path}{name}' must be a text of 1 to {max_chars} characters")
    if "\0" in value:
        raise BadInput(Reason.BAD_FIELD, f"field '{path}{name}' holds a NUL character")
    return value


def choice(
    document: Mapping[str, Any], name: str, choices: Sequence[str], default: str | None = None, *, path: str = ""
) -> str:
    """One of a few words.

    Raises:
        BadInput: missing_field or bad_field.
    """
    value = document.get(name, default)
    if value is None:
        raise BadInput(Reason.MISSING_FIELD, f"field '{path}{name}' is missing; it is one of {', '.join(choices)}")
    if value not in choices:
        raise BadInput(Reason.BAD_FIELD, f"field '{path}{name}' must be one of {', '.join(choices)}")
    return str(value)


def collection_name(document: Mapping[str, Any]) -> str:
    """The collection of a record, `default` where it names none.

    Raises:
        BadInput: bad_field or bad_collection.
    """
    collection = text(document, "collection", 128, default="default")
    if not COLLECTION_REGEX.fullmatch(collection):
        raise BadInput(
            Reason.BAD_COLLECTION,
            "field 'collection' must be 1 to 128 of a-z, 0-9, '.', '_' and '-', and begin with a letter or digit",
        )
    return collection


def job_id(document: Mapping[str, Any]) -> str | None:
    """The job of a record; None where it names none.

    Raises:
        BadInput: bad_field.
    """
    found = document.get("job_id")
    if found is None:
        return None
    if not isinstance(found, str) or not JOB_ID_REGEX.fullmatch(found):
        raise BadInput(
            Reason.BAD_FIELD,
            "field 'job_id' must be 1 to 128 of a-z, 0-9, '.', '_' and '-', and begin with a letter or digit",
        )
    return found


def timestamp(value: object, name: str) -> str:
    """A time in RFC 3339, as all records write it.

    Raises:
        BadInput: bad_field.
    """
    if not isinstance(value, str):
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be an RFC 3339 text")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}': {error}") from error
    if moment.tzinfo is None:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' needs a time zone, for example a trailing Z")
    return format_timestamp((moment - EPOCH) // timedelta(milliseconds=1))
