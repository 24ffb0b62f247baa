"""What remains of former lists, of imports that were cut, and of contents that are forgotten."""

from __future__ import annotations

from streams.domain.state.hash_lists import EntryMatches, ListInForce
from streams.domain.state.keys import (
    IMPORT_PREFIX,
    LIST_CHUNK_PREFIX,
    LIST_MATCHES_PREFIX,
    LIST_PREFIX,
    LISTED_PREFIX,
    content_key_of,
)
from streams.domain.state.state import State

SWEPT_PREFIXES = (LIST_CHUNK_PREFIX, LIST_MATCHES_PREFIX, LISTED_PREFIX)


def is_left_over(key: bytes, value: bytes, state: State) -> bool:
    """Whether an entry of the state with one of SWEPT_PREFIXES is of no use any more."""
    if key.startswith(LISTED_PREFIX):
        return state.get(content_key_of(key)) is None
    collection, list_name, rest = key[1:].split(b"\0", 2)
    in_force = state.get(LIST_PREFIX + collection + b"\0" + list_name)
    if key.startswith(LIST_MATCHES_PREFIX):
        return in_force is None or EntryMatches.unpack(value).since != ListInForce.unpack(in_force).since
    import_id = rest[:-5]  # a NUL and the number of the chunk follow it
    if in_force is not None and ListInForce.unpack(in_force).import_id.encode() == import_id:
        return False
    return state.get(IMPORT_PREFIX + collection + b"\0" + list_name + b"\0" + import_id) is None
