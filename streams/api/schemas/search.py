"""Bodies of searches and look-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.api.parameters import CONTENT_ID
from streams.api.schemas.submissions import NO_NUL, CollectionName, MediaId
from streams.domain.records.submission import MAX_URL_CHARS
from streams.services.find.looks import VisualMatch
from streams.services.find.pictures import FoundContent
from streams.services.find.texts import FoundText
from streams.services.search import SimilarVideo

MAX_QUERIES: Final = 50
Likeness = Literal["copy", "visual", "model"]
LIKENESS: Final = (
    "`copy` finds what may be copies, and verifies them. `visual` finds what looks alike, and `model` what the picture "
    "model of this deployment takes for alike, copies or not; they verify nothing, and search by `media_id`, "
    "`content_id`, `url`, or the body."
)
WORDS: Final = (
    "Whole words, in any case, of media ids, metadata (captions, tags, names), labels, explanations and reasons. All "
    "must match."
)
HASH: Final = r"^(phash256:)?[0-9a-f]{64}$"
Text = Annotated[str, Field(min_length=1, max_length=512, pattern=NO_NUL, description=WORDS)]
Hash = Annotated[str, Field(pattern=HASH, description="A pHash of 256 bits in hex, as decisions have it.")]
Name = Annotated[str, Field(max_length=256, pattern=NO_NUL)]


class SearchQuery(BaseModel):
    """One search: by exactly one of `text`, `hash`, `media_id`, `content_id` and `url`, within the other fields."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"media_id": "photo-1", "collection": "shop", "max_distance_bits": 60, "limit": 10},
        {"text": "mirrored u-77"}]})  # fmt: skip

    text: Text | None = None
    hash: Hash | None = None
    media_id: MediaId | None = None
    content_id: Annotated[str, Field(pattern=CONTENT_ID)] | None = None
    url: Annotated[str, Field(max_length=MAX_URL_CHARS, pattern=r"^https?://[^\x00\s]+$")] | None = None
    collection: CollectionName | None = None
    owner: Annotated[Name, Field(description="`metadata.owner`.")] | None = None
    label: Annotated[Name, Field(description="Of the verdict.")] | None = None
    since: datetime | None = None
    until: datetime | None = None
    max_distance_bits: (
        Annotated[int, Field(ge=0, le=128, description="Of 256; without it, what the policy compares.")] | None
    ) = None
    likeness: Annotated[Likeness, Field(description=LIKENESS)] = "copy"
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=2048)] | None = None

    @property
    def named(self) -> list[str]:
        """Which of the ways to search are given."""
        return [name for name in ("text", "hash", "media_id", "content_id", "url") if getattr(self, name) is not None]


class SearchBatch(BaseModel):
    """Several searches at once."""

    model_config = ConfigDict(extra="forbid")

    queries: Annotated[list[SearchQuery], Field(min_length=1, max_length=MAX_QUERIES)]


class UrlLookup(BaseModel):
    """A medium to fetch and look up."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"url": "https://cdn.example.com/1.jpg"}]}
    )

    url: Annotated[str, Field(min_length=8, max_length=MAX_URL_CHARS, pattern=r"^https?://[^\x00\s]+$")]
    collection: CollectionName | None = None


@dataclass(frozen=True)
class SearchResult:
    """What one search found: `contents` near a picture, `videos` with frames of a video, `texts` with the words, or
    `looks`: what looks like it, the nearest first.

    `error` says why one search of a batch was refused, by the code of its problem.
    """

    by: Literal["text", "hash", "media_id", "content_id", "url", "image"] | None
    contents: Sequence[FoundContent] = ()
    videos: Sequence[SimilarVideo] = ()
    texts: Sequence[FoundText] = ()
    looks: Sequence[VisualMatch] = ()
    next_cursor: str | None = None
    error: str | None = None
