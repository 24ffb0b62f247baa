"""Dead letters: records of media.deadletters as somebody reads them, and their repair.

A record of media.deadletters may be anything: reading one never fails. What its headers lack or garble is taken from
its own place, and its reason is then `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, get_args

import orjson

from streams.domain.records.codec import decodable, from_document_strictly, parse_json_object
from streams.domain.records.raw import Headers, RawRecord
from streams.domain.records.submission import Origin, salvage_identity

Act = Literal["replayed", "dropped"]

ACTS: Final[tuple[Act, ...]] = get_args(Act)
HEADER_PREFIX: Final = "dl_"
UNKNOWN_REASON: Final = "unknown"
MAX_PARTITION, MAX_OFFSET, MAX_DIGITS = (1 << 32) - 1, (1 << 64) - 1, 20


class LetterId(NamedTuple):
    """What a dead letter is about: a record, and the stage that gave it up. A worker may write a letter twice."""

    origin_topic: str
    origin_partition: int
    origin_offset: int
    stage: str

    @property
    def text(self) -> str:
        return f"{self.origin_topic}/{self.origin_partition}/{self.origin_offset}/{self.stage}"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter.

    Attributes:
        place: where the letter stands.
        letter_id: the record that failed, and the stage. Where its place is unknown, that of the letter.
        has_origin: the place of the record that failed is known.
        reason: a `Reason`, or the code of another version.
        detail: for people.
        failed_at: RFC 3339 as the stage wrote it; empty where it is missing.
        timestamp_ms: of the letter's record.
        key: of the record that failed.
        value: of the record that failed.
        headers: of the record that failed.
    """

    place: Origin
    letter_id: LetterId
    has_origin: bool
    reason: str
    detail: str
    failed_at: str
    timestamp_ms: int
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: Headers = field(repr=False)

    @classmethod
    def of(cls, record: RawRecord) -> DeadLetter:
        """Read a record of media.deadletters; never raises."""
        told: dict[str, str] = {}
        headers: list[tuple[str, bytes | None]] = []
        for name, value in record.headers:
            if name.startswith(HEADER_PREFIX):
                told[name] = (value or b"").decode(errors="backslashreplace")
            else:
                headers.append((name, value))
        partition = _whole(told.get("dl_origin_partition"), MAX_PARTITION)
        offset = _whole(told.get("dl_origin_offset"), MAX_OFFSET)
        return cls(
            place=Origin(record.topic, record.partition, record.offset),
            letter_id=LetterId(
                told.get("dl_origin_topic") or record.topic,
                record.partition if partition is None else partition,
                record.offset if offset is None else offset,
                told.get("dl_stage", ""),
            ),
            has_origin=partition is not None and offset is not None,
            reason=told.get("dl_reason") or UNKNOWN_REASON,
            detail=told.get("dl_detail", ""),
            failed_at=told.get("dl_at", ""),
            timestamp_ms=record.timestamp,
            key=record.key,
            value=record.value,
            headers=headers,
        )

    @property
    def size_bytes(self) -> int:
        return len(self.value or b"")

    def identity(self) -> tuple[str | None, str]:
        """Media id, or None, and collection of the record that failed."""
        return salvage_identity(self.key, self.value, self.headers)


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which dead letters: those that meet all conditions. An empty condition is met by all.

    Attributes:
        reasons: letters with any of the given ones.
        stages: letters from any of the given ones.
        topics: where the record came from, any of the given ones.
        collections: letters in any of the given ones.
        since_ms: the letter is not older; in ms since the epoch.
        until_ms: the letter is older.
        places: partition and offset of the letters themselves.
    """

    reasons: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None
    places: tuple[tuple[int, int], ...] = ()

    def accepts(self, letter: DeadLetter) -> bool:
        wanted = (
            (self.reasons, letter.reason),
            (self.stages, letter.letter_id.stage),
            (self.topics, letter.letter_id.origin_topic),
            (self.places, (letter.place.partition, letter.place.offset)),
        )
        return (
            all(not choices or found in choices for choices, found in wanted)
            and (self.since_ms is None or letter.timestamp_ms >= self.since_ms)
            and (self.until_ms is None or letter.timestamp_ms < self.until_ms)
            and (not self.collections or letter.identity()[1] in self.collections)
        )


@decodable
@dataclass(frozen=True)
class DeadLetterAct:
    """Somebody replayed or dropped a dead letter. One record of media.deadletters.acts, whose key is the letter's id.

    Attributes:
        origin_topic, origin_partition, origin_offset, stage: which letter; see `LetterId`.
        act: what was done.
        replays: how often the letter has been replayed by now.
        letter: where the letter stands.
        reason: of the letter.
        by: who did it.
        note: why, for people; may be empty.
        at: when, in RFC 3339.
        replayed: where the replayed record stands; None if the letter was dropped.
    """

    origin_topic: str
    origin_partition: int
    origin_offset: int
    stage: str
    act: Act
    replays: int
    letter: Origin
    reason: str
    by: str
    note: str
    at: str
    replayed: Origin | None = None

    @property
    def letter_id(self) -> LetterId:
        return LetterId(self.origin_topic, self.origin_partition, self.origin_offset, self.stage)

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, value: bytes | None) -> DeadLetterAct:
        """Decode one value of media.deadletters.acts.

        Raises:
            BadInput: not_json, missing_field or bad_field; names the field.
        """
        return from_document_strictly(cls, parse_json_object(value))


def _whole(text: str | None, largest: int) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS or int(text) > largest:
        return None
    return int(text)
