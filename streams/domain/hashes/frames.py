"""Frames of a video as they are compared: moments, the views of each that are hashed, and how they are packed.

Tables and bytes only. How a file becomes frames is in fingerprint/; how a match is decided of them, elsewhere in here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.views import FULL, TRIMMED, VIEW_CODES
from streams.errors import BadInput, Reason

FRAMES_HASH: Final = "frames:1"
"""The name under which `MediaFacts.hashes` has the packed entries of a video."""

FRAME_ENTRY: Final = np.dtype(
    [
        ("view", "u1"), ("orientation", "u1"), ("quality", "u1"),
        ("hash64", ">u8"), ("hash256", ">u8", 4),
        ("from_ms", ">u4"), ("to_ms", ">u4"),
    ]
)  # fmt: skip
"""51 bytes: one view of one moment. `view`, `turn`, `near` and `confirm` are those of `views.ENTRY`; `quality` is that
of the whole frame in 255ths. The frame, or one nearly like it, is shown from `from_ms` until `to_ms`, counted from the
first frame of the video. Entries are in the order of `from_ms`, those of one moment together, the canonical full view
first."""

MAX_MOMENTS: Final = 400
"""Of one video; of a longer one they are spread over its duration."""

STORED_FRAME_VIEWS: Final = (FULL, TRIMMED)
"""What state keeps of a moment, in its canonical form: the whole frame, and the whole without the borders that all
frames have in common."""

QUERY_FRAME_VIEWS: Final = (*STORED_FRAME_VIEWS, VIEW_CODES["top_85"], VIEW_CODES["bottom_85"])
"""What is looked up of a moment, among what is kept: with a bar of text below or above, the rest is the known frame."""


def pack_frames(entries: NDArray[np.void]) -> str:
    """Entries as the lower-case hex that stands in a record."""
    return entries.astype(FRAME_ENTRY, copy=False).tobytes().hex()


def unpack_frames(packed: str) -> NDArray[np.void]:
    """The entries of a record, read-only.

    Raises:
        BadInput: bad_field, if it is no hex of whole entries.
    """
    try:
        data = bytes.fromhex(packed)
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {FRAMES_HASH} must be hexadecimal digits") from error
    if len(data) % FRAME_ENTRY.itemsize:
        raise BadInput(
            Reason.BAD_FIELD,
            f"field 'hashes': {FRAMES_HASH} must be whole entries of {2 * FRAME_ENTRY.itemsize} digits",
        )
    return np.frombuffer(data, FRAME_ENTRY)
