"""The client for threads. asynchronous.py has the same methods; a test compares them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import httpx

from streams.client import calls
from streams.client.calls import Call, Status, SubmittedMedium
from streams.client.errors import ApiError, NotDecidedError
from streams.client.retries import RETRIED_ERRORS, RETRIED_STATUSES, Retries, timeout_of
from streams.domain.records import Decision


class Client:
    """The HTTP API; one client may be shared by several threads.

    Args:
        url: of the API.
        key: an API key; else MEDIASIEVE_API_KEY. An API on this machine without keys needs none.
        collection: where requests name none; else the only one of the key, else `default`.
        timeout_s: of one attempt, on top of the time that the request asks the API to wait.
        retries: how often a request is repeated that could not be served.

    Raises (every method):
        ApiError: the API refused a request, or could not serve it after all attempts.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        key: str | None = None,
        collection: str | None = None,
        timeout_s: float = 30.0,
        retries: Retries | None = None,
    ) -> None:
        key = key or os.environ.get("MEDIASIEVE_API_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.collection = collection
        self._timeout_s = timeout_s
        self._retries = retries or Retries()
        self._http = httpx.Client(base_url=url.rstrip("/"), headers=headers, trust_env=False)

    def submit(
        self,
        data: bytes,
        *,
        media_id: str | None = None,
        collection: str | None = None,
        content_type: str = "application/octet-stream",
        kind: str = "auto",
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        wait_s: float = 0.0,
    ) -> SubmittedMedium:
        """Submit the bytes of a medium; with `wait_s`, wait up to 30 s for the decision."""
        call = calls.submit_call(
            data,
            media_id=media_id,
            collection=collection or self.collection,
            content_type=content_type,
            kind=kind,
            metadata=metadata,
            idempotency_key=idempotency_key,
            wait_s=wait_s,
        )
        return calls.read_submitted(self.call(call))

    def submit_url(
        self,
        url: str,
        *,
        media_id: str | None = None,
        collection: str | None = None,
        kind: str = "auto",
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        wait_s: float = 0.0,
    ) -> SubmittedMedium:
        """Submit a medium that workers fetch from a URL."""
        call = calls.submit_url_call(
            url,
            media_id=media_id,
            collection=collection or self.collection,
            kind=kind,
            metadata=metadata,
            idempotency_key=idempotency_key,
            wait_s=wait_s,
        )
        return calls.read_submitted(self.call(call))

    def submit_and_wait(self, data: bytes, *, timeout_s: float = 60.0, **fields: Any) -> SubmittedMedium:
        """Submit the bytes of a medium and wait for the decision; `fields` are those of `submit`.

        Raises:
            NotDecidedError: the decision did not come in time; it will come later.
        """
        ends_at = time.monotonic() + timeout_s
        submitted = self.submit(data, **fields, wait_s=min(timeout_s, calls.MAX_WAIT_S))
        attempt = 0
        while submitted.decision is None:
            attempt += 1
            left_s = ends_at - time.monotonic()
            if left_s <= 0:
                raise NotDecidedError(submitted.media_id, timeout_s)
            time.sleep(min(left_s, self._retries.pause_s(attempt)))
            found = self.find_decision(submitted.media_id, collection=submitted.collection)
            if found is not None and found.submission_id == submitted.submission_id:
                submitted = replace(submitted, decision=found)
        return submitted

    def decision(self, media_id: str, *, collection: str | None = None, wait_s: float = 0.0) -> Decision:
        """The latest decision about a medium."""
        call = calls.decision_call(media_id, collection or self.collection, wait_s)
        return calls.read_decision(self.call(call))

    def find_decision(self, media_id: str, *, collection: str | None = None) -> Decision | None:
        """The latest decision about a medium; None if there is none yet."""
        try:
            return self.decision(media_id, collection=collection)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def look_up(
        self,
        data: bytes | None = None,
        *,
        url: str | None = None,
        collection: str | None = None,
        content_type: str = "application/octet-stream",
        limit: int = 20,
    ) -> dict[str, Any]:
        """Looks a medium up without submitting it: fingerprint, matches, verdict, labels and source."""
        call = calls.lookup_call(data, url, collection or self.collection, content_type, limit)
        found: dict[str, Any] = self.call(call)
        return found

    def search(self, **query: Any) -> dict[str, Any]:
        """Search by one of `text`, `hash`, `media_id`, `content_id` and `url`; the other fields say within what."""
        given = {"collection": self.collection, **query}
        body = {name: value for name, value in given.items() if value is not None}
        found: dict[str, Any] = self.call(calls.json_call("POST", "/v1/search", body))
        return found

    def medium(self, media_id: str, *, collection: str | None = None) -> dict[str, Any]:
        """A medium with its latest decision, how often it came, and its group."""
        call = calls.get_call(calls.path_of("media", media_id), collection=collection or self.collection)
        found: dict[str, Any] = self.call(call)
        return found

    def group(self, content_id: str, *, collection: str | None = None) -> dict[str, Any]:
        """The group of a content: canonical and copies, why each is there, what differs, and whose the verdict is."""
        call = calls.get_call(calls.path_of("groups", content_id), collection=collection or self.collection)
        found: dict[str, Any] = self.call(call)
        return found

    def give_verdict(
        self,
        subject: str,
        status: Status,
        *,
        collection: str | None = None,
        labels: Sequence[Mapping[str, Any]] = (),
        reason: str | None = None,
        by: str | None = None,
        wait_s: float = 0.0,
    ) -> dict[str, Any]:
        """Say whether a content is allowed, blocked or for review; `subject` is a content id or a media id."""
        call = calls.verdict_call(
            subject,
            status,
            collection=collection or self.collection,
            labels=labels,
            reason=reason,
            by=by,
            wait_s=wait_s,
        )
        found: dict[str, Any] = self.call(call)
        return found

    def call(self, call: Call) -> Any:
        """Any request of the API, with retries; returns the JSON of the answer."""
        attempt = 1
        while True:
            headers: Mapping[str, str] | None = None
            try:
                answer = self._http.request(
                    call.method,
                    call.path,
                    params=call.params,
                    headers=call.headers,
                    content=call.content,
                    timeout=timeout_of(call.wait_s, self._timeout_s),
                )
            except RETRIED_ERRORS as error:
                if attempt >= self._retries.attempts:
                    raise ApiError(0, "unreachable", f"the API does not answer ({type(error).__name__})") from error
            except httpx.HTTPError as error:
                raise ApiError(0, "unreachable", f"the request failed ({type(error).__name__})") from error
            else:
                if answer.status_code not in RETRIED_STATUSES or attempt >= self._retries.attempts:
                    return calls.read_json(answer.status_code, answer.content)
                headers = answer.headers
            time.sleep(self._retries.pause_s(attempt, headers))
            attempt += 1

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
