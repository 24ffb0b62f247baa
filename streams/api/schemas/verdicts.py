"""Bodies of verdicts and corrections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.analytics.queries.stored import StoredDecision
from streams.api.schemas.submissions import NO_NUL, CollectionName
from streams.domain.records.fields import MAX_ID_CHARS
from streams.domain.records.moderation import MAX_LABELS, MAX_NAME_CHARS, MAX_REASON_CHARS, Scope
from streams.domain.records.verdict import GivenStatus

MAX_ACTS: Final = 200
Subject = Annotated[
    str, Field(min_length=1, max_length=MAX_ID_CHARS, pattern=NO_NUL, description="A content id, or a media id.")
]
SourceName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=NO_NUL)]


class LabelBody(BaseModel):
    """One finding: its name, the name of the label above it, and how sure the source is."""

    model_config = ConfigDict(extra="forbid")

    name: SourceName
    parent: SourceName | None = None
    score: Annotated[float, Field(ge=0, le=1)] | None = None


class Said(BaseModel):
    """Who says something. Without `by`, it is said in the name of the key; the audit keeps the key in any case."""

    model_config = ConfigDict(extra="forbid")

    subject: Subject
    collection: CollectionName | None = None
    by: SourceName | None = None
    by_kind: Literal["person", "model", "rule"] = "person"
    by_version: SourceName | None = None
    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON_CHARS, pattern=NO_NUL)] | None = None


class VerdictBody(Said):
    """Whether a content is allowed. Its copies inherit the verdict, past and future."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"subject": "photo-1", "status": "blocked", "labels": [{"name": "counterfeit", "score": 0.98}],
         "reason": "Reported by the brand."}]})  # fmt: skip

    status: GivenStatus
    labels: Annotated[list[LabelBody], Field(max_length=MAX_LABELS)] = []
    scope: Scope = "group"


class WithdrawalBody(Said):
    """Takes back what the same source said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"subject": "photo-1"}]})


class PairBody(Said):
    """Says something about two contents."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"subject": "photo-1", "other": "photo-9"}]}
    )

    other: Subject


@dataclass(frozen=True)
class EventPublished:
    """A moderation event that Kafka has; `effect` is the first decision that shows its effect, if that came in time."""

    event_id: str
    event: str
    collection: str
    content_id: str | None
    media_id: str | None
    other_content_id: str | None
    by: str
    partition: int
    offset: int
    effect: StoredDecision | None


class ActBody(Said):
    """One act of a batch: `status`, `labels` and `scope` are of a verdict, `other` is of a split, merge or undo."""

    model_config = ConfigDict(extra="forbid")

    event: Literal["verdict", "withdrawal", "split", "merge", "undo"]
    status: GivenStatus | None = None
    labels: Annotated[list[LabelBody], Field(max_length=MAX_LABELS)] = []
    scope: Scope = "group"
    other: Subject | None = None


class ActsBody(BaseModel):
    """Acts that are done in one request, in no order."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"acts": [{"event": "verdict", "subject": "photo-1", "status": "blocked"},
                  {"event": "split", "subject": "photo-4", "other": "photo-9"}]}]})  # fmt: skip

    acts: Annotated[list[ActBody], Field(min_length=1, max_length=MAX_ACTS)]


@dataclass(frozen=True)
class ActAnswer:
    """What became of one act of a batch: Kafka has its event, or `code` and `detail` say why it was refused."""

    index: int
    status: int
    event_id: str | None
    code: str | None
    detail: str | None
