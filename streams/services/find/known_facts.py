"""The facts of known contents with their evidence, which only media.fingerprints has; kept for a while in memory.

Kafka keeps fingerprints for a month; the facts of what has not been seen for longer are not found.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cachetools import LRUCache

from streams.analytics.pool import QueryPool
from streams.analytics.queries.stored.contents import FingerprintPlace, fingerprint_places
from streams.config.settings import Settings
from streams.domain.records import MediaFacts
from streams.errors import BrokerError
from streams.kafka.readers.fingerprint_reader import FingerprintReader

logger = logging.getLogger(__name__)

MAX_FACTS_BYTES: Final = 64 << 20


class KnownFacts:
    """Reads fingerprints by their place, one after another on a thread of its own."""

    def __init__(self, settings: Settings, queries: QueryPool) -> None:
        self._settings = settings
        self._queries = queries
        self._facts: LRUCache[tuple[str, str], MediaFacts] = LRUCache(MAX_FACTS_BYTES, getsizeof=_size_bytes)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fingerprints")
        self._reader: FingerprintReader | None = None

    async def of(self, collection: str, content_ids: Sequence[str]) -> dict[str, MediaFacts]:
        """The facts of contents of a collection, by content id; those that Kafka no longer has are absent.

        Raises:
            AnalyticsError: ClickHouse does not answer or refuses.
        """
        known = {name: facts for name in content_ids if (facts := self._facts.get((collection, name))) is not None}
        missing = [name for name in content_ids if name not in known]
        if missing:
            places = await self._queries.run(fingerprint_places, collection, missing)
            found = await asyncio.get_running_loop().run_in_executor(self._thread, self._read, collection, places)
            for name, facts in found.items():
                self._facts[collection, name] = facts
            known |= found
        return known

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _read(self, collection: str, places: Sequence[FingerprintPlace]) -> dict[str, MediaFacts]:
        """Called on the thread. Without Kafka, contents stay unverified."""
        found = {}
        try:
            if self._reader is None:
                self._reader = FingerprintReader(self._settings)
            for place in sorted(places, key=lambda place: (place.partition, place.offset)):
                fingerprint = self._reader.read(place.partition, place.offset)
                facts = fingerprint.facts if fingerprint is not None else None
                if fingerprint is not None and facts is not None and fingerprint.collection == collection:
                    found[facts.content_id] = facts
        except BrokerError as error:
            logger.warning("evidence cannot be read: %s", error)
        return found


def _size_bytes(facts: MediaFacts) -> int:
    vector_chars = 0 if facts.embedding is None else len(facts.embedding.vector)
    return 500 + len(facts.evidence) + vector_chars + sum(map(len, facts.hashes.values()))
