"""Search, and look media up without submitting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams.client.calls import Call
from streams.client.operation import Api, operation
from streams.client.operations.media import Document
from streams.client.steps import Steps


class SearchOperations(Api):
    """Searches by text, hash, medium and picture."""

    @operation
    def search(self, /, **query: Any) -> Steps[Document]:
        """Search by one of `text`, `hash`, `media_id`, `content_id` and `url`; the other fields say within what.

        With `likeness` set to `visual` or `model`, `looks` of the answer has what looks alike, copies or not.
        """
        body = {"collection": self.collection, **query}
        found: Document = yield from self._send(Call.of("POST", "search", body=body))
        return found

    @operation
    def search_text(
        self,
        /,
        text: str,
        *,
        collection: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **within: Any,
    ) -> Steps[Document]:
        """A page of decisions that have all words of a text, the latest first, each with the places of the words."""
        found: Document = yield from self._get(
            "search", collection=collection, q=text, limit=limit, cursor=cursor, **within
        )
        return found

    @operation
    def search_picture(
        self,
        /,
        data: bytes,
        *,
        collection: str | None = None,
        content_type: str = "application/octet-stream",
        **within: Any,
    ) -> Steps[Document]:
        """Known media like a picture or video.

        `within` are `owner`, `label`, `since`, `limit`, `likeness` (`copy`, `visual` or `model`) and others.
        """
        params = {"collection": self._in(collection), **within}
        call = Call.of("POST", "search", params=params, headers={"Content-Type": content_type}, content=data)
        found: Document = yield from self._send(call)
        return found

    @operation
    def search_batch(
        self, queries: Sequence[Mapping[str, Any]], *, collection: str | None = None
    ) -> Steps[list[Document]]:
        """The results of up to 50 searches, in their order, also of those that were refused."""
        body = {"queries": [dict(query) for query in queries]}
        found: list[Document] = yield from self._post("search", "batch", collection=collection, body=body)
        return found

    @operation
    def look_up(
        self,
        /,
        data: bytes | None = None,
        *,
        url: str | None = None,
        collection: str | None = None,
        content_type: str = "application/octet-stream",
        limit: int = 20,
    ) -> Steps[Document]:
        """Looks a medium up without submitting it: fingerprint, matches, verdict, labels and source."""
        params = {"collection": self._in(collection), "limit": limit}
        call = Call.of("POST", "lookup", params=params, body={"url": url})
        if data is not None:
            call = Call.of("POST", "lookup", params=params, headers={"Content-Type": content_type}, content=data)
        found: Document = yield from self._send(call)
        return found
