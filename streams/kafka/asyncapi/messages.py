"""The messages of every topic: headers, payload and key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from streams.kafka import cloudevents
from streams.kafka.asyncapi.schemas import PLACE, Schema, header_schema
from streams.kafka.topics import (
    BULK_SUBMISSIONS,
    CALLBACKS,
    CONTENTS_CHANGELOG,
    DEAD_LETTER_ACTS,
    DEAD_LETTERS,
    DECISIONS,
    FINGERPRINTS,
    JOBS,
    SUBMISSIONS,
    VERDICTS,
)

JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
BINARY: Final[Schema] = {"type": "string", "format": "binary"}
#: Headers of CloudEvents 1.0, binary mode of the Kafka protocol binding.
EVENT: Final = {
    "ce_specversion": "=1.0",
    "ce_id": "With `ce_source`, the identity of the event.",
    "ce_source": "Who made it.",
    "ce_time": "When, in RFC 3339.",
    "ce_subject": "What it is about.",
}
SENT: Final = {
    "ce_id": "With `ce_source` the identity: the same pair again is the same event.",
    "ce_source": "Who sends it.",
    "ce_time": "When, in RFC 3339.",
}
TYPED: Final = {"ce_type": "What happened.", "ce_subject": "What it is about."}
MEDIUM: Final = {
    **SENT,
    "ce_subject": "The media id; else the key is.",
    "ce_collection": "The collection; else `default`.",
    "ce_kind": "`image`, `video` or `auto`.",
    "ce_priority": "0 to 9.",
    "ce_metadata": "A JSON object.",
    "ce_jobid": "The job that the submission is part of.",
    "ce_reference": "`true` adds the medium to a reference collection.",
}
LETTER: Final = {
    "dl_reason": "A stable code; docs/integrate/reasons.md explains all.",
    "dl_detail": "For people.",
    "dl_stage": "The stage that could not process the record.",
    "dl_at": "When, in RFC 3339.",
    "dl_origin_topic": "Where the record came from.",
}
ORIGIN: Final = {
    "dl_origin_partition": "Absent where a later stage refused it.",
    "dl_origin_offset": "As the partition.",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of record. `schema` is the name of its JSON's schema; None for bytes as they come."""

    name: str
    summary: str
    schema: str | None
    headers: Schema = field(default_factory=lambda: header_schema({}))
    content_type: str = JSON

    def document(self, key: str) -> dict[str, Any]:
        """As AsyncAPI has it; `key` is what the key of the record is."""
        return {
            "name": self.name,
            "title": self.name,
            "summary": self.summary,
            "contentType": self.content_type,
            "headers": self.headers,
            "payload": BINARY if self.schema is None else {"$ref": PLACE + self.schema},
            "bindings": {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": "0.5.0"}},
        }


def _made(name: str, summary: str, event_type: bytes, schema: str = "") -> Message:
    """A message that mediasieve writes; its schema has its own name unless another is given."""
    headers = header_schema({**EVENT, "ce_type": f"={event_type.decode()}", "content-type": f"={JSON}"})
    return Message(name, summary, schema or name, headers)


SUBMISSION: Final = (
    Message(
        "SubmissionByUrl", "A medium that a URL names.", "Submission",
        header_schema({}, {**SENT, "content-type": JSON}),
    ),
    Message(
        "SubmissionInline", "The medium itself; all else stands in headers.", None,
        header_schema({"content-type": "Of the medium, such as `image/jpeg`."}, MEDIUM), BYTES,
    ),
)  # fmt: skip
#: By topic: its messages. `schema` names what `record_schemas` makes.
MESSAGES: Final[dict[str, tuple[Message, ...]]] = {
    SUBMISSIONS: SUBMISSION,
    BULK_SUBMISSIONS: SUBMISSION,
    VERDICTS: (
        Message(
            "PublishedModerationEvent", "A verdict, a correction or a deletion.", "PublishedModerationEvent",
            header_schema({}, {**SENT, **TYPED}),
        ),
        Message("PublishedListEvent", "An event about a hash list.", "PublishedListEvent", header_schema({}, SENT)),
    ),
    FINGERPRINTS: (
        _made("Fingerprint", "What decoding found of a submission.", cloudevents.FINGERPRINT_TYPE),
        _made("ModerationEvent", "A checked moderation event.", cloudevents.MODERATION_TYPE),
        _made("ListEvent", "A checked event about a hash list.", cloudevents.LIST_TYPE),
        _made("ListEntries", "Entries of a hash list.", cloudevents.LIST_ENTRIES_TYPE, "ListEvent"),
        _made("RevisionStep", "How match goes on with a revision.", cloudevents.WALK_TYPE, "Step"),
        _made("DeletionStep", "How match goes on with a deletion.", cloudevents.DELETION_STEP_TYPE, "Step"),
    ),
    CALLBACKS: (
        Message(
            "Callback", "What a moderator with late answers posted, as it came.", None,
            header_schema({"content-type": f"={JSON}"}),
        ),
    ),
    DECISIONS: (
        _made("Decision", "A decision, or a later one that supersedes it.", cloudevents.DECISION_TYPE),
        _made("Deleted", "The last decision about a deleted submission.", cloudevents.DELETED_TYPE, "Decision"),
    ),
    DEAD_LETTERS: (
        Message(
            "DeadLetter", "A record as it came, with reason and origin in headers.", None,
            header_schema(LETTER, ORIGIN), BYTES,
        ),
    ),
    DEAD_LETTER_ACTS: (Message("DeadLetterAct", "A dead letter was replayed or dropped.", "DeadLetterAct"),),
    JOBS: (
        Message(
            "Job", "The state of a job; the last record of a key counts.", "Job",
            header_schema({}, {**SENT, **TYPED}),
        ),
    ),
    CONTENTS_CHANGELOG: (
        Message("ContentsChange", "A change of match's table. For match alone.", None, content_type=BYTES),
    ),
}  # fmt: skip
STEP: Final[Schema] = {"title": "Step", "type": "object", "description": "What match needs to go on; it may change."}
