"""Records that the match stage appends to its own log: each brings the next chunk of a long change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from streams.domain.records import parse_json_object
from streams.domain.records.fields import MAX_ID_CHARS, text
from streams.errors import BadInput, Reason


class WalkStep(NamedTuple):
    """The next chunk of a walk that revises the decisions about a group."""

    collection: str
    group_content_id: str
    chunk: int

    def to_json(self) -> bytes:
        return orjson.dumps(self._asdict())

    @classmethod
    def from_json(cls, value: bytes | None) -> WalkStep:
        """Decode a step as media.fingerprints carries it.

        Raises:
            BadInput: not_json, missing_field or bad_field.
        """
        document = parse_json_object(value)
        group = text(document, "group_content_id", MAX_ID_CHARS)
        return cls(text(document, "collection", 128), group, _whole(document, "chunk"))


class DeletionStep(NamedTuple):
    """The next chunk of a deletion.

    Attributes:
        collection: of the deleted submissions.
        event_id: of the deletion.
        chunk: its number.
        content_id: the content whose media are deleted; None if only a medium is named.
        media_id: the medium that is deleted; None for all media of the content.
        until_offset: of the deletion: what came later in the log stays.
        by_medium: submissions are looked up by the medium, not among those of the content.
        after: hex of the end of the key of the last submission that was looked at; empty before the first.
        spares_after: of a deletion that waited for its content or medium: what was submitted after this time stays.
    """

    collection: str
    event_id: str
    chunk: int
    content_id: str | None
    media_id: str | None
    until_offset: int
    by_medium: bool
    after: str = ""
    spares_after: str = ""

    def to_json(self) -> bytes:
        return orjson.dumps(self._asdict())

    @classmethod
    def from_json(cls, value: bytes | None) -> DeletionStep:
        """Decode a step as media.fingerprints carries it.

        Raises:
            BadInput: not_json, missing_field or bad_field.
        """
        document = parse_json_object(value)
        after = document.get("after")
        try:
            is_hex = isinstance(after, str) and bytes.fromhex(after) is not None
        except ValueError:
            is_hex = False
        if not is_hex:
            raise BadInput(Reason.BAD_FIELD, "field 'after' must be a text of hex digits")
        names = {
            name: None if document.get(name) is None else text(document, name, MAX_ID_CHARS)
            for name in ("content_id", "media_id")
        }
        return cls(
            text(document, "collection", 128),
            text(document, "event_id", 2 * MAX_ID_CHARS + 1),
            _whole(document, "chunk"),
            **names,
            until_offset=_whole(document, "until_offset"),
            by_medium=document.get("by_medium") is True,
            after=str(after),
            spares_after=text(document, "spares_after", 64) if document.get("spares_after") else "",
        )


Step = WalkStep | DeletionStep


@dataclass(frozen=True, slots=True)
class Continuation:
    """A step that goes to the end of the log, with the routing key of the record that brought it."""

    step: Step
    routing_key: bytes = b""


def _whole(document: dict[str, Any], name: str) -> int:
    number = document.get(name)
    if type(number) is not int:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be a whole number")
    return number
