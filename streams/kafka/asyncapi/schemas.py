"""JSON Schemas of records: from their dataclasses, with the words of their docstrings, and of what users send."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from streams.domain.records import Decision, Fingerprint, ModerationEvent
from streams.domain.records.dead_letter import DeadLetterAct
from streams.domain.records.fields import COLLECTION_REGEX, JOB_ID_REGEX, MAX_ID_CHARS
from streams.domain.records.hash_list import LIST_NAME_REGEX, PUBLIC_LIST_EVENTS, ListEvent
from streams.domain.records.job import Job
from streams.domain.records.submission import KINDS, MAX_URL_CHARS

Schema = dict[str, Any]

PLACE: Final = "#/components/schemas/"
RECORDS: Final[tuple[type, ...]] = (Decision, Fingerprint, ModerationEvent, ListEvent, Job, DeadLetterAct)
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
ID: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": MAX_ID_CHARS, "pattern": "^[^\\u0000]*$"}


def record_schemas() -> dict[str, Schema]:
    """The schemas of all records and their parts, by name. Fields with a default may be absent in old records."""
    schemas: dict[str, Schema] = {}
    for record in RECORDS:
        schema = TypeAdapter(record).json_schema(ref_template=PLACE + "{model}")
        schemas |= schema.pop("$defs", {})
        schemas[record.__name__] = schema
    types = {found.__name__: found for record in RECORDS for found in _parts_of(record)}
    for name, schema in schemas.items():
        _describe(schema, types.get(name))
    schemas["Submission"] = _submission()
    schemas["PublishedModerationEvent"] = _published(schemas["ModerationEvent"], "event_id", optional=("event", "at"))
    schemas["PublishedListEvent"] = _published(schemas["ListEvent"], "event_id", optional=("at",))
    schemas["PublishedListEvent"]["properties"]["event"]["enum"] = list(PUBLIC_LIST_EVENTS)
    schemas["PublishedListEvent"]["properties"]["list_name"]["pattern"] = _whole(LIST_NAME_REGEX)
    return dict(sorted(schemas.items()))


def header_schema(required: Mapping[str, str], optional: Mapping[str, str] | None = None) -> Schema:
    """The headers of a message, each with what it says; a value that begins with `=` is always the same."""
    named = {**required, **(optional or {})}
    properties = {name: _header(about) for name, about in named.items()}
    return {"type": "object", "required": list(required), "properties": properties}


def _header(about: str) -> Schema:
    return {"type": "string", "const": about[1:]} if about.startswith("=") else {"type": "string", "description": about}


def _submission() -> Schema:
    """A submission by reference. Decoding is in domain/records/submission.py, which names the field that is wrong."""
    properties: dict[str, Schema] = {
        "media_id": {**ID, "description": "Your name for the medium."},
        "url": {
            "type": "string", "minLength": 1, "maxLength": MAX_URL_CHARS,
            "description": "Where the bytes are.", "pattern": "^[^\\u0000]*$",
        },
        "collection": {
            "type": "string", "pattern": _whole(COLLECTION_REGEX), "default": "default",
            "description": "The namespace in which media are compared.",
        },
        "kind": {
            "type": "string", "enum": list(KINDS), "default": "auto",
            "description": "A medium of another kind fails.",
        },
        "metadata": {"type": "object", "description": "Free, up to 4,096 bytes; comes back in the decision."},
        "priority": {
            "anyOf": [{"type": "integer", "minimum": 0, "maximum": 9}, {"type": "string", "pattern": "^[0-9]$"}],
            "default": 0,
            "description": "0 to 9, recorded.",
        },
        "job_id": {"type": "string", "pattern": _whole(JOB_ID_REGEX), "description": "The job that it is part of."},
        "reference": {"enum": [True, False, "true", "false"], "default": False,
                      "description": "Adds the medium to a reference collection."},
        "submitted_at": {**TIME, "description": "The record's timestamp if absent."},
    }  # fmt: skip
    nullable = {
        name: schema if name in ("media_id", "url") else {"anyOf": [schema, {"type": "null"}]}
        for name, schema in properties.items()
    }
    return {
        "title": "Submission",
        "type": "object",
        "description": "A request to decide about one medium, which a URL names. Unknown fields are ignored.",
        "required": ["media_id", "url"],
        "properties": nullable,
    }


def _published(record: Schema, *left_out: str, optional: Iterable[str]) -> Schema:
    """An event as users publish it: without its id, which stands in CloudEvents headers."""
    properties = {
        name: dict(schema) if schema is not None else {}
        for name, schema in record["properties"].items()
        if name not in left_out
    }
    required = [name for name in record["required"] if name not in {*left_out, *optional}]
    return {**record, "title": f"Published{record['title']}", "required": required, "properties": properties}


def _describe(schema: Schema, record: type | None) -> None:
    """Puts the words of a docstring where readers of the schema look for them."""
    if record is None or not inspect.getdoc(record):
        return
    about, fields = _docstring(inspect.getdoc(record) or "")
    schema["description"] = about
    for name, words in fields.items():
        if name in schema.get("properties", {}):
            schema["properties"][name]["description"] = words


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """The paragraphs before `Attributes:`, and what that section says of every field."""
    about, _, section = text.partition("Attributes:\n")
    fields: dict[str, str] = {}
    for entry in re.split(r"\n(?= {4}\S)", "\n" + section)[1:]:
        names, colon, words = entry.strip().partition(": ")
        if colon and words:
            words = " ".join(words.split())
            fields |= {name: words[:1].upper() + words[1:] for name in names.split(", ")}
    return " ".join(about.split()), fields


def _parts_of(record: type) -> set[type]:
    """A dataclass and all dataclasses in it."""
    found: set[type] = set()
    waiting: list[Any] = [record]
    while waiting:
        hint = waiting.pop()
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            if hint not in found:
                found.add(hint)
                waiting += inspect.get_annotations(hint, eval_str=True).values()
        else:
            waiting += getattr(hint, "__args__", ())
    return found


def _whole(regex: re.Pattern[str]) -> str:
    return f"^{regex.pattern}$"
