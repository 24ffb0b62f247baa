"""What deciding needs of a state: a map from bytes to bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol


class State(Protocol):
    """A map from bytes to bytes. Reads see earlier writes. `load` announces keys, so that they are read together."""

    def load(self, keys: Iterable[bytes]) -> None: ...
    def get(self, key: bytes) -> bytes | None: ...
    def put(self, key: bytes, value: bytes | None) -> None: ...

    def scan_current(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """The keys that begin with `prefix` and follow `after`, in order, with their values. Sees earlier writes."""
        ...
