"""Hash lists; a key needs the role `admin`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from streams.client.calls import Call, Status
from streams.client.operation import Api, operation
from streams.client.operations.media import Document
from streams.client.steps import Steps

ListFormat = Literal["csv", "ndjson", "threatexchange"]
CONTENT_TYPES: Final[dict[ListFormat, str]] = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "threatexchange": "application/json",
}


class ListOperations(Api):
    """Import, show, export and drop hash lists."""

    @operation
    def hash_lists(self, /, *, collection: str | None = None) -> Steps[list[Document]]:
        """The hash lists in force, and what they matched."""
        found: list[Document] = yield from self._get("lists", collection=collection)
        return found

    @operation
    def hash_list(self, /, name: str, *, collection: str | None = None) -> Steps[Document]:
        """A hash list and its changes, the latest first."""
        found: Document = yield from self._get("lists", name, collection=collection)
        return found

    @operation
    def hash_list_entries(self, /, name: str, *, collection: str | None = None) -> Steps[list[Document]]:
        """All entries of a hash list, as an import takes them; they are held in memory."""
        params = {"collection": self._in(collection)}
        entries: list[Document] = yield from self._send(
            Call.of("GET", "lists", name, "entries", params=params, lines=True)
        )
        return entries

    @operation
    def import_hash_list(
        self,
        /,
        name: str,
        data: bytes,
        *,
        version: str,
        list_format: ListFormat,
        collection: str | None = None,
        status: Status | None = None,
        negative: bool = False,
        labels: Sequence[str] = (),
        **settings: Any,
    ) -> Steps[Document]:
        """Import a hash list in place of the list of this name; nothing is imported if a line is wrong.

        Args:
            name: of the list.
            data: the file, of at most 20 MiB.
            version: of the list.
            list_format: of the file.
            collection: that gets it.
            status: the verdict of entries that name none; not with `negative`.
            negative: contents on the list are never matched by near hashes.
            labels: of entries that name none.
            settings: `source`, `reason`, `perceptual`, `quarantine_after` and `algorithm` of the description.
        """
        params = {
            **{"collection": self._in(collection), "version": version, "status": status},
            **{"negative": negative or None, "label": list(labels) or None},
            **settings,
        }
        headers = {"Content-Type": CONTENT_TYPES[list_format]}
        changed: Document = yield from self._send(
            Call.of("PUT", "lists", name, params=params, headers=headers, content=data)
        )
        return changed

    @operation
    def drop_hash_list(
        self, /, name: str, *, collection: str | None = None, reason: str | None = None
    ) -> Steps[Document]:
        """Drop a hash list and take back its verdicts."""
        params = {"collection": self._in(collection), "reason": reason}
        changed: Document = yield from self._send(Call.of("DELETE", "lists", name, params=params))
        return changed
