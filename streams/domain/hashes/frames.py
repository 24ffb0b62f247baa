"""The frames of a video in a fingerprint: moments, the views of a moment that are compared, and how they are packed.

How a file becomes frames is in domain/fingerprint/video, how a match is decided in domain/match/videos.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.packing import unpack_hex
from streams.domain.hashes.views import FRAMED, FULL, TRIMMED, VIEW_CODES

FRAME_ENTRY: Final = np.dtype(
    [
        ("view", "u1"), ("orientation", "u1"), ("quality", "u1"),
        ("hash64", ">u8"), ("hash256", ">u8", 4),
        ("from_ms", ">u4"), ("to_ms", ">u4"),
    ]
)  # fmt: skip
"""51 bytes: one view of one moment. `view`, `orientation`, `hash64` and `hash256` are as in `packing.ENTRY`; `quality`,
in 255ths, is that of the whole frame. The frame, or one nearly like it, is shown from `from_ms` until `to_ms`, both
counted from the first frame of the video. Entries are in the order of `from_ms`; of one moment, the canonical full view
comes first."""

MAX_MOMENTS: Final = 400
"""Of one video; in a longer video they are spread over its duration."""

WHOLE_FRAME_VIEWS: Final = (FULL, TRIMMED, FRAMED)
"""The whole frame, the frame without the borders that all frames have in common, and the frame without the blurred fill
that all have in common."""

STORED_FRAME_VIEWS: Final = (*WHOLE_FRAME_VIEWS, VIEW_CODES["centre_60"])
"""Views of a moment that state stores, in canonical orientation: those of whole frames, and the middle of the
innermost. The middle finds frames with a caption or a logo, and cropped ones."""

QUERY_FRAME_VIEWS: Final = (
    *STORED_FRAME_VIEWS, VIEW_CODES["top_85"], VIEW_CODES["bottom_85"], VIEW_CODES["centre_70"],
)  # fmt: skip
"""Views of a moment that are looked up. Top and bottom find a known frame to which a bar of text was added, the larger
middle one that was cropped by 5 to 9 % on every side."""


def pack_frames(entries: NDArray[np.void]) -> str:
    """Entries as lower-case hex, as in records."""
    return entries.astype(FRAME_ENTRY, copy=False).tobytes().hex()


def unpack_frames(packed: str) -> NDArray[np.void]:
    """The entries of a record, read-only.

    Raises:
        BadInput: bad_field, if it is not the hex of whole entries.
    """
    return unpack_hex(packed, FRAME_ENTRY, FRAMES_HASH)
