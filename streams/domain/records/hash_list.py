"""Hash lists: contents that are known by their hashes, as events of media.verdicts.

    list_entries     some entries of an import; without effect by themselves
    list_effective   all entries of an import are published: from here on the list has these entries and no others
    list_drop        the list is no more
    list_release     an entry in quarantine acts again

Match itself writes one more to the log: `list_quarantine`, about an entry that matched too many contents.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast, get_args

import orjson

from streams.domain.records.codec import format_timestamp, parse_json_object
from streams.domain.records.fields import MAX_ID_CHARS, choice, collection_name, header_map, text, timestamp
from streams.domain.records.moderation import MAX_REASON_CHARS, VerdictSource, decode_labels, decode_source
from streams.domain.records.raw import Headers
from streams.domain.records.submission import Origin, submission_id_of
from streams.domain.records.verdict import GIVEN_STATUSES, GivenStatus, Label
from streams.errors import BadInput, Reason

ListEventName = Literal["list_entries", "list_effective", "list_drop", "list_release", "list_quarantine"]
ListAlgorithm = Literal["md5", "sha256", "phash64", "phash256", "pdq256"]
PerceptualStatus = Literal["review", "entry"]

LIST_EVENTS: Final[tuple[ListEventName, ...]] = get_args(ListEventName)
PUBLIC_LIST_EVENTS: Final = LIST_EVENTS[:-1]
ACTS: Final = frozenset({"list_effective", "list_drop", "list_release"})
"""Events that somebody answers for: they have `by`."""

LIST_ALGORITHMS: Final[tuple[ListAlgorithm, ...]] = get_args(ListAlgorithm)
PERCEPTUAL_STATUSES: Final[tuple[PerceptualStatus, ...]] = get_args(PerceptualStatus)

ALGORITHM_BITS: Final[dict[str, int]] = {"md5": 128, "sha256": 256, "phash64": 64, "phash256": 256, "pdq256": 256}
DEFAULT_BITS: Final[dict[str, int]] = {"phash64": 4, "phash256": 32, "pdq256": 24}
"""Hamming distances within which an entry matches. They are narrow: no evidence confirms such a match."""
MAX_BITS: Final[dict[str, int]] = {"phash64": 10, "phash256": 43, "pdq256": 43}

MAX_ENTRIES_PER_EVENT: Final = 1_000
MAX_CHUNKS: Final = 10_000
MAX_LIST_VERSION_CHARS, MAX_SOURCE_CHARS = 128, 512
DEFAULT_QUARANTINE_AFTER, MAX_QUARANTINE_AFTER = 50, 500
LIST_NAME_REGEX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_HEX: Final = re.compile(r"[0-9a-f]*")


@dataclass(frozen=True)
class ListEntry:
    """One known content. What is None is said by the list.

    Attributes:
        algorithm: of the hash.
        hash: lower-case hex.
        status: the verdict.
        labels: of the verdict.
        reason: for people.
        bits: Hamming distance within which the entry matches; None for md5 and sha256.
    """

    algorithm: ListAlgorithm
    hash: str
    status: GivenStatus | None = None
    labels: list[Label] | None = None
    reason: str | None = None
    bits: int | None = None


@dataclass(frozen=True)
class ListEvent:
    """One event about a hash list.

    Attributes:
        event_id: as of moderation events.
        event: what happens.
        collection: in which the list holds.
        list_name: of the list.
        at: when, in RFC 3339; informs people, and orders nothing.
        by: who says so; None for entries and for what match itself writes.
        import_id: of entries and of the event that makes them effective.
        chunk: number of these entries in the import, from 0.
        entries: of this chunk.
        chunks: how many there are in the import.
        entry_count: how many entries there are in the import; for people.
        version: of the list.
        source: where the list is from; for people.
        status: the verdict of entries that name none; None for a negative list.
        labels: of entries that name none.
        negative: contents on the list are never matched; the list gives no verdicts.
        bits: by algorithm, for entries that name none.
        perceptual: what a match that hashes alone speak for means: `review`, or the verdict of the `entry`.
        quarantine_after: an entry that matches more contents than this, by near hashes, does not act any more.
        algorithm: of the entry that is put into quarantine, or released from it.
        hash: of that entry.
        reason: for people.
    """

    event_id: str
    event: ListEventName
    collection: str
    list_name: str
    at: str
    by: VerdictSource | None = None
    import_id: str | None = None
    chunk: int = 0
    entries: list[ListEntry] = field(default_factory=list)
    chunks: int = 0
    entry_count: int = 0
    version: str | None = None
    source: str | None = None
    status: GivenStatus | None = None
    labels: list[Label] = field(default_factory=list)
    negative: bool = False
    bits: dict[str, int] = field(default_factory=dict)
    perceptual: PerceptualStatus = "review"
    quarantine_after: int = DEFAULT_QUARANTINE_AFTER
    algorithm: ListAlgorithm | None = None
    hash: str | None = None
    reason: str | None = None

    @property
    def subject(self) -> str:
        """The name of the list."""
        return self.list_name

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, value: bytes | None) -> ListEvent:
        """Decode an event as media.fingerprints carries it.

        Raises:
            BadInput: not_json, missing_field or bad_field.
        """
        document = parse_json_object(value)
        return _event(document, text(document, "event_id", 2 * MAX_ID_CHARS + 1), LIST_EVENTS)


def decode_list_event(*, value: bytes | None, headers: Headers, origin: Origin, timestamp_ms: int) -> ListEvent:
    """Decode one record of media.verdicts. A null field counts as absent; unknown fields are ignored.

    Args:
        value: of the record: a JSON object.
        headers: of the record; CloudEvents headers name the event.
        origin: of the record.
        timestamp_ms: of the record; replaces a missing `at`.

    Raises:
        BadInput: names the field, and the number of the entry.
    """
    document = parse_json_object(value)
    document.setdefault("at", header_map(headers).get("ce_time") or format_timestamp(timestamp_ms))
    return _event(document, submission_id_of(headers, origin), PUBLIC_LIST_EVENTS)


def _event(document: dict[str, Any], event_id: str, names: tuple[ListEventName, ...]) -> ListEvent:
    document = {name: entry for name, entry in document.items() if entry is not None}
    event = cast(ListEventName, choice(document, "event", names))
    return ListEvent(
        event_id=event_id,
        event=event,
        collection=collection_name(document),
        list_name=check_list_name(document.get("list_name")),
        at=timestamp(document.get("at"), "at"),
        by=decode_source(document) if event in ACTS else None,
        reason=text(document, "reason", MAX_REASON_CHARS) if "reason" in document else None,
        **_FIELDS[event](document),
    )


def check_list_name(value: object) -> str:
    """The name of a list.

    Raises:
        BadInput: bad_field.
    """
    if not isinstance(value, str) or not LIST_NAME_REGEX.fullmatch(value):
        raise BadInput(
            Reason.BAD_FIELD,
            "field 'list_name' must be 1 to 128 of letters, digits, '.', '_' and '-', and begin with a letter or digit",
        )
    return value


def _import_id(document: dict[str, Any]) -> str:
    value = text(document, "import_id", 64)
    if not LIST_NAME_REGEX.fullmatch(value):
        raise BadInput(Reason.BAD_FIELD, "field 'import_id' must be of letters, digits, '.', '_' and '-'")
    return value


def _entries_fields(document: dict[str, Any]) -> dict[str, Any]:
    entries = document.get("entries")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_ENTRIES_PER_EVENT:
        raise BadInput(Reason.BAD_FIELD, f"field 'entries' must be a list of 1 to {MAX_ENTRIES_PER_EVENT} entries")
    return {
        "import_id": _import_id(document),
        "chunk": _whole(document, "chunk", 0, MAX_CHUNKS - 1),
        "entries": [decode_entry(entry, f"entries[{number}].") for number, entry in enumerate(entries)],
    }


def _effective_fields(document: dict[str, Any]) -> dict[str, Any]:
    negative = document.get("negative", False)
    if not isinstance(negative, bool):
        raise BadInput(Reason.BAD_FIELD, "field 'negative' must be true or false")
    bits = document.get("bits", {})
    if not isinstance(bits, dict) or not bits.keys() <= MAX_BITS.keys():
        raise BadInput(Reason.BAD_FIELD, f"field 'bits' must be an object with {', '.join(MAX_BITS)}")
    return {
        "import_id": _import_id(document),
        "chunks": _whole(document, "chunks", 0, MAX_CHUNKS),
        "entry_count": _whole(document, "entry_count", 0, MAX_CHUNKS * MAX_ENTRIES_PER_EVENT, 0),
        "version": text(document, "version", MAX_LIST_VERSION_CHARS),
        "source": text(document, "source", MAX_SOURCE_CHARS) if "source" in document else None,
        "status": None if negative else cast(GivenStatus, choice(document, "status", GIVEN_STATUSES)),
        "labels": decode_labels(document.get("labels", [])),
        "negative": negative,
        "bits": {name: _whole(bits, name, 0, MAX_BITS[name], path="bits.") for name in sorted(bits)},
        "perceptual": choice(document, "perceptual", PERCEPTUAL_STATUSES, "review"),
        "quarantine_after": _whole(document, "quarantine_after", 1, MAX_QUARANTINE_AFTER, DEFAULT_QUARANTINE_AFTER),
    }


def _one_entry_fields(document: dict[str, Any]) -> dict[str, Any]:
    entry = decode_entry(document, "", with_verdict=False)
    return {"algorithm": entry.algorithm, "hash": entry.hash}


_FIELDS: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "list_entries": _entries_fields,
    "list_effective": _effective_fields,
    "list_drop": lambda document: {},
    "list_release": _one_entry_fields,
    "list_quarantine": _one_entry_fields,
}


def decode_entry(document: object, path: str, *, with_verdict: bool = True) -> ListEntry:
    """One entry from its JSON object; `path` is where the object stands, such as `entries[7].`.

    Raises:
        BadInput: missing_field or bad_field.
    """
    if not isinstance(document, dict):
        raise BadInput(Reason.BAD_FIELD, f"field '{path[:-1]}' must be an object")
    algorithm, value = document.get("algorithm"), document.get("hash")
    bits = ALGORITHM_BITS.get(algorithm) if isinstance(algorithm, str) else None
    if bits is None:
        raise BadInput(Reason.BAD_FIELD, f"field '{path}algorithm' must be one of {', '.join(LIST_ALGORITHMS)}")
    if not isinstance(value, str) or len(value) != bits // 4 or not _HEX.fullmatch(value):
        raise BadInput(Reason.BAD_FIELD, f"field '{path}hash' must be {bits // 4} lower-case hex digits ({algorithm})")
    algorithm = cast(ListAlgorithm, algorithm)
    if not with_verdict or len(document) == 2:
        return ListEntry(algorithm, value)
    document = {name: entry for name, entry in document.items() if entry is not None}
    own_bits = None
    if "bits" in document:
        if algorithm not in MAX_BITS:
            raise BadInput(Reason.BAD_FIELD, f"field '{path}bits': {algorithm} matches equal bytes only")
        own_bits = _whole(document, "bits", 0, MAX_BITS[algorithm], path=path)
    return ListEntry(
        algorithm,
        value,
        cast(GivenStatus, choice(document, "status", GIVEN_STATUSES, path=path)) if "status" in document else None,
        decode_labels(document["labels"], path) if "labels" in document else None,
        text(document, "reason", MAX_REASON_CHARS, path=path) if "reason" in document else None,
        own_bits,
    )


def _whole(
    document: dict[str, Any], name: str, lowest: int, highest: int, default: int | None = None, *, path: str = ""
) -> int:
    value = document.get(name, default)
    if type(value) is not int or not lowest <= value <= highest:
        raise BadInput(Reason.BAD_FIELD, f"field '{path}{name}' must be a whole number from {lowest} to {highest}")
    return value
