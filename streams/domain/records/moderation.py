"""Moderation events: verdicts and corrections. One record of media.verdicts, and what match reads of it.

    verdict      somebody says something about a content
    withdrawal   the same source takes back what it said
    split        two contents are not the same
    merge        two contents are the same
    undo         takes a split or a merge of two contents back
    deletion     everything that is kept of a medium, or of all media of a content, goes

An event names a content by its id, or by the id of a medium that was submitted; a deletion may name both. Decoding
checks every field and names the wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast, get_args

import orjson

from streams.domain.records.codec import format_timestamp, parse_json_object
from streams.domain.records.fields import MAX_ID_CHARS, choice, collection_name, header_map, text, timestamp
from streams.domain.records.ids import content_id_of, digest_of, is_partial
from streams.domain.records.raw import Headers
from streams.domain.records.submission import Origin, submission_id_of
from streams.domain.records.verdict import GIVEN_STATUSES, SOURCE_KINDS, GivenStatus, Label, SourceKind
from streams.errors import BadInput, Reason

EventName = Literal["verdict", "withdrawal", "split", "merge", "undo", "deletion"]
Scope = Literal["group", "content"]

EVENT_NAMES: Final[tuple[EventName, ...]] = get_args(EventName)
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
PAIR_EVENTS: Final = frozenset({"split", "merge", "undo"})
"""Events about two contents."""

MAX_LABELS, MAX_NAME_CHARS, MAX_REASON_CHARS = 64, 128, 2048
MAX_CALL_NUMBER: Final = 1_000_000_000
MAX_ATTEMPTS: Final = 65_535


@dataclass(frozen=True)
class VerdictSource:
    """Who says something: a person, list, model or rule, and its version."""

    kind: SourceKind
    name: str
    version: str | None = None


@dataclass(frozen=True)
class ModeratorCall:
    """The call that a verdict comes from.

    Attributes:
        duration_ms: of the attempt that gave the answer.
        attempts: how often the moderator was asked.
        price: of one attempt, in `currency`, as ISO 4217 has it.
    """

    duration_ms: float
    attempts: int
    price: float
    currency: str


@dataclass(frozen=True)
class ModerationEvent:
    """One moderation event.

    Attributes:
        event_id: `ce_source#ce_id`, or topic, partition and offset where there are no CloudEvents headers: the same
            event published or processed twice is the same event.
        event: what happens.
        collection: of the content.
        by: who says so.
        at: when, in RFC 3339; informs people, and orders nothing.
        content_id: the content that the event is about; None if a medium names it.
        media_id: a medium of that content; None if the content is named itself. A deletion that names both is about
            this medium's submissions of this content, and about no other medium.
        other_content_id: the second content of a split, a merge or an undo.
        status: of a verdict.
        labels: of a verdict.
        reason: for people.
        scope: of a verdict: the whole `group`, as far as copies inherit, or this `content` alone.
        call: of a verdict: what it took to get it; None where nobody says.
    """

    event_id: str
    event: EventName
    collection: str
    by: VerdictSource
    at: str
    content_id: str | None = None
    media_id: str | None = None
    other_content_id: str | None = None
    status: GivenStatus | None = None
    labels: list[Label] = field(default_factory=list)
    reason: str | None = None
    scope: Scope = "group"
    call: ModeratorCall | None = None

    @property
    def subject(self) -> str:
        """What the event names: its content id or its media id."""
        return self.content_id or cast(str, self.media_id)

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, value: bytes | None) -> ModerationEvent:
        """Decode an event as media.fingerprints carries it.

        Raises:
            BadInput: not_json, missing_field or bad_field.
        """
        document = parse_json_object(value)
        event = _event(document, text(document, "event_id", 2 * MAX_ID_CHARS + 1), "")
        if not event.at:
            raise BadInput(Reason.MISSING_FIELD, "field 'at' is missing")
        return event


def decode_moderation_event(
    *, value: bytes | None, headers: Headers, origin: Origin, timestamp_ms: int
) -> ModerationEvent:
    """Decode one record of media.verdicts. A null field counts as absent; unknown fields are ignored.

    Args:
        value: of the record: a JSON object.
        headers: of the record; CloudEvents headers name the event.
        origin: of the record.
        timestamp_ms: of the record; replaces a missing `at`.

    Raises:
        BadInput: names the field.
    """
    document = parse_json_object(value)
    document = {name: entry for name, entry in document.items() if entry is not None}
    document.setdefault("at", header_map(headers).get("ce_time") or format_timestamp(timestamp_ms))
    return _event(document, submission_id_of(headers, origin), "verdict")


def _event(document: dict[str, Any], event_id: str, default_event: str) -> ModerationEvent:
    document = {name: entry for name, entry in document.items() if entry is not None}
    event = cast(EventName, choice(document, "event", EVENT_NAMES, default_event or None))
    content_id, media_id = _named(document, both=event == "deletion")
    is_verdict = event == "verdict"
    return ModerationEvent(
        event_id=event_id,
        event=event,
        collection=collection_name(document),
        by=decode_source(document),
        at=timestamp(document.get("at"), "at"),
        content_id=content_id,
        media_id=media_id,
        other_content_id=_other(document, content_id) if event in PAIR_EVENTS else None,
        status=cast(GivenStatus, choice(document, "status", GIVEN_STATUSES)) if is_verdict else None,
        labels=decode_labels(document.get("labels", [])) if is_verdict else [],
        reason=text(document, "reason", MAX_REASON_CHARS) if "reason" in document else None,
        scope=cast(Scope, choice(document, "scope", SCOPES, "group")),
        call=_call(document["call"]) if is_verdict and "call" in document else None,
    )


def _call(value: object) -> ModeratorCall:
    if not isinstance(value, dict):
        raise BadInput(Reason.BAD_FIELD, "field 'call' must be an object")
    currency = text(value, "currency", 3, path="call.")
    return ModeratorCall(
        duration_ms=_not_negative(value, "duration_ms"),
        attempts=min(int(_not_negative(value, "attempts")), MAX_ATTEMPTS),
        price=_not_negative(value, "price"),
        currency=currency,
    )


def _not_negative(value: dict[str, Any], name: str) -> float:
    number = value.get(name, 0)
    if type(number) not in (int, float) or not 0 <= number <= MAX_CALL_NUMBER:
        raise BadInput(Reason.BAD_FIELD, f"field 'call.{name}' must be a number from 0 to {MAX_CALL_NUMBER:,}")
    return float(number)


def _named(document: dict[str, Any], *, both: bool) -> tuple[str | None, str | None]:
    """The content id, or the media id; with `both`, both where both are there."""
    content_id = _content_id(document, "content_id") if "content_id" in document else None
    if content_id is None and "media_id" not in document:
        raise BadInput(Reason.MISSING_FIELD, "field 'content_id' or 'media_id' must say what the event is about")
    is_medium_named = content_id is None or (both and "media_id" in document)
    return content_id, text(document, "media_id", MAX_ID_CHARS) if is_medium_named else None


def _content_id(document: dict[str, Any], name: str) -> str:
    content_id = text(document, name, MAX_ID_CHARS)
    try:
        return content_id_of(digest_of(content_id), partial=is_partial(content_id))  # in lower case
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}': {error}") from error


def _other(document: dict[str, Any], content_id: str | None) -> str:
    other = _content_id(document, "other_content_id")
    if other == content_id:
        raise BadInput(Reason.BAD_FIELD, "fields 'content_id' and 'other_content_id' name the same content")
    return other


def decode_source(document: dict[str, Any]) -> VerdictSource:
    """Who says it: the field `by`.

    Raises:
        BadInput: missing_field or bad_field.
    """
    by = document.get("by")
    if not isinstance(by, dict):
        raise BadInput(Reason.MISSING_FIELD, "field 'by' must be an object with 'kind' and 'name'")
    return VerdictSource(
        cast(SourceKind, choice(by, "kind", SOURCE_KINDS, path="by.")),
        text(by, "name", MAX_NAME_CHARS, path="by."),
        text(by, "version", MAX_NAME_CHARS, path="by.") if by.get("version") is not None else None,
    )


def decode_labels(value: object, path: str = "") -> list[Label]:
    """Labels from a list of JSON objects; `path` is where the list stands.

    Raises:
        BadInput: missing_field or bad_field.
    """
    if not isinstance(value, list) or len(value) > MAX_LABELS:
        raise BadInput(Reason.BAD_FIELD, f"field '{path}labels' must be a list of at most {MAX_LABELS} labels")
    return [_label(entry, f"{path}labels[{number}].") for number, entry in enumerate(value)]


def _label(entry: object, path: str) -> Label:
    if not isinstance(entry, dict):
        raise BadInput(Reason.BAD_FIELD, f"field '{path[:-1]}' must be an object")
    score = entry.get("score")
    if score is not None and (type(score) not in (int, float) or not 0 <= score <= 1):
        raise BadInput(Reason.BAD_FIELD, f"field '{path}score' must be a number from 0 to 1")
    parent = text(entry, "parent", MAX_NAME_CHARS, path=path) if entry.get("parent") is not None else None
    return Label(text(entry, "name", MAX_NAME_CHARS, path=path), parent, None if score is None else float(score))
