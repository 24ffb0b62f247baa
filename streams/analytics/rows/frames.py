"""The frames of a video's fingerprint → rows of the table video_frames. Pure; the other rows are in rows.py."""

from __future__ import annotations

from typing import Any, Final

from streams.analytics.rows import fields
from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import STORED_FRAME_VIEWS, unpack_frames
from streams.domain.hashes.packing import CANONICAL
from streams.domain.hashes.views import VIEWS
from streams.domain.records import RawRecord

TABLE: Final = "video_frames"
COLUMNS: Final = (
    *("collection", "content_id", "media_id", "at_ms", "to_ms", "view", "quality", "phash64", "phash256"),
    "published_at",
)
Row = tuple[Any, ...]


def frame_rows(record: RawRecord) -> list[Row]:
    """Canonical forms of whole frames in one record of media.fingerprints; none of what is no video.

    Raises:
        BadInput: not_json, missing_field or bad_field.
    """
    if record.value is None or FRAMES_HASH.encode() not in record.value:
        return []
    document = fields.json_object(record.value)
    facts = fields.part(document, "facts")
    packed = (fields.text_map(facts, "hashes") if facts is not None else {}).get(FRAMES_HASH)
    if facts is None or packed is None:
        return []
    whose = (fields.text(document, "collection"), fields.text(facts, "content_id"), fields.text(document, "media_id"))
    published_ms = min(max(record.timestamp, 0), fields.MAX_MS)
    return [
        (
            *whose,
            int(frame["from_ms"]),
            int(frame["to_ms"]),
            VIEWS[frame["view"]].name,
            int(frame["quality"]) / 255,
            int(frame["hash64"]),
            frame["hash256"].tobytes(),
            published_ms,
        )
        for frame in unpack_frames(packed)
        if frame["view"] in STORED_FRAME_VIEWS and frame["orientation"] & CANONICAL
    ]
