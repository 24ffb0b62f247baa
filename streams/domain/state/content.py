"""What the state keeps of a content, as bytes: keys, values, and nothing of how it is decided.

The state is a map of bytes, one a partition, with four kinds of entries:

    k <collection> NUL <content id>   a content: who was first, its group, and the hashes that are looked up
    f <collection> NUL <content id>   the frames of a content that is a video, apart so that who only asks whether it
                                      is known, or remembers it longer, neither reads nor writes them
    s <decision id, 16 bytes>         a submission's decision: when it is forgotten, and its JSON byte for byte
    c <collection> NUL <content id>   layout 1 of a content: media id NUL submission id; turned into `k` when seen

A content's value is a header of fixed size, then its entries as `views.ENTRY` packs them, then texts, so that an
index is rebuilt from millions of values without looking at each in Python. Frames are a header, then entries as
`frames.FRAME` packs them; frames whose content is not there, or has none, mean nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.algorithms import ALGORITHM_CODES, STORED_ALGORITHMS
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.records.ids import PARTS_SCHEME, content_id_of, digest_of
from streams.errors import StateError

CONTENT_PREFIX: Final = b"k"
FRAMES_PREFIX: Final = b"f"
DECISION_PREFIX: Final = b"s"
OLD_CONTENT_PREFIX: Final = b"c"
LAYOUT: Final = 2

#: layout, flags, algorithm, entries, first seen and forgotten (ms since the epoch), sha256, id of the first's decision
HEADER: Final = struct.Struct("<BBBBqq32s16s")
MEMBER, PARTS = 1, 2
"""Flags: it is a member of another's group; its content id is of parts."""
FOR_EVER_MS: Final = 1 << 62
DECISION: Final = struct.Struct("<q")
ALGORITHM_AT, ENTRIES_AT = 2, 3
ENTRY_BYTES: Final = 42
#: layout of frames, duration of the video in ms
FRAMES_HEADER: Final = struct.Struct("<BQ")
FRAMES_LAYOUT: Final = 1
MAX_ENTRIES: Final = 255


@dataclass(frozen=True, slots=True)
class Content:
    """A content that is known: its first submission, and its group.

    A group is named by its canonical content, the earliest; of that, `group_*` name itself. A member of a group was
    found through the canonical content or through another member. `first_ms` is the time of the
    submission's record in Kafka, in ms since the epoch; after `expires_ms`, on the same clock, the content is
    forgotten. `decision` is the id of the submission's decision. `entries` are packed as `views.ENTRY`, made by
    `algorithm`; empty where only equal bytes are to match, and of videos, whose frames stand apart.
    """

    content_id: str
    media_id: str
    submission_id: str
    group_content_id: str
    group_media_id: str
    first_ms: int
    expires_ms: int
    decision: bytes
    algorithm: str = ""
    entries: bytes = b""
    is_member: bool = False

    def until(self, expires_ms: int) -> Content:
        return replace(self, expires_ms=expires_ms)

    def pack(self) -> bytes:
        flags = (MEMBER if self.is_member else 0) | (PARTS if self.content_id.startswith(PARTS_SCHEME) else 0)
        header = HEADER.pack(
            LAYOUT,
            flags,
            ALGORITHM_CODES[self.algorithm],
            len(self.entries) // ENTRY_BYTES,
            self.first_ms,
            self.expires_ms,
            digest_of(self.content_id),
            self.decision,
        )
        texts = f"{self.media_id}\0{self.submission_id}\0{self.group_content_id}\0{self.group_media_id}"
        return b"".join((header, self.entries, texts.encode()))

    @classmethod
    @lru_cache(1024)
    def unpack(cls, value: bytes) -> Content:
        """Read a value of the state. Those of a batch are read again within it, and by submissions of one content.

        Raises:
            StateError: a layout of another version.
        """
        check_layout(value)
        _, flags, algorithm, count, first_ms, expires_ms, digest, decision = HEADER.unpack_from(value)
        end = HEADER.size + count * ENTRY_BYTES
        media_id, submission_id, group_content_id, group_media_id = value[end:].decode().split("\0")
        return cls(
            content_id_of(digest, bool(flags & PARTS)),
            media_id,
            submission_id,
            group_content_id,
            group_media_id,
            first_ms,
            expires_ms,
            decision,
            STORED_ALGORITHMS[algorithm],
            value[HEADER.size : end],
            bool(flags & MEMBER),
        )


def check_layout(value: bytes) -> None:
    """Refuse what a later version wrote.

    Raises:
        StateError: says which version is needed.
    """
    if len(value) < HEADER.size or value[0] != LAYOUT or value[ALGORITHM_AT] >= len(STORED_ALGORITHMS):
        raise StateError(
            f"the state holds a content that begins with {value[:4].hex(' ')}, and this version reads layout {LAYOUT}: "
            "run the version of mediasieve that wrote it"
        )


def check_layouts(values: Sequence[bytes], data: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
    """`check_layout` of each; `data` is all of them, one after the other, from `starts` on."""
    lengths = np.diff(starts, append=len(data))
    good = lengths >= HEADER.size
    good[good] = (data[starts[good]] == LAYOUT) & (data[starts[good] + ALGORITHM_AT] < len(STORED_ALGORITHMS))
    for number in np.flatnonzero(~good)[:1]:
        check_layout(values[number])


def content_key(collection: str, content_id: str) -> bytes:
    return f"k{collection}\0{content_id}".encode()


def frames_key(collection: str, content_id: str) -> bytes:
    return f"f{collection}\0{content_id}".encode()


def pack_stored_frames(duration_ms: int, entries: bytes) -> bytes:
    """The frames of a video as the state keeps them: `entries` are packed as `frames.FRAME`."""
    return FRAMES_HEADER.pack(FRAMES_LAYOUT, duration_ms) + entries


def unpack_stored_frames(value: bytes) -> tuple[int, bytes]:
    """Duration in ms and entries.

    Raises:
        StateError: a layout of another version.
    """
    if (
        len(value) < FRAMES_HEADER.size
        or value[0] != FRAMES_LAYOUT
        or (len(value) - FRAMES_HEADER.size) % FRAME_ENTRY.itemsize
    ):
        raise StateError(
            f"the state holds frames that begin with {value[:4].hex(' ')}, and this version reads layout "
            f"{FRAMES_LAYOUT}: run the version of mediasieve that wrote them"
        )
    return int(FRAMES_HEADER.unpack_from(value)[1]), value[FRAMES_HEADER.size :]


def submission_key(decision_id: str) -> bytes:
    return DECISION_PREFIX + bytes.fromhex(decision_id.replace("-", ""))


def pack_decision(value: bytes, expires_ms: int) -> bytes:
    return DECISION.pack(expires_ms) + value


def remembered_decision(packed: bytes | None, time_ms: int) -> bytes | None:
    """The decision's JSON, unless there is none or it is forgotten by then."""
    if packed is None or DECISION.unpack_from(packed)[0] < time_ms:
        return None
    return packed[DECISION.size :]


def collection_of(key: bytes) -> bytes:
    """The collection in the key of a content."""
    return key[1 : key.index(b"\0")]


def from_old_layout(key: bytes, value: bytes) -> tuple[bytes, Content]:
    """The key and content of an entry of layout 1: it has no hashes, so only equal bytes will match it."""
    content_id = key[key.index(b"\0") + 1 :].decode()
    media_id, submission_id = value.decode().split("\0")
    content = Content(content_id, media_id, submission_id, content_id, media_id, 0, FOR_EVER_MS, bytes(16))
    return CONTENT_PREFIX + key[1:], content
