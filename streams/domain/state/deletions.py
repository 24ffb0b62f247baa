"""Submissions that were deleted, and what is still to be erased of them, in the state."""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import Final, NamedTuple

from streams.domain.records.submission import Kind
from streams.domain.state.keys import (
    DECISION_ID_BYTES,
    DECISION_PREFIX,
    SHORT_ID_BYTES,
    content_id_of_short,
    short_id,
)
from streams.domain.state.members import with_expiry, without_expiry

_TOMBSTONE: Final = struct.Struct("<qqIB8s")
_KINDS: Final[tuple[Kind, ...]] = ("auto", "image", "video")


class Tombstone(NamedTuple):
    """A submission that was deleted. Nothing in here tells whose it was.

    Attributes:
        expires_ms: as its decision would have expired: afterwards nothing that it wrote is read again.
        offset: of the record that deleted it.
        revision: of the decision that says so.
        kind: of the medium.
        content_id: of the medium.
        submitted_at: of the submission, in RFC 3339: when the same submission comes again, it may tell another time.
        medium: 8 bytes that the id of the medium must have as its digest.
    """

    expires_ms: int
    offset: int
    revision: int
    kind: Kind
    content_id: str
    submitted_at: str
    medium: bytes

    def pack(self) -> bytes:
        kind = _KINDS.index(self.kind)
        header = _TOMBSTONE.pack(self.expires_ms, self.offset, self.revision, kind, self.medium)
        return b"".join((header, short_id(self.content_id), self.submitted_at.encode()))

    @classmethod
    def unpack(cls, value: bytes) -> Tombstone:
        expires_ms, offset, revision, kind, medium = _TOMBSTONE.unpack_from(value)
        end = _TOMBSTONE.size + SHORT_ID_BYTES
        content_id, submitted_at = content_id_of_short(value[_TOMBSTONE.size : end]), value[end:].decode()
        return cls(expires_ms, offset, revision, _KINDS[kind], content_id, submitted_at, medium)


def medium_digest(media_id: str) -> bytes:
    """The 8 bytes of a medium in a tombstone."""
    return blake2b(media_id.encode(), digest_size=8).digest()


class Erasure(NamedTuple):
    """Decisions of deleted submissions that stay until no record from before the deletion is read again.

    Attributes:
        time_ms: of the record that deleted them.
        collection: of the submissions.
        decision_keys: of their first decisions.
    """

    time_ms: int
    collection: str
    decision_keys: tuple[bytes, ...]

    def pack(self) -> bytes:
        identities = b"".join(key.removeprefix(DECISION_PREFIX) for key in self.decision_keys)
        return with_expiry(self.collection.encode() + b"\0" + identities, self.time_ms)

    @classmethod
    def unpack(cls, value: bytes, time_ms: int) -> Erasure:
        collection, _, identities = without_expiry(value).partition(b"\0")
        keys = (
            DECISION_PREFIX + identities[at : at + DECISION_ID_BYTES]
            for at in range(0, len(identities), DECISION_ID_BYTES)
        )
        return cls(time_ms, collection.decode(), tuple(keys))
