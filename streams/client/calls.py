"""Requests and answers as values: what both clients send, and how they read what comes. No I/O here."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote

import orjson

from streams.client.errors import ApiError
from streams.domain.records import Decision

Status = Literal["allowed", "review", "blocked"]

MAX_WAIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `wait_s` is how long the server may take on purpose."""

    method: str
    path: str
    params: dict[str, str | int | float] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SubmittedMedium:
    """A submission that Kafka has, and its decision if that is known; `document` is the answer as it came."""

    submission_id: str
    media_id: str
    collection: str
    decision: Decision | None
    document: dict[str, Any] = field(repr=False)


def submit_call(
    data: bytes,
    *,
    media_id: str | None,
    collection: str | None,
    content_type: str,
    kind: str,
    metadata: Mapping[str, Any] | None,
    idempotency_key: str | None,
    wait_s: float,
) -> Call:
    headers = {"Content-Type": content_type, "Idempotency-Key": idempotency_key or str(uuid.uuid4())}
    if metadata:
        headers["Mediasieve-Metadata"] = json.dumps(dict(metadata), separators=(",", ":"))  # headers are ASCII
    params = _given(collection=collection, kind=kind, wait_s=min(wait_s, MAX_WAIT_S))
    if media_id is None:
        return Call("POST", "/v1/submissions", params, headers, data, wait_s)
    return Call("PUT", f"/v1/media/{quote(media_id, safe='')}", params, headers, data, wait_s)


def submit_url_call(
    url: str,
    *,
    media_id: str | None,
    collection: str | None,
    kind: str,
    metadata: Mapping[str, Any] | None,
    idempotency_key: str | None,
    wait_s: float,
) -> Call:
    body = _given(url=url, media_id=media_id, collection=collection, kind=kind, metadata=dict(metadata or {}) or None,
                  idempotency_key=idempotency_key or str(uuid.uuid4()))  # fmt: skip
    return json_call("POST", "/v1/submissions", body, wait_s=min(wait_s, MAX_WAIT_S))


def decision_call(media_id: str, collection: str | None, wait_s: float = 0.0) -> Call:
    params = _given(collection=collection, wait_s=min(wait_s, MAX_WAIT_S))
    return Call("GET", f"/v1/decisions/{quote(media_id, safe='')}", params, wait_s=wait_s)


def lookup_call(data: bytes | None, url: str | None, collection: str | None, content_type: str, limit: int) -> Call:
    params = _given(collection=collection, limit=limit)
    if data is None:
        return json_call("POST", "/v1/lookup", {"url": url}, params=params)
    return Call("POST", "/v1/lookup", params, {"Content-Type": content_type}, data)


def verdict_call(
    subject: str,
    status: Status,
    *,
    collection: str | None,
    labels: Sequence[Mapping[str, Any]],
    reason: str | None,
    by: str | None,
    wait_s: float,
) -> Call:
    body = _given(subject=subject, status=status, labels=[dict(label) for label in labels], reason=reason, by=by,
                  collection=collection)  # fmt: skip
    return json_call("POST", "/v1/verdicts", body, wait_s=min(wait_s, MAX_WAIT_S))


def json_call(
    method: str, path: str, body: Any, *, params: Mapping[str, Any] | None = None, wait_s: float = 0.0
) -> Call:
    chosen = {**(params or {}), **({"wait_s": wait_s} if wait_s else {})}
    return Call(method, path, chosen, {"Content-Type": "application/json"}, orjson.dumps(body), wait_s)


def get_call(path: str, **params: Any) -> Call:
    return Call("GET", path, _given(**params))


def path_of(*parts: str) -> str:
    """A path of parts from outside."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def read_json(status: int, body: bytes) -> Any:
    """The JSON of an answer.

    Raises:
        ApiError: the answer is a problem.
    """
    try:
        document = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise ApiError(status, "no_json", "the answer is not JSON; check the address of the API") from error
    if status >= 400:
        problem = document if isinstance(document, dict) else {}
        raise ApiError(status, str(problem.get("code", "refused")), str(problem.get("detail", "")), problem)
    return document


def read_submitted(document: dict[str, Any]) -> SubmittedMedium:
    decision = document.get("decision")
    return SubmittedMedium(
        submission_id=document["submission_id"],
        media_id=document["media_id"],
        collection=document["collection"],
        decision=read_decision(decision) if decision else None,
        document=document,
    )


def read_decision(document: dict[str, Any]) -> Decision:
    return Decision.from_json(orjson.dumps(with_whole_facts(document)))


def with_whole_facts(document: dict[str, Any]) -> dict[str, Any]:
    """A decision from ClickHouse has less of a video's facts than its record; a `Decision` has all or none."""
    facts = document.get("facts")
    if facts and facts.get("video") and "path" not in facts["video"]:
        return {**document, "facts": {**facts, "video": None}}
    return document


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
