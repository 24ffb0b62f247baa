"""The CloudEvents 1.0 headers (Kafka protocol binding, binary mode) that every output carries."""

from __future__ import annotations

from streams.domain.records import ModerationEvent, RawRecord

SOURCE = b"mediasieve"
FINGERPRINT_TYPE = b"mediasieve.fingerprint.v1"
DECISION_TYPE = b"mediasieve.decision.v1"
MODERATION_TYPE = b"mediasieve.moderation.v1"
WALK_TYPE = b"mediasieve.revision.v1"
LIST_TYPE = b"mediasieve.hash-list.v1"
LIST_ENTRIES_TYPE = b"mediasieve.hash-list-entries.v1"
DELETION_STEP_TYPE = b"mediasieve.deletion.v1"
DELETED_TYPE = b"mediasieve.deleted.v1"
VERDICT_TYPE = b"mediasieve.verdict.v1"


def event_headers(event_id: str, event_type: bytes, subject: str, at: str) -> list[tuple[str, bytes]]:
    """The headers of an event about `subject`, a media id; `at` is its time in RFC 3339."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_type", event_type),
        ("ce_source", SOURCE),
        ("ce_subject", subject.encode()),
        ("ce_time", at.encode()),
        ("content-type", b"application/json"),
    ]


def moderation_headers(event: ModerationEvent, event_type: bytes) -> list[tuple[str, bytes]]:
    """The headers of a record of media.verdicts; the event's id is `ce_source#ce_id`."""
    source, _, identity = event.event_id.partition("#")
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", identity.encode()),
        ("ce_type", event_type),
        ("ce_source", source.encode()),
        ("ce_subject", event.subject.encode()),
        ("ce_time", event.at.encode()),
        ("content-type", b"application/json"),
    ]


def event_type(record: RawRecord) -> bytes | None:
    """The record's `ce_type`, which tells the kinds of record in one topic apart; None without such a header."""
    for name, value in record.headers:
        if name == "ce_type":
            return value
    return None
