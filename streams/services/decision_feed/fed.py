"""One decision as the feed hands it on, and the place in the stream of decisions from which a reader goes on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from streams.domain.records import format_timestamp
from streams.kafka.readers.decision_tail import TailRecord

POSITION_REGEX: Final = re.compile(r"\d{1,5}\.\d{1,18}(?:_\d{1,5}\.\d{1,18}){0,1023}")


@dataclass(frozen=True, slots=True)
class FedDecision:
    """A record of media.decisions with the fields that say whose it is; the rest stays as it came.

    `value` is the record's JSON; `decided_at` is the time of the record in RFC 3339. `related` are the other contents
    that it names: of its match, and of its group.
    """

    partition: int
    offset: int
    decision_id: str
    submission_id: str
    collection: str
    media_id: str
    outcome: str
    decided_at: str
    value: bytes = field(repr=False)
    content_id: str | None = None
    related: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """The record's JSON with `decided_at` as its last field."""
        return self.value.rstrip()[:-1] + b',"decided_at":"' + self.decided_at.encode() + b'"}'


def decode_fed(record: TailRecord) -> FedDecision | None:
    """The decision of a record; None for a record that another program wrote and that is not a decision."""
    try:
        document: Any = orjson.loads(record.value)
        named = [document[name] for name in ("decision_id", "submission_id", "collection", "media_id", "outcome")]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if not all(isinstance(value, str) for value in named):
        return None
    decision_id, submission_id, collection, media_id, outcome = named
    content_id = document.get("content_id")
    at = format_timestamp(record.timestamp_ms)
    place = record.partition, record.offset
    return FedDecision(*place, decision_id, submission_id, collection, media_id, outcome, at, record.value,
                       content_id if isinstance(content_id, str) else None, _related(document))  # fmt: skip


def _related(document: dict[str, Any]) -> tuple[str, ...]:
    match = document.get("match")
    named = [document.get("group_content_id")]
    if isinstance(match, dict):
        named += [match.get("content_id"), match.get("group_content_id")]
    return tuple({name for name in named if isinstance(name, str)})


def encode_position(position: Mapping[int, int]) -> str:
    """`0.17_1.5`: the next offset of every partition; the id of an event in a stream."""
    return "_".join(f"{partition}.{offset}" for partition, offset in sorted(position.items()))


def decode_position(text: str) -> dict[int, int] | None:
    """The position of an event id; None if it is none."""
    if len(text) > 8192 or not POSITION_REGEX.fullmatch(text):
        return None
    parts = (part.split(".") for part in text.split("_"))
    return {int(partition): int(offset) for partition, offset in parts}
