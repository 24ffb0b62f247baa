"""The facts of contents that were decoded, in memory; for any thread."""

from __future__ import annotations

import threading
from typing import Final

from cachetools import LRUCache

from streams.domain.match.selection import RequiredHashes
from streams.domain.records import MediaFacts

#: This many characters of hashes count as one entry. A picture has fewer; a long video fills many entries.
ENTRY_CHARS: Final = 8 << 10


class FactsCache:
    """Keeps the facts that were used last.

    Entries are named by the identity of the bytes (the content id if all bytes are there, else an identity that the
    source guarantees: see `ResourceVersion.identity`, `file_identity`), the hashes that are needed of an image (None of
    a video), and whether the picture model was asked.

    Args:
        entries: the most entries.
    """

    def __init__(self, entries: int) -> None:
        most = max(1, entries)
        self._facts: LRUCache[tuple[str, RequiredHashes | None, bool], MediaFacts] = LRUCache(
            most, getsizeof=lambda facts: min(most, cache_entries(facts))
        )
        self._lock = threading.Lock()

    def put(self, identity: str, required: RequiredHashes | None, facts: MediaFacts, embed: bool) -> None:
        with self._lock:
            self._facts[identity, required, embed] = facts

    def get(self, identity: str, required: RequiredHashes | None, embed: bool) -> MediaFacts | None:
        with self._lock:
            known: MediaFacts | None = self._facts.get((identity, required, embed))
        return known


def cache_entries(facts: MediaFacts) -> int:
    """How many entries of the cache facts count for, so that the cache's memory is bounded."""
    vector_chars = 0 if facts.embedding is None else len(facts.embedding.vector)
    return 1 + (sum(map(len, facts.hashes.values())) + vector_chars) // ENTRY_CHARS
