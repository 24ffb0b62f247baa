"""Submissions of a content, and those of a medium, in the state.

Both are written with every decision, so that a verdict or a deletion that comes later finds the decisions that it
changes.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from streams.domain.state.keys import (
    SHORT_ID_BYTES,
    content_id_of_short,
    medium_prefix,
    old_medium_key,
    submission_of_medium,
)
from streams.domain.state.state import State

_MEMBER: Final = struct.Struct("<qBI8s8sq")
_OLD_MEMBER: Final = struct.Struct("<qBI8s8s")
_EXPIRES_MS: Final = struct.Struct("<q")
FIRST: Final = bytes(8)
"""The signature of a first decision that no verdict was known for."""

PROBE: Final = 0x80
"""Stands among the statuses that are inherited, of a submission that is not kept in its reference collection."""

UNKNOWN_OFFSET: Final = -1
"""Of members that an earlier version wrote: they came before anything that is read now."""


class Member(NamedTuple):
    """One submission of a content.

    Attributes:
        expires_ms: of its decision; afterwards no verdict revises it.
        inherits: the statuses that the content inherits, as `moderation.inheritance` packs them.
        revision: of its last decision.
        signature: of what the last decision says about group, action and verdict; FIRST for a first decision without a
            verdict.
        cause: names what brought the last revision.
        offset: of the record that brought the submission.
    """

    expires_ms: int
    inherits: int
    revision: int = 0
    signature: bytes = FIRST
    cause: bytes = bytes(8)
    offset: int = UNKNOWN_OFFSET

    @property
    def is_probe(self) -> bool:
        """The submission can be deleted; no verdict revises its decision, and no content is named after it."""
        return bool(self.inherits & PROBE)

    def pack(self) -> bytes:
        return _MEMBER.pack(*self)

    @classmethod
    def unpack(cls, value: bytes) -> Member:
        layout = _MEMBER if len(value) == _MEMBER.size else _OLD_MEMBER
        return cls(*layout.unpack(value))


def content_of_medium(state: State, collection: str, media_id: str, time_ms: int) -> str | None:
    """The content of a medium's last submission that has not expired at `time_ms`."""
    for key, value in state.scan_current(medium_prefix(collection, media_id)):
        if leading_expires_ms(value) >= time_ms:
            return submission_of_medium(key)[0]
    return content_in_old_layout(state, collection, media_id, time_ms)


def content_in_old_layout(state: State, collection: str, media_id: str, time_ms: int) -> str | None:
    """The content of a medium as an earlier version stored it."""
    value = state.get(old_medium_key(collection, media_id))
    if value is None or leading_expires_ms(value) < time_ms:
        return None
    return content_id_of_short(value[_EXPIRES_MS.size : _EXPIRES_MS.size + SHORT_ID_BYTES])


def leading_expires_ms(value: bytes) -> int:
    """When a member, a medium's submission, a waiting event, an answer or a tombstone expires: all begin with it."""
    return int(_EXPIRES_MS.unpack_from(value)[0])


def with_expiry(value: bytes, expires_ms: int) -> bytes:
    """A value of the state that begins with its expiry."""
    return _EXPIRES_MS.pack(expires_ms) + value


def without_expiry(value: bytes) -> bytes:
    return value[_EXPIRES_MS.size :]
