"""Verdicts, corrections and deletions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams.client.calls import Call, Scope, Status
from streams.client.operation import Api, operation
from streams.client.operations.media import Document
from streams.client.steps import Steps


class ModerationOperations(Api):
    """What a moderator does."""

    @operation
    def give_verdict(
        self,
        /,
        subject: str,
        status: Status,
        *,
        collection: str | None = None,
        labels: Sequence[Mapping[str, Any]] = (),
        reason: str | None = None,
        by: str | None = None,
        scope: Scope | None = None,
        wait_s: float = 0.0,
    ) -> Steps[Document]:
        """Say whether a content is allowed, blocked or for review; `subject` is a content id or a media id. It is for
        the whole group, unless `scope` is `content`.
        """
        body = {
            **{"subject": subject, "status": status, "labels": [dict(label) for label in labels]},
            **{"reason": reason, "by": by, "scope": scope},
        }
        said: Document = yield from self._post("verdicts", collection=collection, body=body, wait_s=wait_s)
        return said

    @operation
    def verdicts(self, /, subject: str, *, collection: str | None = None) -> Steps[Document]:
        """The verdicts in force on a content or a medium, and its moderation events."""
        found: Document = yield from self._get("verdicts", subject, collection=collection)
        return found

    @operation
    def withdraw_verdict(
        self,
        /,
        subject: str,
        *,
        collection: str | None = None,
        reason: str | None = None,
        by: str | None = None,
        wait_s: float = 0.0,
    ) -> Steps[Document]:
        """Take a verdict back."""
        body = {"subject": subject, "reason": reason, "by": by}
        said: Document = yield from self._post("withdrawals", collection=collection, body=body, wait_s=wait_s)
        return said

    @operation
    def split(self, /, subject: str, other: str, **said: Any) -> Steps[Document]:
        """Say that two contents are not copies; `said` are those of `withdraw_verdict`."""
        return (yield from self._pair("splits", subject, other, **said))

    @operation
    def merge(self, /, subject: str, other: str, **said: Any) -> Steps[Document]:
        """Say that two contents are copies; `said` are those of `withdraw_verdict`."""
        return (yield from self._pair("merges", subject, other, **said))

    @operation
    def undo(self, /, subject: str, other: str, **said: Any) -> Steps[Document]:
        """Take a split or a merge of two contents back; `said` are those of `withdraw_verdict`."""
        return (yield from self._pair("undos", subject, other, **said))

    def _pair(
        self, act: str, subject: str, other: str, *, collection: str | None = None, wait_s: float = 0.0, **said: Any
    ) -> Steps[Document]:
        body = {"subject": subject, "other": other, **said}
        document: Document = yield from self._post(act, collection=collection, body=body, wait_s=wait_s)
        return document

    @operation
    def act_batch(
        self, /, acts: Sequence[Mapping[str, Any]], *, collection: str | None = None
    ) -> Steps[list[Document]]:
        """Up to 200 verdicts and corrections; an act has an `event` and the fields of its method.

        The answers are in the order of the acts, also of those that were refused.
        """
        body = {"acts": [dict(act) for act in acts]}
        done: list[Document] = yield from self._post("verdicts", "batch", collection=collection, body=body)
        return done

    @operation
    def review(self, /, *, collection: str | None = None, **filters: Any) -> Steps[Document]:
        """A page of the groups that wait for a person; `filters` are `confidence`, `kind`, `limit` and `cursor`."""
        page: Document = yield from self._get("review", collection=collection, **filters)
        return page

    @operation
    def collections(self, /) -> Steps[list[Document]]:
        """The collections that the key reaches, with what waits for a person in each."""
        found: list[Document] = yield from self._send(Call.of("GET", "collections"))
        return found

    @operation
    def delete(
        self,
        /,
        subject: str,
        *,
        collection: str | None = None,
        reason: str | None = None,
        by: str | None = None,
        dry_run: bool = False,
        wait_s: float = 0.0,
    ) -> Steps[Document]:
        """Delete a medium, or all media of a content. It cannot be taken back; `dry_run` says what would go."""
        body = {"subject": subject, "reason": reason, "by": by, "dry_run": dry_run}
        deletion: Document = yield from self._post("deletions", collection=collection, body=body, wait_s=wait_s)
        return deletion
