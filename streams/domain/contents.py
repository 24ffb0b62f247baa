"""What the state keeps of a content, as bytes: keys, values, and nothing of how it is decided.

The state is a map of bytes, one a partition, with three kinds of entries:

    k <collection> NUL <content id>   a content: who was first, its group, and the hashes that are looked up
    s <decision id, 16 bytes>         a submission's decision, byte for byte
    c <collection> NUL <content id>   layout 1 of a content: media id NUL submission id; turned into `k` when seen

A content's value is a header of fixed size, then its entries as `views.ENTRY` packs them, then texts, so that an
index is rebuilt from millions of values without looking at each in Python.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

from streams.errors import StateError

CONTENT_PREFIX: Final = b"k"
OLD_CONTENT_PREFIX: Final = b"c"
LAYOUT: Final = 2
SCHEME: Final = "sha256:"

#: layout, flags, algorithm, entries, first and last seen (ms since the epoch), sha256, id of the first's decision
HEADER: Final = struct.Struct("<BBBBqq32s16s")
MEMBER: Final = 1
DIGEST_BYTES: Final = 32
ALGORITHM_AT, ENTRIES_AT = 2, 3
ENTRY_BYTES: Final = 42
MAX_ENTRIES: Final = 255

#: What entries are made by. A number, once given, is never given again: it stands in state.
ALGORITHMS: Final = (
    "",
    "views:1",
    *("phash64:1", "phash32:1", "phash16:1"),
    *("dhash256:1", "dhash64:1", "dhash32:1", "dhash16:1"),
    *("ahash256:1", "ahash64:1", "ahash32:1", "ahash16:1"),
    *("whash256:1", "whash64:1", "whash32:1", "whash16:1"),
)
ALGORITHM_CODES: Final = {name: code for code, name in enumerate(ALGORITHMS)}


@dataclass(frozen=True, slots=True)
class Content:
    """A content that is known: its first submission, and its group.

    A group is named by its canonical content, the earliest; of that, `group_*` name itself. Other contents of the
    group are members, found through the canonical one or through another member. Times are those of Kafka's records,
    in ms since the epoch. `decision` is the id of the first submission's decision. `entries` are packed as
    `views.ENTRY`, made by `algorithm`; empty where only equal bytes are to match.
    """

    content_id: str
    media_id: str
    submission_id: str
    group_content_id: str
    group_media_id: str
    first_ms: int
    seen_ms: int
    decision: bytes
    algorithm: str = ""
    entries: bytes = b""

    @property
    def is_canonical(self) -> bool:
        return self.content_id == self.group_content_id

    def seen_at(self, seen_ms: int) -> Content:
        return replace(self, seen_ms=seen_ms)

    def pack(self) -> bytes:
        flags = 0 if self.is_canonical else MEMBER
        header = HEADER.pack(
            LAYOUT,
            flags,
            ALGORITHM_CODES[self.algorithm],
            len(self.entries) // ENTRY_BYTES,
            self.first_ms,
            self.seen_ms,
            digest_of(self.content_id),
            self.decision,
        )
        texts = f"{self.media_id}\0{self.submission_id}\0{self.group_content_id}\0{self.group_media_id}"
        return b"".join((header, self.entries, texts.encode()))

    @classmethod
    def unpack(cls, value: bytes) -> Content:
        """Read a value of the state.

        Raises:
            StateError: a layout of another version.
        """
        check_layout(value)
        _, _, algorithm, count, first_ms, seen_ms, digest, decision = HEADER.unpack_from(value)
        end = HEADER.size + count * ENTRY_BYTES
        media_id, submission_id, group_content_id, group_media_id = value[end:].decode().split("\0")
        return cls(
            content_id_of(digest),
            media_id,
            submission_id,
            group_content_id,
            group_media_id,
            first_ms,
            seen_ms,
            decision,
            ALGORITHMS[algorithm],
            value[HEADER.size : end],
        )


def check_layout(value: bytes) -> None:
    """Refuse what a later version wrote.

    Raises:
        StateError: says which version is needed.
    """
    if len(value) < HEADER.size or value[0] != LAYOUT or value[ALGORITHM_AT] >= len(ALGORITHMS):
        raise StateError(
            f"the state holds a content that begins with {value[:4].hex(' ')}, and this version reads layout {LAYOUT}: "
            "run the version of mediasieve that wrote it"
        )


def content_key(collection: str, content_id: str) -> bytes:
    return f"k{collection}\0{content_id}".encode()


def submission_key(decision_id: str) -> bytes:
    return b"s" + bytes.fromhex(decision_id.replace("-", ""))


def collection_of(key: bytes) -> bytes:
    """The collection in the key of a content."""
    return key[1 : key.index(b"\0")]


def from_old_layout(key: bytes, value: bytes) -> tuple[bytes, Content]:
    """The key and content of an entry of layout 1: it has no hashes, so only equal bytes will match it."""
    content_id = key[key.index(b"\0") + 1 :].decode()
    media_id, submission_id = value.decode().split("\0")
    content = Content(content_id, media_id, submission_id, content_id, media_id, 0, 0, bytes(16))
    return CONTENT_PREFIX + key[1:], content


def digest_of(content_id: str) -> bytes:
    """The 32 bytes that a content id names.

    Raises:
        ValueError: it is no `sha256:` with 64 hexadecimal digits.
    """
    digest = bytes.fromhex(content_id.removeprefix(SCHEME))
    if len(digest) != DIGEST_BYTES or not content_id.startswith(SCHEME):
        raise ValueError(f"{content_id!r} is not {SCHEME} and {2 * DIGEST_BYTES} hexadecimal digits")
    return digest


def content_id_of(digest: bytes) -> str:
    return SCHEME + digest.hex()
