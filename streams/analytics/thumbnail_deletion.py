"""Deletes the thumbnails of contents that no medium has any more, on a thread of its own.

ClickHouse knows what was deleted, so a store that is away delays only this: what is due is deleted once it is back.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from streams import metrics
from streams.analytics.client import connect
from streams.analytics.queries.moderation.deleted_contents import contents_in_use, deleted_contents
from streams.config.settings import Settings
from streams.errors import AnalyticsError, MediasieveError
from streams.thumbnails.names import STORED, digest_of, object_name
from streams.thumbnails.store import ThumbnailStore, open_store

logger = logging.getLogger(__name__)

LOOK_INTERVAL_S: Final = 10.0
SETTLED_S: Final = 30
"""A submission of the same content that is on its way is in ClickHouse by then, and its thumbnails stay."""

LOOK_BACK: Final = timedelta(days=7)
"""A worker that starts deletes again what was due in this time: another may have ended before it did."""

CONTENTS_AT_ONCE: Final = 500
CLOSE_TIMEOUT_S: Final = 2.0
"""ClickHouse or the store may be away. What is cut off is done again by the next worker."""


class ThumbnailDeleter:
    """Looks from time to time what was deleted.

    Args:
        settings: of ClickHouse.
        store: where thumbnails are.
        settled_s: how old a deletion must be.
    """

    def __init__(self, settings: Settings, store: ThumbnailStore, settled_s: int = SETTLED_S) -> None:
        self._settings = settings
        self._store = store
        self._settled_s = settled_s
        self._after = (datetime.now(UTC) - LOOK_BACK, "")
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="thumbnail-deleter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End after the content in work. Blocks for a moment."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_TIMEOUT_S)

    def look(self) -> int:
        """Delete the thumbnails that are due; returns of how many contents.

        Raises:
            AnalyticsError, ThumbnailStoreError: either is away; the next look begins where this one ended.
        """
        deleted = 0
        with connect(self._settings) as client:
            while not self._closed.is_set():
                page = deleted_contents(client, after=self._after, settled_s=self._settled_s, limit=CONTENTS_AT_ONCE)
                if not page:
                    break
                names = list(dict.fromkeys(content.content_id for content in page))
                used = contents_in_use(client, names)
                for name in names:
                    deleted += name not in used and self._delete(name)
                self._after = (page[-1].ingested_at, page[-1].content_id)
        return deleted

    def _delete(self, content_id: str) -> bool:
        digest = digest_of(content_id)
        if digest is None:
            return False
        self._store.delete([object_name(digest, file) for file in STORED])
        metrics.THUMBNAILS.labels("deleted").inc()
        return True

    def _run(self) -> None:
        while not self._closed.wait(LOOK_INTERVAL_S):
            try:
                self.look()
            except AnalyticsError:
                continue  # the stage itself says so
            except MediasieveError as error:
                logger.warning("thumbnails of deleted media wait to be deleted: %s", error)


def open_deleter(settings: Settings) -> ThumbnailDeleter | None:
    """The deleter of a worker; None if no thumbnails are made.

    Raises:
        ConfigurationError: as `ThumbnailStore`.
    """
    store = open_store(settings)
    return None if store is None else ThumbnailDeleter(settings, store)
