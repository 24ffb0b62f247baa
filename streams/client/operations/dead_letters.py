"""Dead letters; a key needs the role `admin`."""

from __future__ import annotations

from typing import Any

from streams.client.operation import Api, operation
from streams.client.operations.media import Document
from streams.client.steps import Steps


class DeadLetterOperations(Api):
    """Records that no stage could process: list, show, replay and drop them."""

    @operation
    def dead_letters(self, /, *, collection: str | None = None, **filters: Any) -> Steps[Document]:
        """Dead letters by reason, and the latest; `filters` are `reason`, `since`, `until`, `status` and `limit`."""
        found: Document = yield from self._get("dead-letters", collection=collection, **filters)
        return found

    @operation
    def dead_letter(self, /, partition: int, offset: int, *, collection: str | None = None) -> Steps[Document]:
        """One dead letter with the record that failed."""
        found: Document = yield from self._get("dead-letters", str(partition), str(offset), collection=collection)
        return found

    @operation
    def replay_dead_letters(self, /, *, collection: str | None = None, **which: Any) -> Steps[Document]:
        """Publish dead letters to the topics they came from.

        `which` has at least one of `places`, `reasons`, `stages`, `topics`, `since` and `until`, and may have `note`,
        `again`, `dry_run` and `per_second`.
        """
        done: Document = yield from self._post("dead-letters", "replay", collection=collection, body=which)
        return done

    @operation
    def drop_dead_letters(self, /, *, collection: str | None = None, **which: Any) -> Steps[Document]:
        """Mark dead letters as handled; `which` is that of `replay_dead_letters`."""
        done: Document = yield from self._post("dead-letters", "drop", collection=collection, body=which)
        return done
