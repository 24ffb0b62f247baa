"""The frames of a video in the state: a header, then entries as `hashes.frames.FRAME_ENTRY` packs them.

Frames mean nothing when their content is not in the state or has no frames: a kill came between the two, or the content
has changed since.
"""

from __future__ import annotations

import struct
from typing import Final

from streams.domain.hashes.frames import FRAME_ENTRY
from streams.errors import StateError

_LAYOUT: Final = 1
_HEADER: Final = struct.Struct("<BQ")
"""Layout, duration of the video in ms."""


def pack_stored_frames(duration_ms: int, entries: bytes) -> bytes:
    return _HEADER.pack(_LAYOUT, duration_ms) + entries


def unpack_stored_frames(value: bytes) -> tuple[int, bytes]:
    """The video's duration in ms, and its entries.

    Raises:
        StateError: the layout is another version's.
    """
    if len(value) < _HEADER.size or value[0] != _LAYOUT or (len(value) - _HEADER.size) % FRAME_ENTRY.itemsize:
        raise StateError(
            f"the state holds frames that begin with {value[:4].hex(' ')}, and this version reads layout {_LAYOUT}: "
            "run the version of mediasieve that wrote them"
        )
    return int(_HEADER.unpack_from(value)[1]), value[_HEADER.size :]
