"""Bodies and answers of deletions, hash lists, dead letters and jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.analytics.queries.dead_letters import LetterGroup, LetterRow
from streams.analytics.queries.jobs import JobFailureTotal
from streams.analytics.queries.moderation.deletions import DeletedMedium
from streams.api.schemas.submissions import NO_NUL, CollectionName
from streams.api.schemas.verdicts import EventPublished, SourceName, Subject
from streams.domain.records.job import MAX_EXPECTED, MAX_NAME_CHARS, Lane
from streams.domain.records.moderation import MAX_REASON_CHARS
from streams.services.jobs import JobReport
from streams.services.moderation.deletions import DeletionTarget

Name = Annotated[str, Field(min_length=1, max_length=256, pattern=NO_NUL)]
PlaceText = Annotated[str, Field(pattern=r"^[0-9]{1,10}/[0-9]{1,18}$", description="Partition and offset.")]


class DeletionBody(BaseModel):
    """What to delete: a medium, or all media of a content. With `dry_run` nothing is deleted."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"subject": "photo-1", "dry_run": True}]})

    subject: Subject
    collection: CollectionName | None = None
    by: SourceName | None = None
    reason: Annotated[
        str,
        Field(min_length=1, max_length=MAX_REASON_CHARS, pattern=NO_NUL,
              description="Stays in ClickHouse, so it must not tell whose medium it was."),
    ] | None = None  # fmt: skip
    dry_run: bool = False


@dataclass(frozen=True)
class Deletion:
    """What is deleted: `events` are in Kafka, one a target, none in a dry run. ClickHouse knows of `media`."""

    collection: str
    dry_run: bool
    submissions: int
    media: Sequence[DeletedMedium]
    targets: Sequence[DeletionTarget]
    events: Sequence[EventPublished]


@dataclass(frozen=True)
class ListChanged:
    """An event about a hash list that Kafka has. `without_hash` are algorithms that the policy does not compute."""

    event: str
    collection: str
    list_name: str
    entries: int
    algorithms: dict[str, int]
    without_hash: Sequence[str]


class LettersBody(BaseModel):
    """Which dead letters, by at least one condition; those that meet all conditions are replayed or dropped."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reasons": ["source_unreachable"], "dry_run": True}]}
    )

    places: Annotated[list[PlaceText], Field(max_length=1000)] = []
    reasons: Annotated[list[Name], Field(max_length=50)] = []
    stages: Annotated[list[Name], Field(max_length=10)] = []
    topics: Annotated[list[Name], Field(max_length=20)] = []
    since: datetime | None = None
    until: datetime | None = None
    collection: CollectionName | None = None
    note: Annotated[str, Field(max_length=1024, pattern=r"^[^\x00]*$", description="Why, for people.")] = ""
    again: Annotated[bool, Field(description="Also letters that were replayed or dropped before.")] = False
    dry_run: Annotated[bool, Field(description="Only count.")] = False
    per_second: Annotated[float, Field(gt=0, le=100_000)] | None = None


@dataclass(frozen=True)
class LettersDone:
    """What became of dead letters: `done` were replayed or dropped, or would be; `handled` had been before."""

    dry_run: bool
    looked_at: int
    matched: int
    done: int
    handled: int
    refused: int
    size_bytes: int
    errors: Sequence[str]


@dataclass(frozen=True)
class LetterList:
    """Dead letters by reason, and the latest of them."""

    groups: Sequence[LetterGroup]
    letters: Sequence[LetterRow]


@dataclass(frozen=True)
class LetterHeader:
    """A header of a record as text; Kafka's headers may have no value."""

    name: str
    value: str | None


@dataclass(frozen=True)
class LetterDetail:
    """One dead letter as Kafka has it: the record that failed, whose key and value are base64, and what was done.

    `value` has the first 64 KiB of the `size_bytes`; `status` is `open`, `replayed` or `dropped`.
    """

    partition: int
    offset: int
    reason: str
    detail: str
    stage: str
    topic: str
    origin_partition: int
    origin_offset: int
    failed_at: str
    collection: str
    media_id: str | None
    size_bytes: int
    key: str | None
    value: str | None
    headers: Sequence[LetterHeader]
    status: Literal["open", "replayed", "dropped"]
    replays: int


class JobBody(BaseModel):
    """A job that begins."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Spring import", "lane": "bulk", "expected": 40000}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=NO_NUL)]
    collection: CollectionName | None = None
    lane: Lane = "live"
    expected: Annotated[int, Field(ge=0, le=MAX_EXPECTED)] | None = None


class JobClosing(BaseModel):
    """How many submissions a job has; it gets no more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"expected": 40000}]})

    expected: Annotated[int, Field(ge=0, le=MAX_EXPECTED)]
    cancelled: Annotated[bool, Field(description="Not all was published.")] = False


@dataclass(frozen=True)
class JobList:
    """The jobs that began last, the latest first."""

    jobs: Sequence[JobReport]


@dataclass(frozen=True)
class JobStatus:
    """A job, and why submissions of it failed."""

    job: JobReport
    failures: Sequence[JobFailureTotal]
