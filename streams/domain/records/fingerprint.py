"""A submission after fetching and decoding: one record of media.fingerprints.

A class that is written as JSON has no slots: orjson writes instances with a `__dict__` five times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from streams.domain.hashes.algorithms import FRAMES_HASH, VIEWS_HASH
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.domain.records.codec import LEFT_OUT, decodable, from_document, parse_json_object
from streams.domain.records.embedding import Embedding, embedding_of
from streams.domain.records.submission import Kind, Origin
from streams.errors import BadInput, Reason


@dataclass(frozen=True)
class Failure:
    """Why there is no fingerprint. `reason` is a `Reason`, or the code of a later version."""

    reason: str
    detail: str


@decodable
@dataclass(frozen=True)
class VideoFacts:
    """Facts about a video: from its container, and from reading it.

    `codec` is FFmpeg's name (`h264`). `rotation_degrees` is the clockwise rotation that players apply; frames are
    rotated before they are hashed. `covers` says which bytes the content id is computed from: the whole `file`, or the
    `parts` that were read. `path` says how the video was read: `index` (only packets chosen by the index), `keyframes`
    (all packets, keyframes decoded) or `everything` (every frame decoded). `read_bytes` counts the bytes requested
    from the source, `decoded_frames` the frames from the decoder. `poster_s` is the moment of the most telling frame,
    `thumbnails_s` are moments spread over the duration, in seconds from the first frame.
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


@decodable
@dataclass(frozen=True)
class MediaFacts:
    """What decoding found out about one content; equal bytes give equal facts.

    `hashes` maps `algorithm:version` (`phash64:1`) to lower-case hex, most significant bit first, in imagehash's
    notation. `quality`, 0 to 1, says how much structure the picture has: 0 is a uniform picture, whose hashes mean
    nothing. `frames` counts the pictures of an animation, the pages of a TIFF, or the frames of a video (0 where its
    container does not say). An animation or a TIFF of several pages is a video, unless all its pictures look the same.
    A video has further facts in `video`, one hash, `frames:1` (see `streams.domain.hashes.frames`), and the `quality`
    of its poster.

    `evidence` is what decides whether a picture with near hashes shows the same (see `streams.domain.evidence`), in
    base64; of a video, that of a few of its frames. Decisions leave it out.

    `truncated` says that the file ends early (a JPEG without its end marker, or cut off after half of its rows or
    later): `width`, `height`, hashes and evidence are of the rows that it has. A truncated content may be a copy of
    a known one, but the whole picture is not a copy of a truncated content.

    `embedding` is what the picture model of the worker says that the content looks like; absent without a model, and
    if the model failed. Nothing is decided by it, and decisions leave it out.
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
    evidence: str = ""
    truncated: bool = False
    embedding: Embedding | None = field(default=None, metadata=LEFT_OUT)

    def __post_init__(self) -> None:
        if self.embedding is None:  # the JSON has no such field then; the attribute has its default
            self.__dict__.pop("embedding", None)

    def with_embedding(self, embedding: Embedding) -> MediaFacts:
        """These facts, and what a model says."""
        made = object.__new__(MediaFacts)
        made.__dict__.update(self.__dict__, embedding=embedding)
        return made

    def published(self) -> MediaFacts:
        """The facts as decisions have them: without evidence, embedding, packed views, and packed frames of a video.

        Only matching and searches need these, and they would be most of a decision's bytes.
        """
        published = object.__new__(MediaFacts)
        published.__dict__.update(self.__dict__)  # `replace` takes five times as long
        published.__dict__.pop("embedding", None)
        published.__dict__.pop("evidence", None)  # orjson writes no field that is absent; the attribute has its default
        packed = FRAMES_HASH if self.kind == "video" else VIEWS_HASH
        if packed in self.hashes:
            published.__dict__["hashes"] = {name: value for name, value in self.hashes.items() if name != packed}
        return published


@decodable
@dataclass(frozen=True)
class Fingerprint:
    """A submission after fetching and decoding: facts, or a failure; never the media itself.

    `fetch_ms` and `decode_ms` are wall time; `cached` says that equal bytes were decoded before. The submission is
    decided under `policy`, even if the collection has another policy by then. A submission without a job has no
    `job_id` in its JSON, one that is no reference no `reference`.
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
    job_id: str | None = field(default=None, metadata=LEFT_OUT)
    reference: bool = field(default=False, metadata=LEFT_OUT)

    @property
    def is_probe(self) -> bool:
        """It is compared with a reference collection, and changes nothing in there."""
        return self.policy.reference and not self.reference

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, value: bytes | None) -> Fingerprint:
        """Decode one value of media.fingerprints; fields that a later version added are left out.

        Raises:
            BadInput: not_json, missing_field or bad_field.
        """
        document = parse_json_object(value)
        try:
            facts, failure = document["facts"], document["failure"]
            if (facts is None) == (failure is None):
                raise BadInput(Reason.BAD_FIELD, "exactly one of 'facts' and 'failure' must be set")
            document["origin"] = from_document(Origin, document["origin"])
            if facts is not None:
                if isinstance(facts, dict):
                    if facts.get("video") is not None:
                        facts["video"] = from_document(VideoFacts, facts["video"])
                    embedding = embedding_of(facts.pop("embedding", None))
                    if embedding is not None:
                        facts["embedding"] = embedding
                document["facts"] = from_document(MediaFacts, facts)
            if failure is not None:
                document["failure"] = Failure(Reason(failure["reason"]), str(failure["detail"]))
            document["policy"] = Policy.from_json(document.get("policy"))
            return from_document(cls, document)
        except KeyError as error:
            raise BadInput(Reason.MISSING_FIELD, f"field {error} is missing") from error
        except (TypeError, ValueError) as error:
            raise BadInput(Reason.BAD_FIELD, str(error)) from error
