"""The evidence of a video as bytes: thumbnails of a few of its frames, each with its time.

Layout: a tag and a version, then for each frame its time, a length and that many bytes of `evidence.pack_evidence`. A
reader takes key frames of another version for none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from streams.domain.evidence.evidence import Evidence, pack_evidence, unpack_evidence
from streams.errors import BadInput, Reason

MAX_KEY_FRAMES: Final = 8
"""Of one video: 9 kB, 18 kB where the picture lies in a border or a fill."""

MAX_THUMBNAILS: Final = 3
"""Of one frame: the whole, and the picture inside a border and inside a blurred fill."""

_HEADER: Final = b"K\x01"
"""Pictures' evidence begins with another byte."""

_FRAME: Final = struct.Struct(">IH")
"""Time in ms, length of the evidence in bytes."""


class KeyFrame(NamedTuple):
    """The evidence of a frame, and when its moment begins (`hashes.frames.FRAME_ENTRY`)."""

    from_ms: int
    evidence: Evidence


def pack_key_frames(frames: Iterable[KeyFrame]) -> bytes:
    """Key frames in the order of their times as bytes; empty without any."""
    parts = []
    for from_ms, evidence in frames:
        packed = pack_evidence(evidence)
        parts += [_FRAME.pack(from_ms, len(packed)), packed]
    return b"".join((_HEADER, *parts)) if parts else b""


def unpack_key_frames(packed: bytes) -> tuple[KeyFrame, ...]:
    """Key frames from their bytes; none if they are of another version.

    Raises:
        BadInput: bad_field, if the bytes are not key frames.
    """
    if not packed.startswith(_HEADER):
        return ()
    try:
        frames = tuple(_frames(packed))
    except struct.error as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'evidence' ends too early: {error}") from error
    if len(frames) > MAX_KEY_FRAMES or any(one.from_ms >= other.from_ms for one, other in pairwise(frames)):
        raise BadInput(Reason.BAD_FIELD, f"field 'evidence' must have at most {MAX_KEY_FRAMES} frames, in order")
    if any(len(frame.evidence.thumbnails) > MAX_THUMBNAILS or frame.evidence.page for frame in frames):
        raise BadInput(Reason.BAD_FIELD, "field 'evidence' has more of a frame than its thumbnails")
    return frames


def _frames(packed: bytes) -> Iterator[KeyFrame]:
    at = len(_HEADER)
    while at < len(packed):
        from_ms, length = _FRAME.unpack_from(packed, at)
        at += _FRAME.size
        if at + length > len(packed):
            raise struct.error(f"a frame of {length} bytes has {len(packed) - at}")
        evidence = unpack_evidence(packed[at : at + length])
        if evidence is not None:
            yield KeyFrame(from_ms, evidence)
        at += length
