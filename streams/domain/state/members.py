"""Submissions of a content, and the content of a medium, in the state.

Both are written with every decision, so that a verdict that comes later finds the decisions that it changes.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from streams.domain.state.keys import SHORT_ID_BYTES, content_id_of_short, short_id

_MEMBER: Final = struct.Struct("<qBI8s8s")
_EXPIRES_MS: Final = struct.Struct("<q")
FIRST: Final = bytes(8)
"""The signature of a first decision that no verdict was known for."""


class Member(NamedTuple):
    """One submission of a content.

    Attributes:
        expires_ms: of its decision; afterwards no verdict revises it.
        inherits: the statuses that the content inherits, as `moderation.inheritance` packs them.
        revision: of its last decision.
        signature: of what the last decision says about group, action and verdict; FIRST for a first decision without a
            verdict.
        cause: names what brought the last revision.
    """

    expires_ms: int
    inherits: int
    revision: int = 0
    signature: bytes = FIRST
    cause: bytes = bytes(8)

    def pack(self) -> bytes:
        return _MEMBER.pack(*self)

    @classmethod
    def unpack(cls, value: bytes) -> Member:
        return cls(*_MEMBER.unpack(value))


def pack_medium(content_id: str, expires_ms: int) -> bytes:
    return _EXPIRES_MS.pack(expires_ms) + short_id(content_id)


def content_of_medium(value: bytes) -> str:
    """The content id of a medium."""
    return content_id_of_short(value[_EXPIRES_MS.size : _EXPIRES_MS.size + SHORT_ID_BYTES])


def leading_expires_ms(value: bytes) -> int:
    """When a member, a medium, a waiting event or an answer expires: all begin with it."""
    return int(_EXPIRES_MS.unpack_from(value)[0])


def with_expiry(value: bytes, expires_ms: int) -> bytes:
    """A value of the state that begins with its expiry."""
    return _EXPIRES_MS.pack(expires_ms) + value


def without_expiry(value: bytes) -> bytes:
    return value[_EXPIRES_MS.size :]
