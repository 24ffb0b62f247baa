"""Submit media, and read the decisions about them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from streams.client import calls
from streams.client.calls import Call, SubmittedMedium
from streams.client.errors import ApiError, NotDecidedError
from streams.client.operation import Api, operation
from streams.client.steps import Pause, Steps, seconds_until
from streams.domain.records import Decision

Document = dict[str, Any]


class MediaOperations(Api):
    """Submissions, decisions, media and groups."""

    @operation
    def submit(
        self,
        /,
        data: bytes,
        *,
        media_id: str | None = None,
        collection: str | None = None,
        content_type: str = "application/octet-stream",
        kind: str = "auto",
        priority: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        job_id: str | None = None,
        wait_s: float = 0.0,
    ) -> Steps[SubmittedMedium]:
        """Submit the bytes of a medium; with `wait_s`, wait up to 30 s for the decision."""
        headers = {"Content-Type": content_type, "Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        call = Call.of(
            *(("POST", "submissions") if media_id is None else ("PUT", "media", media_id)),
            params={"collection": self._in(collection), "kind": kind, "priority": priority, "job_id": job_id},
            headers=headers | calls.metadata_header(metadata),
            content=data,
            wait_s=wait_s,
        )
        return calls.read_submitted((yield from self._send(call)))

    @operation
    def submit_url(
        self,
        /,
        url: str,
        *,
        media_id: str | None = None,
        collection: str | None = None,
        kind: str = "auto",
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        job_id: str | None = None,
        wait_s: float = 0.0,
    ) -> Steps[SubmittedMedium]:
        """Submit a medium that workers fetch from a URL."""
        body = {
            "url": url,
            "media_id": media_id,
            "collection": self._in(collection),
            "kind": kind,
            "metadata": dict(metadata) if metadata else None,
            "idempotency_key": idempotency_key or str(uuid.uuid4()),
            "job_id": job_id,
        }
        return calls.read_submitted((yield from self._send(Call.of("POST", "submissions", body=body, wait_s=wait_s))))

    @operation
    def submit_batch(
        self, /, entries: Sequence[Mapping[str, Any]], *, collection: str | None = None, job_id: str | None = None
    ) -> Steps[list[Document]]:
        """Submit up to 1,000 media by URL; an entry has the fields of `submit_url`, and gets an idempotency
        key. The answers are in the order of the entries, also of those that were refused.
        """
        body = [{"idempotency_key": str(uuid.uuid4()), **entry} for entry in entries]
        call = Call.of(
            *("POST", "submissions", "batch"),
            params={"collection": self._in(collection), "job_id": job_id},
            content=orjson.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        submitted: list[Document] = yield from self._send(call)
        return submitted

    @operation
    def submit_and_wait(self, /, data: bytes, *, timeout_s: float = 60.0, **fields: Any) -> Steps[SubmittedMedium]:
        """Submit the bytes of a medium and wait for the decision; `fields` are those of `submit`.

        Raises:
            NotDecidedError: the decision did not come in time; it will come later.
        """
        ends_at = time.monotonic() + timeout_s
        submitted = yield from MediaOperations.submit(self, data, **fields, wait_s=min(timeout_s, calls.MAX_WAIT_S))
        attempt = 0
        while submitted.decision is None:
            attempt += 1
            left_s = seconds_until(ends_at)
            if left_s <= 0:
                raise NotDecidedError(submitted.media_id, timeout_s)
            yield Pause(min(left_s, self.retries.pause_s(attempt)))
            found = yield from MediaOperations.find_decision(self, submitted.media_id, collection=submitted.collection)
            if found is not None and found.submission_id == submitted.submission_id:
                submitted = replace(submitted, decision=found)
        return submitted

    @operation
    def decision(self, /, media_id: str, *, collection: str | None = None, wait_s: float = 0.0) -> Steps[Decision]:
        """The latest decision about a medium."""
        params = {"collection": self._in(collection)}
        call = Call.of("GET", "decisions", media_id, params=params, wait_s=wait_s)
        return calls.read_decision((yield from self._send(call)))

    @operation
    def find_decision(self, /, media_id: str, *, collection: str | None = None) -> Steps[Decision | None]:
        """The latest decision about a medium; None if there is none yet."""
        try:
            return (yield from MediaOperations.decision(self, media_id, collection=collection))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    @operation
    def decisions(self, /, *, collection: str | None = None, **filters: Any) -> Steps[Document]:
        """A page of current decisions, the latest first; `filters` are the parameters of the description, with
        `limit` and `cursor`.
        """
        page: Document = yield from self._get("decisions", collection=collection, **filters)
        return page

    @operation
    def history(self, /, media_id: str, *, collection: str | None = None) -> Steps[list[Document]]:
        """All decisions about a medium, the latest first."""
        found: list[Document] = yield from self._get("history", media_id, collection=collection)
        return found

    @operation
    def medium(self, /, media_id: str, *, collection: str | None = None) -> Steps[Document]:
        """A medium with its latest decision, how often it came, and its group."""
        found: Document = yield from self._get("media", media_id, collection=collection)
        return found

    @operation
    def group(
        self, content_id: str, *, collection: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Steps[Document]:
        """The group of a content: canonical and copies, why each is there, what differs, and whose the verdict is."""
        found: Document = yield from self._get("groups", content_id, collection=collection, limit=limit, cursor=cursor)
        return found

    @operation
    def groups(
        self,
        /,
        *,
        collection: str | None = None,
        for_review: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Steps[Document]:
        """A page of the groups with copies, the largest first."""
        page: Document = yield from self._get(
            "groups", collection=collection, for_review=for_review, limit=limit, cursor=cursor
        )
        return page

    @operation
    def statistics(self, /, *, collection: str | None = None) -> Steps[Document]:
        """Outcomes, copies, confidences, failures, alterations, latency and saved calls of a collection."""
        found: Document = yield from self._get("statistics", collection=collection)
        return found

    @operation
    def key(self, /) -> Steps[Document]:
        """The key of this client: its name, roles and collections."""
        found: Document = yield from self._send(Call.of("GET", "me"))
        return found
