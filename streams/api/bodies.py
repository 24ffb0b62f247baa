"""Reads media from requests: the raw body, or a part of a form. The gate has bounded size and time of the body."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from streams.api.problems import Problem
from streams.domain.fingerprint.formats import HEAD_BYTES
from streams.services.submit.files import content_type_of
from streams.services.submit.records import max_inline_bytes

FORM: Final = "multipart/form-data"
JSON_TYPES: Final = frozenset({"application/json", "application/cloudevents+json"})
#: Other bodies than the medium that fit into a request with one.
FORM_OVERHEAD_BYTES: Final = 64 << 10
MAX_FIELDS: Final = 16
MAX_FIELD_BYTES: Final = 16 << 10


@dataclass(frozen=True, slots=True)
class UploadedMedium:
    """The bytes of a medium, its content type, and the other fields of a form."""

    data: bytes = field(repr=False)
    content_type: str
    fields: dict[str, str] = field(default_factory=dict)


def max_body_bytes() -> int:
    """The largest body of a request with a medium."""
    return max_inline_bytes() + FORM_OVERHEAD_BYTES


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def read_medium(request: Request) -> UploadedMedium:
    """The medium of a raw body or of a form's part `file`.

    Raises:
        Problem: there is none, it is too large, or the form is broken.
    """
    if media_type(request) == FORM:
        return await _read_form(request)
    data = await request.body()
    return _checked(data, request.headers.get("content-type", ""), "", {})


async def read_json(request: Request) -> Any:
    """The JSON of a body.

    Raises:
        Problem: it is not valid JSON.
    """
    import orjson

    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise Problem(422, "bad_request", "The body must be valid JSON.") from error


async def _read_form(request: Request) -> UploadedMedium:
    try:
        async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
            fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
            files = [value for value in form.values() if isinstance(value, UploadFile)]
            if len(files) != 1:
                raise Problem(422, "bad_request", "The form must have one part `file` with a file name.")
            data = await files[0].read()
            return _checked(data, files[0].content_type or "", files[0].filename or "", fields)
    except (MultiPartException, HTTPException) as error:  # the latter within an app
        raise Problem(422, "bad_request", "The form is broken, or has too many or too large fields.") from error


def _checked(data: bytes, content_type: str, name: str, fields: dict[str, str]) -> UploadedMedium:
    if not data:
        raise Problem(422, "bad_medium", "The body is empty; send the medium's bytes.", "source_empty")
    if len(data) > max_inline_bytes():
        detail = f"At most {max_inline_bytes():,} bytes are taken. Submit a URL in place of the medium."
        raise Problem(413, "too_large", detail, "source_too_large")
    declared = content_type.split(";")[0].strip().lower()
    if not declared or declared in JSON_TYPES or not declared.isascii() or declared == "application/octet-stream":
        declared = content_type_of(data[:HEAD_BYTES], name)
    return UploadedMedium(data, declared[:128], fields)
