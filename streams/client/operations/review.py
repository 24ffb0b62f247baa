"""What waits for a person, and many verdicts at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams.client.calls import Call
from streams.client.operation import Api, operation
from streams.client.operations.media import Document
from streams.client.steps import Steps


class ReviewOperations(Api):
    """What a moderator looks at."""

    @operation
    def review_queue(
        self,
        /,
        *,
        collection: str | None = None,
        confidence: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Steps[Document]:
        """A page of the groups with submissions that wait for a person, the most urgent first."""
        page: Document = yield from self._get(
            "review", collection=collection, confidence=confidence, kind=kind, limit=limit, cursor=cursor
        )
        return page

    @operation
    def collections(self, /) -> Steps[list[Document]]:
        """The collections that the key reaches, those in which most submissions wait for a person first."""
        found: list[Document] = yield from self._send(Call.of("GET", "collections"))
        return found

    @operation
    def act_batch(self, acts: Sequence[Mapping[str, Any]], *, collection: str | None = None) -> Steps[list[Document]]:
        """Up to 200 verdicts, withdrawals, splits, merges and undos; the answer says in order what became of each."""
        body = {"acts": [dict(act) for act in acts]}
        results: list[Document] = yield from self._post("verdicts", "batch", collection=collection, body=body)
        return results
