"""Dead letters: the record as it came, with its reason and origin in headers, so that it can be replayed."""

from __future__ import annotations

from streams.domain.records import RawRecord
from streams.errors import BadInput
from streams.kafka.outputs import Output
from streams.kafka.topics import DEAD_LETTERS

PREFIX = "dl_"


def dead_letter(record: RawRecord, error: BadInput, *, stage: str, topic: str, at: str) -> Output:
    """The dead letter for a record that `stage` could not process.

    Args:
        record: its key, value and headers are kept.
        error: gives the reason and a detail for people.
        stage: the stage's name.
        topic: where the record came from, without the deployment's prefix.
        at: now, in RFC 3339.
    """
    headers = [(name, value or b"") for name, value in record.headers if not name.startswith(PREFIX)]
    headers += _reason_headers(error, stage, topic, at)
    headers += [
        ("dl_origin_partition", str(record.partition).encode()),
        ("dl_origin_offset", str(record.offset).encode()),
    ]
    return (DEAD_LETTERS, record.key, record.value, headers)


def refusal(key: bytes | None, value: bytes | None, error: BadInput, *, stage: str, topic: str, at: str) -> Output:
    """The dead letter for what came from `topic` and was refused by a later stage, so without its place there."""
    return (DEAD_LETTERS, key, value, _reason_headers(error, stage, topic, at))


def _reason_headers(error: BadInput, stage: str, topic: str, at: str) -> list[tuple[str, bytes]]:
    return [
        ("dl_reason", str(error.reason).encode()),
        ("dl_detail", error.detail[:1024].encode(errors="replace")),
        ("dl_stage", stage.encode()),
        ("dl_at", at.encode()),
        ("dl_origin_topic", topic.encode()),
    ]
