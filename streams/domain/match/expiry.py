"""Taking out of the state what is forgotten. Decisions do not depend on it: they look at the time, not at the sweep."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.match.decide import State
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.match.operations import Remove
from streams.domain.state.content import (
    CONTENT_PREFIX,
    DECISION,
    DECISION_PREFIX,
    FOR_EVER_MS,
    FRAMES_PREFIX,
    Content,
    collection_of,
)

SWEPT_AT_ONCE = 2_000


def remove_expired(
    entries: Iterable[tuple[bytes, bytes]], before_ms: int, state: State, spaces: CollectionIndexes
) -> bytes:
    """Look at the next entries of a state, and remove those that were forgotten before a time.

    Args:
        entries: keys and values, in the order of keys, from where the last sweep ended.
        before_ms: nothing will be decided any more for a record of an earlier time.
        state: changed through `put`.
        spaces: made from the state; contents that go are not found any more.

    Returns:
        The last key that was looked at; empty when the state ended before, and the next sweep begins anew.
    """
    seen = 0
    last = b""
    for key, value in islice(entries, SWEPT_AT_ONCE):
        seen, last = seen + 1, key
        if key.startswith(FRAMES_PREFIX):
            _sweep_frames(key, state)
            continue
        if _expires_ms(key, value) >= before_ms:
            continue
        current = state.get(key)  # this batch may have written it
        if current is None or _expires_ms(key, current) >= before_ms:
            continue
        if key.startswith(CONTENT_PREFIX):
            content = Content.unpack(current)
            if content.algorithm:
                spaces.of(collection_of(key).decode(), content.algorithm).apply([Remove(content.content_id)])
            if content.algorithm == FRAMES_HASH:
                _forget(FRAMES_PREFIX + key[1:], state)
        state.put(key, None)
    return last if seen == SWEPT_AT_ONCE else b""


def _sweep_frames(key: bytes, state: State) -> None:
    """Frames go with their content; what is left when that has none any more goes here."""
    value = state.get(CONTENT_PREFIX + key[1:])
    if value is None or Content.unpack(value).algorithm != FRAMES_HASH:
        _forget(key, state)


def _forget(key: bytes, state: State) -> None:
    if state.get(key) is not None:
        state.put(key, None)


def _expires_ms(key: bytes, value: bytes) -> int:
    if key.startswith(DECISION_PREFIX):
        return int(DECISION.unpack_from(value)[0])
    return Content.unpack(value).expires_ms if key.startswith(CONTENT_PREFIX) else FOR_EVER_MS
