"""A job: submissions that somebody follows together, such as those of an import. One record of media.jobs.

The topic is compacted: the last record of a job says how it stands with its publisher. Decisions carry the job id, and
tell what was decided.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import orjson

from streams.domain.records.codec import from_document_strictly, parse_json_object
from streams.domain.records.fields import COLLECTION_REGEX, JOB_ID_REGEX, timestamp
from streams.errors import BadInput, Reason

Lane = Literal["live", "bulk"]
JobState = Literal["open", "closed", "cancelled"]

LANE_NAMES: Final[tuple[Lane, ...]] = get_args(Lane)
MAX_NAME_CHARS: Final = 256
MAX_EXPECTED: Final = 1 << 40
NOT_IN_IDS_REGEX: Final = re.compile(r"[^a-z0-9]+")
SLUG_CHARS: Final = 64


@dataclass(frozen=True)
class Job:
    """One job, as its publisher sees it.

    Attributes:
        job_id: the `job_id` of its submissions.
        name: for people.
        collection: of its submissions.
        lane: in which they are published.
        expected: how many submissions it has; of an open job, how many it will have, or None if nobody knows yet.
        started_at: when its publisher began, in RFC 3339.
        state: `open` while its publisher publishes, `closed` when all is published, `cancelled` if the publisher
            stopped before the end.
        closed_at: when it was closed or cancelled; None while it is open.
        by: who publishes it.
    """

    job_id: str
    name: str
    collection: str
    lane: Lane
    expected: int | None
    started_at: str
    state: JobState = "open"
    closed_at: str | None = None
    by: str | None = None

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, value: bytes | None) -> Job:
        """Decode one value of media.jobs; unknown fields are left out.

        Raises:
            BadInput: not_json, missing_field, bad_field or bad_collection; names the field.
        """
        document = parse_json_object(value)
        job = from_document_strictly(cls, document)
        _check(job)
        return _with_times(job, document)


def new_job_id(name: str) -> str:
    """An id of its own for a job with this name, which people recognise in it."""
    slug = NOT_IN_IDS_REGEX.sub("-", name.lower()).strip("-")[:SLUG_CHARS].strip("-")
    return f"{slug or 'job'}-{uuid.uuid4().hex[:8]}"


def _check(job: Job) -> None:
    if not JOB_ID_REGEX.fullmatch(job.job_id):
        raise BadInput(
            Reason.BAD_FIELD,
            "field 'job_id' must be 1 to 128 of a-z, 0-9, '.', '_' and '-', and begin with a letter or digit",
        )
    if not COLLECTION_REGEX.fullmatch(job.collection):
        raise BadInput(Reason.BAD_COLLECTION, "field 'collection' is not the name of a collection")
    if not job.name or len(job.name) > MAX_NAME_CHARS:
        raise BadInput(Reason.BAD_FIELD, f"field 'name' must have 1 to {MAX_NAME_CHARS} characters")
    if job.expected is not None and not 0 <= job.expected <= MAX_EXPECTED:
        raise BadInput(Reason.BAD_FIELD, f"field 'expected' must be from 0 to {MAX_EXPECTED}")
    if (job.state == "open") != (job.closed_at is None):
        raise BadInput(Reason.BAD_FIELD, "field 'closed_at' must be set unless 'state' is open")


def _with_times(job: Job, document: dict[str, Any]) -> Job:
    """The job with its times as all records write them."""
    values = dict(job.__dict__)
    for name in ("started_at", "closed_at"):
        if document.get(name) is not None:
            values[name] = timestamp(document[name], name)
    return Job(**values)
