"""The contents that a content is not the same as, because somebody said so, in the state."""

from __future__ import annotations

from collections.abc import Iterable

from streams.domain.state.keys import SHORT_ID_BYTES, content_id_of_short, short_id


def pack_splits(content_ids: Iterable[str]) -> bytes:
    return b"".join(sorted(map(short_id, content_ids)))


def unpack_splits(value: bytes | None) -> frozenset[str]:
    value = value or b""
    return frozenset(
        content_id_of_short(value[at : at + SHORT_ID_BYTES]) for at in range(0, len(value), SHORT_ID_BYTES)
    )
