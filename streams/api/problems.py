"""Errors as RFC 9457 has them. A problem says what to do, and never repeats the request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from streams import metrics
from streams.errors import AnalyticsError, BadInput, BrokenInfrastructure, BrokerError, Overloaded, Reason
from streams.services.wording import reason_in_words

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:mediasieve:problem:"
MAX_ERRORS: Final = 20
FIELD_REGEX: Final = re.compile(r"(?:field|header) '([\w.\[\]-]{1,80})'")
SAFE_LOCATION_REGEX: Final = re.compile(r"[A-Za-z_][\w-]{0,63}")

#: Title of every problem, by its code.
TITLES: Final = {
    "bad_request": "The request is not valid",
    "bad_medium": "The medium cannot be used",
    "bad_cursor": "The cursor is not valid",
    "bad_host": "The host is not served",
    "key_missing": "An API key is needed",
    "key_unknown": "The API key is not valid",
    "role_missing": "The API key may not do this",
    "collection_forbidden": "The API key does not reach this collection",
    "bad_thumbnail_url": "The URL of the thumbnail is not valid",
    "callback_refused": "The address is not served",
    "no_picture_model": "There is no picture model",
    "not_found": "Not found",
    "method_not_allowed": "The method is not allowed",
    "too_slow": "The body came too slowly",
    "too_large": "The body is too large",
    "wrong_type": "The type of the body is not supported",
    "rate_limited": "Too many requests",
    "overloaded": "Too much at once",
    "kafka_away": "Kafka does not answer",
    "clickhouse_away": "ClickHouse does not answer",
    "unavailable": "A part of the system does not answer",
    "internal_error": "An error of mediasieve itself",
}
STATUS_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "wrong_type"}
TOO_LARGE_REASONS: Final = frozenset({Reason.SOURCE_TOO_LARGE, Reason.TOO_MANY_PIXELS, Reason.TOO_LONG})


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a request; `field` is its place, such as `query.limit`."""

    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class ProblemDocument:
    """A problem as RFC 9457 has it, with the stable `code` that programs go by.

    `detail` says what to do. `reason` is the stable reason of a medium that cannot be used, `errors` are the fields of
    a request that are wrong, and `request_id` is in the log of the API.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str = ""
    reason: str | None = None
    errors: Sequence[FieldError] = ()


@dataclass(eq=False)
class Problem(Exception):
    """An error that a route raises and a client reads."""

    status: int
    code: str
    detail: str
    reason: str | None = None
    errors: Sequence[FieldError] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def document(self, request_id: str = "") -> dict[str, Any]:
        """The members of the document; those that say nothing are left out."""
        found: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code,
            "title": TITLES[self.code],
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }
        if self.reason is not None:
            found["reason"] = self.reason
        if self.errors:
            found["errors"] = list(self.errors)
        return found

    def response(self, request_id: str = "") -> Response:
        metrics.API_REFUSED.labels(self.code).inc()
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(orjson.dumps(self.document(request_id)), self.status, headers, MEDIA_TYPE)


def not_found(what: str) -> Problem:
    return Problem(404, "not_found", f"There is no such {what} in this collection.")


def problem_of(error: Exception) -> Problem:
    """The problem that a client reads of an error."""
    match error:
        case ExceptionGroup():  # of questions that ran at once
            return problem_of(error.exceptions[0])
        case Problem():
            return error
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            return _of_status(error)
        case BadInput():
            return _of_bad_input(error)
        case Overloaded():
            return Problem(503, "overloaded", "Ask again in a second.", headers={"Retry-After": "1"})
        case BrokerError():
            return Problem(503, "kafka_away", "Ask again later; nothing was lost.", headers={"Retry-After": "5"})
        case AnalyticsError():
            return Problem(503, "clickhouse_away", "Ask again later.", headers={"Retry-After": "5"})
        case BrokenInfrastructure():
            return Problem(503, "unavailable", "Ask again later.", headers={"Retry-After": "5"})
        case _:
            return Problem(500, "internal_error", "Say the request_id to those who run this API; its log has more.")


def _of_bad_input(error: BadInput) -> Problem:
    """The text of a `BadInput` may repeat the input, so the answer has only its reason and the name of the field."""
    named = FIELD_REGEX.search(error.detail)
    if named is not None:
        fields = [
            FieldError(f"body.{named[1]}", f"{reason_in_words(error.reason)}; the API description says what it is")
        ]
        return Problem(422, "bad_request", "Correct the field that `errors` names.", str(error.reason), fields)
    status = 413 if error.reason in TOO_LARGE_REASONS else 422
    words = reason_in_words(error.reason)
    return Problem(status, "bad_medium", f"{words[:1].upper()}{words[1:]}. Send another medium.", str(error.reason))


def _of_status(error: HTTPException) -> Problem:
    code = STATUS_CODES.get(error.status_code, "bad_request")
    details = {
        "not_found": "There is no such path; /openapi.json has all paths.",
        "method_not_allowed": "The header Allow says which methods this path has.",
        "too_large": "Send less, or a URL in place of the medium.",
    }
    detail = details.get(code, "See /openapi.json for what this operation takes.")
    return Problem(error.status_code, code, detail, headers=dict(error.headers or {}))


def _invalid(error: RequestValidationError) -> Problem:
    """Names the fields and the rules that they break, and repeats nothing of the input."""
    errors = [_field_error(found) for found in error.errors()[:MAX_ERRORS]]
    return Problem(422, "bad_request", "Correct the fields that `errors` names.", errors=errors)


def _field_error(found: Any) -> FieldError:
    parts = [part if isinstance(part, int) or SAFE_LOCATION_REGEX.fullmatch(part) else "?" for part in found["loc"]]
    kind, context = str(found["type"]), found.get("ctx") or {}
    if kind == "extra_forbidden":  # the name is the client's own
        parts[-1] = "?"
    bounds = {
        name: value for name, value in context.items() if name in _BOUNDS and isinstance(value, int | float | str)
    }
    rule = ", ".join(f"{_BOUNDS[name]} {value}" for name, value in bounds.items())
    return FieldError(".".join(map(str, parts)), f"{kind.replace('_', ' ')}{f': {rule}' if rule else ''}")


_BOUNDS: Final = {
    "ge": "at least",
    "gt": "more than",
    "le": "at most",
    "lt": "less than",
    "min_length": "length at least",
    "max_length": "length at most",
    "expected": "one of",
}


async def answer_problem(request: Request, error: Exception) -> Response:
    """The exception handler of the app."""
    problem = problem_of(error)
    return problem.response(request.scope.get("state", {}).get("request_id", ""))
