"""A submission's decision in the state: when it expires, then its JSON byte for byte."""

from __future__ import annotations

import struct
from typing import Final

_EXPIRES_MS: Final = struct.Struct("<q")


def pack_decision(value: bytes, expires_ms: int) -> bytes:
    return _EXPIRES_MS.pack(expires_ms) + value


def decision_expires_ms(packed: bytes) -> int:
    return int(_EXPIRES_MS.unpack_from(packed)[0])


def remembered_decision(packed: bytes | None, time_ms: int) -> bytes | None:
    """The decision's JSON; None if there is no decision, or if it has expired at `time_ms`."""
    if packed is None or decision_expires_ms(packed) < time_ms:
        return None
    return packed[_EXPIRES_MS.size :]
