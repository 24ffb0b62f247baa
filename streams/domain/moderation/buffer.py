"""A state that keeps writes back, so that all writes of an event are known before the first is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge

from streams.domain.state.state import State


class BufferedState:
    """Reads see the buffered writes; `writes` has them in order."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.writes: dict[bytes, bytes | None] = {}

    def load(self, keys: Iterable[bytes]) -> None:
        self._state.load(keys)

    def get(self, key: bytes) -> bytes | None:
        return self.writes[key] if key in self.writes else self._state.get(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        self.writes.pop(key, None)
        self.writes[key] = value

    def scan_current(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        before = ((key, value) for key, value in self._state.scan_current(prefix, after) if key not in self.writes)
        written = sorted(
            (key, value)
            for key, value in self.writes.items()
            if value is not None and key.startswith(prefix) and key > after
        )
        return merge(before, written)
