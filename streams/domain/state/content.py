"""A content in the state: a header of fixed size, then its entries as `hashes.packing.ENTRY` packs them, then texts.

Between entries and texts, layout 3 has the hashes that hash lists are compared with, behind their length in one byte.

Header and entries have fixed sizes so that match/images/kernel.py rebuilds an index from millions of values without
unpacking them in Python. Both read the offsets that are computed here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.algorithms import ALGORITHM_NUMBERS, STORED_ALGORITHMS
from streams.domain.hashes.packing import ENTRY
from streams.domain.records.ids import content_id_of, digest_of, is_partial
from streams.domain.state.keys import CONTENT_PREFIX
from streams.errors import StateError

LAYOUT: Final = 2
LAYOUT_WITH_LISTABLE: Final = 3
FOR_EVER_MS: Final = 1 << 62

_HEADER_FIELDS: Final = {
    "layout": "B",
    "flags": "B",
    "algorithm": "B",
    "entry_count": "B",
    "first_ms": "q",
    "expires_ms": "q",
    "digest": "32s",
    "decision_id": "16s",
}
"""Fields of the header in their order, and their formats for `struct`. Times are ms since the epoch."""

_HEADER: Final = struct.Struct("<" + "".join(_HEADER_FIELDS.values()))
HEADER_BYTES: Final = _HEADER.size


def _header_offset(field: str) -> int:
    before = list(_HEADER_FIELDS)[: list(_HEADER_FIELDS).index(field)]
    return struct.calcsize("<" + "".join(_HEADER_FIELDS[name] for name in before))


FLAGS_AT: Final = _header_offset("flags")
ALGORITHM_AT: Final = _header_offset("algorithm")
ENTRY_COUNT_AT: Final = _header_offset("entry_count")
FIRST_MS_AT: Final = _header_offset("first_ms")
EXPIRES_MS_AT: Final = _header_offset("expires_ms")
DIGEST_AT: Final = _header_offset("digest")

MEMBER_FLAG, PARTIAL_FLAG, EVIDENCE_FLAG = 1, 2, 4
"""The content is a member of another content's group; its content id covers parts of a video only; the state has its
evidence."""

DRIFT_SHIFT, MAX_DRIFT_BLOCKS = 3, 31
"""The other bits of the flags hold `Content.drift_blocks`."""

ENTRY_BYTES: Final = ENTRY.itemsize
assert ENTRY.fields is not None
VIEW_AT, ORIENTATION_AT, HASH64_AT, HASH256_AT = (
    ENTRY.fields[name][1] for name in ("view", "orientation", "hash64", "hash256")
)
"""Offsets within an entry."""


@dataclass(frozen=True, slots=True)
class Content:
    """A known content: its first submission and its group.

    Attributes:
        content_id: of this content.
        media_id: of the first submission.
        submission_id: of the first submission.
        group_content_id: the group's canonical content, which is its earliest; this content itself, if it is that.
        group_media_id: the medium of the canonical content.
        first_ms: time of the first submission's record in Kafka, in ms since the epoch.
        expires_ms: on the same clock; the content is forgotten after it.
        decision_id: 16 bytes, of the decision about the first submission.
        algorithm: made the entries; empty where only equal bytes match.
        entries: packed as `hashes.packing.ENTRY`; empty where only equal bytes match, and for videos, whose frames are
            stored apart (frames.py).
        is_member: the content joined its group through the canonical content or through another member.
        has_evidence: the state has the content's evidence, under a key of its own.
        drift_blocks: by how much a member may differ from the canonical content, in 64ths of the picture: the sum over
            the copies of copies between them, MAX_DRIFT_BLOCKS at most.
        listable: hashes that hash lists are compared with, as `moderation.hash_lists.listable` packs them; empty if an
            earlier version wrote the content.
    """

    content_id: str
    media_id: str
    submission_id: str
    group_content_id: str
    group_media_id: str
    first_ms: int
    expires_ms: int
    decision_id: bytes
    algorithm: str = ""
    entries: bytes = b""
    is_member: bool = False
    has_evidence: bool = False
    drift_blocks: int = 0
    listable: bytes = b""

    def pack(self) -> bytes:
        header = _HEADER.pack(
            LAYOUT_WITH_LISTABLE if self.listable else LAYOUT,
            (MEMBER_FLAG if self.is_member else 0)
            | (PARTIAL_FLAG if is_partial(self.content_id) else 0)
            | (EVIDENCE_FLAG if self.has_evidence else 0)
            | self.drift_blocks << DRIFT_SHIFT,
            ALGORITHM_NUMBERS[self.algorithm],
            len(self.entries) // ENTRY_BYTES,
            self.first_ms,
            self.expires_ms,
            digest_of(self.content_id),
            self.decision_id,
        )
        texts = f"{self.media_id}\0{self.submission_id}\0{self.group_content_id}\0{self.group_media_id}"
        listable = bytes((len(self.listable),)) + self.listable if self.listable else b""
        return b"".join((header, self.entries, listable, texts.encode()))

    @classmethod
    @lru_cache(1024)
    def unpack(cls, value: bytes) -> Content:
        """Read a value of the state. The cache serves a batch, which reads a value repeatedly, and repeated contents.

        Raises:
            StateError: the layout is another version's.
        """
        check_layout(value)
        _, flags, algorithm, entry_count, first_ms, expires_ms, digest, decision_id = _HEADER.unpack_from(value)
        end = HEADER_BYTES + entry_count * ENTRY_BYTES
        listable = listable_of(value)
        texts = value[end + 1 + len(listable) if listable else end :].decode()
        media_id, submission_id, group_content_id, group_media_id = texts.split("\0")
        return cls(
            content_id_of(digest, partial=bool(flags & PARTIAL_FLAG)),
            media_id,
            submission_id,
            group_content_id,
            group_media_id,
            first_ms,
            expires_ms,
            decision_id,
            STORED_ALGORITHMS[algorithm],
            value[HEADER_BYTES:end],
            bool(flags & MEMBER_FLAG),
            bool(flags & EVIDENCE_FLAG),
            flags >> DRIFT_SHIFT,
            listable,
        )


def content_expires_ms(value: bytes) -> int:
    """When a content expires, without reading the rest."""
    return int.from_bytes(value[EXPIRES_MS_AT : EXPIRES_MS_AT + 8], "little")


def listable_of(value: bytes) -> bytes:
    """`Content.listable`, without reading the rest."""
    if value[0] != LAYOUT_WITH_LISTABLE:
        return b""
    at = HEADER_BYTES + value[ENTRY_COUNT_AT] * ENTRY_BYTES
    return value[at + 1 : at + 1 + value[at]]


def check_layout(value: bytes) -> None:
    """Refuse a content that a later version wrote.

    Raises:
        StateError: says which version is needed.
    """
    is_known = len(value) >= HEADER_BYTES and value[0] in (LAYOUT, LAYOUT_WITH_LISTABLE)
    if not is_known or value[ALGORITHM_AT] >= len(STORED_ALGORITHMS):
        raise StateError(
            f"the state holds a content that begins with {value[:4].hex(' ')}, and this version reads layouts {LAYOUT} "
            f"and {LAYOUT_WITH_LISTABLE}: run the version of mediasieve that wrote it"
        )


def check_layouts(values: Sequence[bytes], data: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
    """`check_layout` of many contents at once.

    Args:
        values: the contents.
        data: the same, joined.
        starts: where the contents begin in `data`.
    """
    lengths = np.diff(starts, append=len(data))
    good = lengths >= HEADER_BYTES
    layouts = data[starts[good]]
    is_known = (layouts == LAYOUT) | (layouts == LAYOUT_WITH_LISTABLE)
    good[good] = is_known & (data[starts[good] + ALGORITHM_AT] < len(STORED_ALGORITHMS))
    for number in np.flatnonzero(~good)[:1]:
        check_layout(values[number])


def from_old_layout(key: bytes, value: bytes) -> tuple[bytes, Content]:
    """Key and content of an entry of layout 1: media id NUL submission id.

    Layout 1 had no hashes, so only equal bytes will match the content.
    """
    content_id = key[key.index(b"\0") + 1 :].decode()
    media_id, submission_id = value.decode().split("\0")
    content = Content(content_id, media_id, submission_id, content_id, media_id, 0, FOR_EVER_MS, bytes(16))
    return CONTENT_PREFIX + key[1:], content
