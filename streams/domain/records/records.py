"""What flows through the topics: frozen values, made valid by construction, and their JSON.

A value that is here is valid. What users send is decoded in submission_decoder.py; how records are keyed is in
ids.py, what they decide in decide.py.
What goes out as JSON has no slots: orjson writes instances with a dict five times as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeVar

import orjson

from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.errors import BadInput, Reason

Kind = Literal["image", "video", "auto"]
Outcome = Literal["unique", "duplicate", "near_duplicate", "failed"]
Action = Literal["process", "reuse", "review", "inspect"]
Relation = Literal["", "copy", "clip_of", "contains", "overlaps"]
VerdictStatus = Literal["pending", "allowed", "review", "blocked"]
Value = TypeVar("Value", "Fingerprint", "MediaFacts", "Origin", "VideoFacts")
Made = TypeVar("Made", "Decision", "Fingerprint", "Match", "Submission")
Headers = Sequence[tuple[str, bytes | None]]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIN_EPOCH_MS, MAX_EPOCH_MS = -62_135_596_800_000, 253_402_300_799_999


def timestamp(epoch_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, as every record carries it: `2026-01-31T09:30:00.125Z`.

    A producer may give a record any time; what lies outside the years 1 to 9999 becomes the nearest moment inside.
    """
    seconds, milliseconds = divmod(min(max(epoch_ms, MIN_EPOCH_MS), MAX_EPOCH_MS), 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=64)
def _second(epoch_s: int) -> str:
    """Most records of a moment share it."""
    return (EPOCH + timedelta(seconds=epoch_s)).isoformat().removesuffix("+00:00")


class RawRecord(Protocol):
    """A record as a Kafka client delivers it: nothing decoded; `timestamp` in ms since the epoch."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


@dataclass(frozen=True)
class Origin:
    """Where in Kafka a submission came in."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Submission:
    """One request to decide about one medium.

    `submission_id` is `ce_source#ce_id` of its CloudEvents headers where it has them, else its origin:
    the same event published or processed twice is the same submission. `attempt` counts deliberate
    replays of a dead letter; each is decided anew.
    Exactly one of `url` and `body` is set. `submitted_at` is RFC 3339 UTC.
    """

    submission_id: str
    media_id: str
    collection: str
    kind: Kind
    submitted_at: str
    origin: Origin
    url: str | None = None
    body: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    priority: int = 0
    attempt: int = 0


@dataclass(frozen=True)
class Failure:
    """Why there is no fingerprint."""

    reason: Reason
    detail: str


@dataclass(frozen=True)
class VideoFacts:
    """What the container and the reading of a video say, beside its frames.

    `codec` is FFmpeg's name for it (`h264`). `rotation_degrees` is what players turn the frames by, clockwise, and what
    was done before they were hashed. `covers` says what the content id is of: the whole `file`, or the `parts` that
    were read. `path` is the way it was read: `index` (packets chosen by the index), `keyframes` (all packets
    read, keyframes decoded) or `everything` (every frame decoded). `read_bytes` counts what the source was asked for,
    `decoded_frames` what the decoder gave. `poster_s` is the moment that says most, `thumbnails_s` some spread over
    the duration, in seconds from the first frame.
    """

    duration_s: float
    codec: str
    frame_rate: float
    rotation_degrees: int
    covers: Literal["file", "parts"]
    path: Literal["index", "keyframes", "everything"]
    read_bytes: int
    decoded_frames: int
    poster_s: float
    thumbnails_s: list[float]


@dataclass(frozen=True)
class MediaFacts:
    """What decoding found out about one content; equal bytes give equal facts.

    `hashes` maps `algorithm:version` (`phash64:1`) to lower-case hex, most significant bit first, in
    imagehash's notation. `quality` 0 to 1 tells how much there is to hash: 0 is a uniform picture, whose
    hashes mean nothing. `frames` counts the pictures of an animation, of which only the first is hashed, or of a video
    (0 where its container does not say). A video's `video` has what only videos have, its one hash is `frames:1` (see
    `streams.domain.hashes.frames`), and its `quality` that of its poster.
    """

    content_id: str
    kind: Literal["image", "video"]
    format: str
    size_bytes: int
    width: int
    height: int
    frames: int
    quality: float
    hashes: dict[str, str]
    video: VideoFacts | None = None


@dataclass(frozen=True)
class Fingerprint:
    """A submission after fetching and decoding: facts, or a failure; never the media itself.

    `fetch_ms` and `decode_ms` are wall time; `cached` says that equal bytes were decoded before. `policy` is what
    the submission is decided under, whatever has become of the collection's rules by then.
    """

    submission_id: str
    attempt: int
    media_id: str
    collection: str
    kind: Kind
    submitted_at: str
    fingerprinted_at: str
    origin: Origin
    facts: MediaFacts | None
    failure: Failure | None
    metadata: dict[str, Any] = field(default_factory=dict)
    priority: int = 0
    fetch_ms: float = 0.0
    decode_ms: float = 0.0
    cached: bool = False
    policy: Policy = DEFAULT_POLICY

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, value: bytes | None) -> Fingerprint:
        """Decode one value of media.fingerprints; fields of a later version are left out.

        Raises:
            BadInput: not_json, missing_field or bad_field.
        """
        document = json_object(value)
        try:
            facts, failure = document["facts"], document["failure"]
            if (facts is None) == (failure is None):
                raise BadInput(Reason.BAD_FIELD, "exactly one of 'facts' and 'failure' must be set")
            document["origin"] = _build(Origin, document["origin"])
            if facts is not None:
                if isinstance(facts, dict) and facts.get("video") is not None:
                    facts["video"] = _build(VideoFacts, facts["video"])
                document["facts"] = _build(MediaFacts, facts)
            if failure is not None:
                document["failure"] = Failure(Reason(failure["reason"]), str(failure["detail"]))
            document["policy"] = Policy.from_json(document.get("policy"))
            return _build(cls, document)
        except KeyError as error:
            raise BadInput(Reason.MISSING_FIELD, f"field {error} is missing") from error
        except (TypeError, ValueError) as error:
            raise BadInput(Reason.BAD_FIELD, str(error)) from error


