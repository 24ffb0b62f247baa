"""Submissions that were deleted, and what is still to be erased of them, in the state."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from streams.domain.records.submission import Kind
from streams.domain.state.keys import DECISION_ID_BYTES, DECISION_PREFIX, content_id_of_short, short_id
from streams.domain.state.members import with_expiry, without_expiry

_TOMBSTONE: Final = struct.Struct("<qqIB")
_KINDS: Final[tuple[Kind, ...]] = ("auto", "image", "video")


class Tombstone(NamedTuple):
    """A submission that was deleted. Nothing in here tells whose it was.

    Attributes:
        expires_ms: as its decision would have expired: afterwards nothing that it wrote is read again.
        offset: of the record that deleted it.
        revision: of the decision that says so.
        kind: of the medium.
        content_id: of the medium.
    """

    expires_ms: int
    offset: int
    revision: int
    kind: Kind
    content_id: str

    def pack(self) -> bytes:
        header = _TOMBSTONE.pack(self.expires_ms, self.offset, self.revision, _KINDS.index(self.kind))
        return header + short_id(self.content_id)

    @classmethod
    def unpack(cls, value: bytes) -> Tombstone:
        expires_ms, offset, revision, kind = _TOMBSTONE.unpack_from(value)
        return cls(expires_ms, offset, revision, _KINDS[kind], content_id_of_short(value[_TOMBSTONE.size :]))


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
