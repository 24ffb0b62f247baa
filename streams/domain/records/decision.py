"""The answer to a submission: one record of media.decisions. What is decided, and why, is in domain/match."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from streams.domain.records.codec import LEFT_OUT, from_document_strictly, parse_json_object
from streams.domain.records.fingerprint import Failure, MediaFacts
from streams.domain.records.submission import Kind, Origin
from streams.domain.records.verdict import Inheritance, Verdict
from streams.errors import BadInput, Reason

Outcome = Literal["unique", "duplicate", "near_duplicate", "failed", "deleted"]
Action = Literal["process", "reuse", "review", "inspect", "forget"]
Confidence = Literal["", "exact", "certain", "likely", "unverified"]
Relation = Literal["", "copy", "clip_of", "contains", "overlaps"]

UUID_REGEX = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Segment:
    """A stretch of a submitted video and the stretch of the known video that shows the same.

    Times are in seconds from the first frame of each video. `speed` is how many seconds of the known video pass in one
    second of the submission.
    """

    from_s: float
    to_s: float
    known_from_s: float
    known_to_s: float
    speed: float


@dataclass(frozen=True)
class Appearance:
    """A known content that shares a frame with the submission.

    Of a submitted picture, the content is a video that shows the picture at `at_s`. Of a submitted video, the content
    is a picture that the submission shows at `at_s`. `distance_bits` is between their hashes of 256 bits.
    """

    content_id: str
    media_id: str
    kind: Literal["image", "video"]
    at_s: float
    distance_bits: int


@dataclass(frozen=True)
class Match:
    """The known content that a submission is a copy of, and how it was found.

    `media_id` and `submission_id` name the first submission of that content. The content belongs to a group, which is
    named by its canonical content, the earliest; where `content_id` differs from `group_content_id`, the match is with
    another member. A video that contains or overlaps a known one has new material, so it starts a group of its own,
    which `group_*` then name.

    `confidence` says how sure the match is: `exact` (equal bytes), `certain` (the evidence of both pictures shows the
    same), `likely` (it leaves doubt), `unverified` (one of them has no evidence, and only the hashes speak). `score` is
    the correlation of the evidence in thousandths after alignment, `differs` the share of the submitted picture that is
    not the known one, and `map` shows where: rows from top to bottom, a character for each block, `=` the same, `x`
    something else, `+` beyond the known picture, `.` nothing to see. They are None, and `map` is empty, without
    evidence.

    `method` is `exact` (sha256), `frames` (videos) or the name of the hash that decided, with `distance_bits` of at
    most `threshold_bits`. A hash of 256 bits confirms what the 64-bit hash of its family found within
    `candidate_threshold_bits`. `similarity` is the share of equal bits. `view` of the submission matched `known_view`
    of the content. `transformation` is how the content became the submission (`none` for an unchanged copy; see
    `streams.domain.hashes.transformation`), and `explanation` says so to people.

    For videos, `confidence` is `certain` if what matches moves, and `likely` if it does not, or if its frames leave
    doubt. `score` and `differs` are medians of the key frames that lie over each other, and None where none do; `map`
    is empty. `distance_bits` is the mean over the frames that are the same, and `candidate_distance_bits` the
    smallest over the frames that found the known video. `relation` says what the submission is to the known video:
    `copy`, `clip_of`, `contains` or `overlaps` (empty for pictures and for equal bytes). `segments` are the stretches
    that are the same, in the order of the submission; `share` and `known_share` are how much of the submission and of
    the known video they cover.
    """

    content_id: str
    media_id: str
    submission_id: str
    group_content_id: str
    group_media_id: str
    method: str
    similarity: float
    distance_bits: int
    threshold_bits: int
    explanation: str
    confidence: Confidence = ""
    score: int | None = None
    differs: float | None = None
    map: list[str] = field(default_factory=list)
    candidate_distance_bits: int | None = None
    candidate_threshold_bits: int | None = None
    transformation: str = "none"
    view: str = "full"
    known_view: str = "full"
    relation: Relation = ""
    segments: list[Segment] = field(default_factory=list)
    share: float = 0.0
    known_share: float = 0.0


@dataclass(frozen=True)
class Decision:
    """The answer to one submission; the fields are in the order of the JSON.

    A decision is a pure function of the fingerprint record and the state before it: another worker that decides again
    writes the same bytes. So the time of the decision is not a field. It is the timestamp of the Kafka record (and its
    `ce_time` header), which readers show as `decided_at`.

    `decision_id` depends only on collection, submission, attempt and revision. `action` is what a consumer should do:
    `process` this new content, `reuse` what is known of the match, `review` it, or `inspect` the failure. `appears_in`
    is filled where the policy asks for it, nearest first. `origin` is the place of the submission in Kafka, where its
    source can be read again; None in decisions of earlier versions.

    `group_content_id` and `group_media_id` name the group of the content, which is the content itself where it is the
    first; None after a failure, and in decisions of early versions.

    A verdict that changes afterwards brings a revised decision: with the next `revision`, the new verdict and group,
    and the `decision_id` that it supersedes in `supersedes`. All else is as in the first decision. The last decision
    about a submission that was deleted has the outcome `deleted`, the action `forget`, and nothing but its names.

    `job_id` is that of the submission; the JSON of a decision about a submission without a job lacks it. `inheritance`
    says of a copy that does not inherit every verdict of its group which it does, and why; the JSON of others lacks it.
    `probe` is true, and else not in the JSON, if the submission was compared with a reference collection and is not
    kept in there: then no revised decisions follow.
    """

    decision_id: str
    revision: int
    outcome: Outcome
    action: Action
    collection: str
    media_id: str
    submission_id: str
    attempt: int
    kind: Kind
    content_id: str | None
    match: Match | None
    verdict: Verdict
    failure: Failure | None
    facts: MediaFacts | None
    metadata: dict[str, Any]
    submitted_at: str
    fingerprinted_at: str
    versions: dict[str, str]
    appears_in: list[Appearance] = field(default_factory=list)
    supersedes: str | None = None
    group_content_id: str | None = None
    group_media_id: str | None = None
    origin: Origin | None = None
    job_id: str | None = field(default=None, metadata=LEFT_OUT)
    inheritance: Inheritance | None = field(default=None, metadata=LEFT_OUT)
    probe: bool = field(default=False, metadata=LEFT_OUT)

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, value: bytes | None) -> Decision:
        """Decode one value of media.decisions.

        Unknown fields, which a later version wrote, are left out, and an unknown `failure.reason` stays as it is.
        Fields that an earlier version did not write get their defaults; a match without a group is its own group.

        Raises:
            BadInput: not_json, missing_field or bad_field; names the field.
        """
        document = parse_json_object(value)
        match document.get("match"):
            case {"content_id": content_id, "media_id": media_id, **known}:
                group = {"group_content_id": content_id, "group_media_id": media_id}
                document["match"] = {"content_id": content_id, "media_id": media_id, **group, **known}
        decision = from_document_strictly(cls, document)
        for name in ("job_id", "inheritance", "probe"):
            if not getattr(decision, name):
                decision.__dict__.pop(name, None)
        if decision.facts is not None:
            decision.__dict__["facts"] = decision.facts.published()
        if not UUID_REGEX.fullmatch(decision.decision_id):
            raise BadInput(Reason.BAD_FIELD, "field 'decision_id' must be a UUID in lower-case hex")
        return decision
