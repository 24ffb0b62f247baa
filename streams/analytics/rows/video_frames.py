"""media.fingerprints → the table video_frames: the frames of videos, a row a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.analytics.rows.extractors import Row, read_field, record_time_ms, text, text_map
from streams.analytics.rows.table import DetailTable
from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import WHOLE_FRAME_VIEWS, unpack_frames
from streams.domain.hashes.views import VIEWS
from streams.domain.match.selection import stored_frame_entries
from streams.domain.records import RawRecord, parse_json_object


class VideoParts(NamedTuple):
    """The stored whole frames of one video, and the values that all its rows share."""

    collection: str
    content_id: str
    media_id: str
    published_ms: int
    frames: NDArray[np.void]


#: Extractors of whole columns: a value for every frame of a video.
COLUMNS: Final[dict[str, Callable[[VideoParts], Sequence[Any]]]] = {
    "collection": lambda video: [video.collection] * len(video.frames),
    "content_id": lambda video: [video.content_id] * len(video.frames),
    "media_id": lambda video: [video.media_id] * len(video.frames),
    "at_ms": lambda video: video.frames["from_ms"].tolist(),
    "to_ms": lambda video: video.frames["to_ms"].tolist(),
    "view": lambda video: [VIEWS[code].name for code in video.frames["view"].tolist()],
    "quality": lambda video: [quality / 255 for quality in video.frames["quality"].tolist()],
    "phash64": lambda video: video.frames["hash64"].tolist(),
    "phash256": lambda video: [words.tobytes() for words in video.frames["hash256"]],
    "published_at": lambda video: [video.published_ms] * len(video.frames),
}

COLLECTION: Final = text("collection")
MEDIA_ID: Final = text("media_id")
CONTENT_ID: Final = text("facts.content_id")
HASHES: Final = text_map("facts.hashes")
FRAMES_HASH_BYTES: Final = FRAMES_HASH.encode()


def frame_rows(record: RawRecord) -> list[Row]:
    """The canonical whole frames in one record of media.fingerprints; none if it is not of a video.

    Raises:
        BadInput: not_json, missing_field or bad_field.
    """
    if record.value is None or FRAMES_HASH_BYTES not in record.value:
        return []
    document = parse_json_object(record.value)
    facts = document.get("facts")
    if type(facts) is not dict:  # a failure; fingerprints.py refuses any other type
        return []
    packed = read_field(facts, HASHES).get(FRAMES_HASH)
    if packed is None:
        return []
    frames = stored_frame_entries(unpack_frames(packed))
    frames = frames[np.isin(frames["view"], WHOLE_FRAME_VIEWS)]
    video = VideoParts(
        collection=read_field(document, COLLECTION),
        content_id=read_field(facts, CONTENT_ID),
        media_id=read_field(document, MEDIA_ID),
        published_ms=record_time_ms(record),
        frames=frames,
    )
    return list(zip(*(read(video) for read in COLUMNS.values()), strict=True))


TABLE: Final = DetailTable("video_frames", tuple(COLUMNS), frame_rows)