@dataclass(frozen=True)
class Segment:
    """A part of a submitted video and the part of the known one that it is, in seconds from the first frame of each.

    `speed` is how many seconds of the known video pass in one of the submission.
    """

    from_s: float
    to_s: float
    known_from_s: float
    known_to_s: float
    speed: float


@dataclass(frozen=True)
class Appearance:
    """A known content that shares a frame with the submission.

    A picture's is a video which shows it at `at_s`; a video's is a picture that it shows at `at_s` of its own.
    `distance_bits` is between their hashes of 256 bits.
    """

    content_id: str
    media_id: str
    kind: Literal["image", "video"]
    at_s: float
    distance_bits: int


@dataclass(frozen=True)
class Match:
    """Which known content a submission is a copy of, and how that was found.

    `media_id` and `submission_id` are of the first submission of that content. It belongs to a group, which is named
    by its canonical content, the earliest; where `content_id` is not `group_content_id`, the match is with a member.

    A video that contains or overlaps a known one has new material in it, so it is in no group but its own, which
    `group_*` name then.

    `method` is `exact` (the sha256), `frames` (videos) or the hash whose `distance_bits` of at most `threshold_bits`
    decided. One of 256 bits only confirms what its sibling of 64 bits found within `candidate_threshold_bits`.
    `similarity` is the share of equal bits. `view` of the submission matched `known_view` of the content;
    `transformation` is what was done to the content to make the submission (`none` for a copy as it is; see
    `streams.domain.hashes.views.undone`), and `explanation` says it to people.

    Of videos, `distance_bits` is the mean over the frames that are the same, and `candidate_distance_bits` the least of
    those that found the known video. `relation` says what the submission is to the
    known video: `copy`, `clip_of` it, `contains` it or `overlaps` it (empty for pictures and for equal bytes),
    `segments` which parts are the same, in the order of the submission, and `share` and `known_share` how much of the
    submission and of the known video that is.
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
class Verdict:
    """What was decided about a content by someone who looked; `pending` until then."""

    status: VerdictStatus = "pending"
    by: str | None = None
    reason: str | None = None
    at: str | None = None
    inherited_from: str | None = None


@dataclass(frozen=True)
class Decision:
    """The answer to one submission, its fields in the order in which they stand in the JSON.

    A pure function of the fingerprint record and the state before it, so that deciding again, on another
    worker, gives the same bytes. When it was decided is therefore not in it: that is the timestamp of the
    Kafka record (and its `ce_time` header), which readers show as `decided_at`.
    `decision_id` depends on nothing but collection, submission, attempt and revision.
    `action` is what a consumer should do: `process` this new content, `reuse` what is known of the match,
    `review` it, or `inspect` the failure. `appears_in` is filled where the policy asks for it, nearest first.
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

    def to_json(self) -> bytes:
        return orjson.dumps(self)


def new_unchecked(cls: type[Made], /, **values: Any) -> Made:
    """A value whose every field is given and known to be valid: as `__init__` makes it, in a third of the time."""
    value = object.__new__(cls)
    value.__dict__.update(values)
    return value


def _build(cls: type[Value], document: Any) -> Value:
    """A value from its JSON object, whose texts and whole numbers must be what the class says they are.

    Raises:
        BadInput: missing_field or bad_field.
    """
    if not isinstance(document, dict):
        raise BadInput(Reason.BAD_FIELD, f"a JSON {type(document).__name__} stands where {cls.__name__} should")
    names = FIELD_NAMES[cls]
    if document.keys() == names:
        built = object.__new__(cls)
        built.__dict__.update(document)  # as __init__ would, at a fifth of the time
    else:
        for each in fields(cls):
            if each.name not in document and each.default is MISSING and each.default_factory is MISSING:
                raise BadInput(Reason.MISSING_FIELD, f"field '{each.name}' is missing")
        built = cls(**{name: entry for name, entry in document.items() if name in names})
    found = built.__dict__
    for name, wanted in PLAIN_FIELDS[cls]:
        if type(found[name]) is not wanted:
            what = "a text" if wanted is str else "a whole number"
            raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be {what}")
    return built


def _plain_fields(cls: type[Any]) -> tuple[tuple[str, type], ...]:
    wanted: dict[object, type] = {"str": str, "int": int, "Kind": str}
    return tuple((each.name, wanted[each.type]) for each in fields(cls) if each.type in wanted)


FIELD_NAMES: dict[type[Any], frozenset[str]] = {
    cls: frozenset(each.name for each in fields(cls)) for cls in (Fingerprint, MediaFacts, Origin, VideoFacts)
}
#: What `_build` checks of each class: its texts and whole numbers.
PLAIN_FIELDS: dict[type[Any], tuple[tuple[str, type], ...]] = {
    cls: _plain_fields(cls) for cls in (Fingerprint, MediaFacts, Origin, VideoFacts)
}


def json_object(value: bytes | None) -> dict[str, Any]:
    """A JSON object, or BadInput not_json."""
    if not value:
        raise BadInput(Reason.NOT_JSON, "the record has no value")
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise BadInput(Reason.NOT_JSON, f"the value is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(Reason.NOT_JSON, f"the value is a JSON {type(document).__name__}, not an object")
    return document
