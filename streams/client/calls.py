"""Requests and answers as values: what both clients send, and how they read what comes. No I/O here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote

import orjson

from streams.client.errors import ApiError
from streams.domain.records import Decision

Status = Literal["allowed", "review", "blocked"]
Scope = Literal["group", "content"]

MAX_WAIT_S: Final = 30.0
COMPLETE: Final = {"complete": True}
"""The last line of a stream that did not break off."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `wait_s` is how long the server may take on purpose. With `lines`, the answer is lines of JSON."""

    method: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    wait_s: float = 0.0
    lines: bool = False

    @classmethod
    def of(
        cls,
        method: str,
        *parts: str,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        wait_s: float = 0.0,
        lines: bool = False,
    ) -> Call:
        """A request for a path of parts from outside, below /v1; parameters and fields that are None are left out.

        Args:
            method: of HTTP.
            parts: of the path, quoted here.
            params: of the query.
            body: sent as JSON.
            content: sent as it is, in place of a body.
            headers: in addition to those of the client.
            wait_s: how long the server shall wait; at most MAX_WAIT_S.
            lines: the answer is lines of JSON.
        """
        wait_s = min(wait_s, MAX_WAIT_S)
        chosen = {**_given(params or {}), **({"wait_s": wait_s} if wait_s > 0 else {})}
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"], content = "application/json", orjson.dumps(_given(body))
        return cls(method, path_of(*parts), chosen, sent, content, wait_s, lines)

    def request(self) -> dict[str, Any]:
        """The arguments of httpx."""
        return {"method": self.method, "url": self.path, "params": self.params, "headers": self.headers,
                "content": self.content}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SubmittedMedium:
    """A submission that Kafka has, and its decision if that is known; `document` is the answer as it came."""

    submission_id: str
    media_id: str
    collection: str
    decision: Decision | None
    document: dict[str, Any] = field(repr=False)


def connection_options(url: str, key: str | None) -> dict[str, Any]:
    """The arguments of both clients of httpx."""
    key = key or os.environ.get("MEDIASIEVE_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return {"base_url": url.rstrip("/"), "headers": headers, "trust_env": False}


def path_of(*parts: str) -> str:
    """A path of parts from outside."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def metadata_header(metadata: Mapping[str, Any] | None) -> dict[str, str]:
    if not metadata:
        return {}
    return {"Mediasieve-Metadata": json.dumps(dict(metadata), separators=(",", ":"))}  # headers are ASCII


def read_answer(call: Call, status: int, body: bytes) -> Any:
    """The JSON of an answer; of lines, a list without the last line that says that all came.

    Raises:
        ApiError: the answer is a problem, or a stream that broke off.
    """
    if status < 400 and call.lines:
        return _read_lines(body)
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


def _read_lines(body: bytes) -> list[Any]:
    try:
        lines = [orjson.loads(line) for line in body.splitlines()]
    except orjson.JSONDecodeError as error:
        raise ApiError(0, "incomplete", "the stream broke off; ask again") from error
    return lines[:-1] if lines and lines[-1] == COMPLETE else lines


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
