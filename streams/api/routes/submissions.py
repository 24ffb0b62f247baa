"""Submit media: their bytes as they are, a form, a URL, or many URLs at once."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated, Any, Final
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from streams.api.access.auth import Collection, NamedCollection, Principal, Submitting
from streams.api.answers import json_answer, to_json
from streams.api.backend import Backend, Shared
from streams.api.bodies import FORM, JSON_TYPES, UploadedMedium, media_type, read_json, read_medium
from streams.api.parameters import IdempotencyKey, MediaIdPath, WaitSeconds
from streams.api.problems import Problem, problem_of
from streams.api.schemas.submissions import (
    BatchResult,
    FormSubmission,
    Submitted,
    UrlSubmission,
    decode_url_submission,
)
from streams.api.thumbnails import decision_json
from streams.domain.records.fields import MAX_ID_CHARS
from streams.domain.records.job import Lane
from streams.domain.records.submission import Kind
from streams.errors import MediasieveError
from streams.kafka.publisher import SubmissionRecord
from streams.services.submit.online import OnlineSubmission, submit_online
from streams.services.submit.records import Envelope, record_from_bytes, record_from_json_line

router = APIRouter(tags=["submit"])

MAX_BATCH: Final = 1000
MAX_METADATA_CHARS: Final = 4096
BYTES: Final = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
MEDIA_BODY: Final = {
    "required": True,
    "description": "The bytes of a picture or a video.",
    "content": {"application/octet-stream": BYTES, "image/jpeg": BYTES, "image/png": BYTES, "video/mp4": BYTES},
}
LINE: Final = '{"media_id":"photo-1","url":"https://cdn.example.com/photo-1.jpg"}\n'
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": Submitted, "description": "Decided."},
    202: {"model": Submitted, "description": "Kafka has the submission; the decision was not waited for, or is late."},
}

KindQuery = Annotated[Kind, Query(description="What the medium must be; `auto` for either.")]
Priority = Annotated[int, Query(ge=0, le=9, description="For people and programs that read decisions.")]
Metadata = Annotated[
    str | None,
    Header(
        alias="Mediasieve-Metadata",
        max_length=MAX_METADATA_CHARS,
        description="A JSON object that decisions carry; `owner` in it can be searched by.",
        examples=['{"owner":"u-77"}'],
    ),
]
JobId = Annotated[
    str | None,
    Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,127}$", description="The job that the submission is part of."),
]
ReferenceQuery = Annotated[bool, Query(description="Adds the medium to a reference collection; for keys with `admin`.")]
LaneQuery = Annotated[Lane, Query(description="`bulk` waits for `live`: for imports, never for what people wait for.")]
MediaIdQuery = Annotated[
    str | None,
    Query(min_length=1, max_length=MAX_ID_CHARS, pattern=r"^[^\x00]+$",
          description="Your id of the medium; without it, one is made."),
]  # fmt: skip


@router.put("/media/{media_id:path}", operation_id="submit_medium", responses=ANSWERS,
            openapi_extra={"requestBody": MEDIA_BODY})  # fmt: skip
async def put_medium(
    request: Request,
    principal: Submitting,
    backend: Shared,
    media_id: MediaIdPath,
    collection: Collection,
    kind: KindQuery = "auto",
    priority: Priority = 0,
    metadata: Metadata = None,
    idempotency_key: IdempotencyKey = None,
    job_id: JobId = None,
    lane: LaneQuery = "live",
    reference: ReferenceQuery = False,
    wait_s: WaitSeconds = 0.0,
) -> Response:
    """Submit the bytes of a medium under your id, with its own content type."""
    if reference:
        principal.check_role("admin")
    if media_type(request) in JSON_TYPES:
        raise Problem(
            415, "wrong_type", "Send the medium's bytes with its own content type; URLs go to /v1/submissions."
        )
    medium = await read_medium(request)
    envelope = _envelope(collection, kind, priority, _metadata(metadata), idempotency_key, job_id, reference=reference)
    return await _submit(
        request, backend, record_from_bytes(medium.data, media_id, medium.content_type, envelope), wait_s, lane
    )


@router.post("/submissions", operation_id="submit", status_code=202, responses=ANSWERS, openapi_extra={
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/UrlSubmission"}},
            FORM: {"schema": {"$ref": "#/components/schemas/FormSubmission"}},
            **MEDIA_BODY["content"],  # type: ignore[dict-item]
        },
    }
})  # fmt: skip
async def submit(
    request: Request,
    principal: Submitting,
    backend: Shared,
    named: NamedCollection,
    media_id: MediaIdQuery = None,
    kind: KindQuery = "auto",
    priority: Priority = 0,
    metadata: Metadata = None,
    idempotency_key: IdempotencyKey = None,
    job_id: JobId = None,
    lane: LaneQuery = "live",
    wait_s: WaitSeconds = 0.0,
) -> Response:
    """Submit a medium: its bytes, a form with the part `file`, or JSON with a URL that workers fetch.

    Fields of a form or of JSON win over the parameters of the request.
    """
    envelope = _envelope(named or "", kind, priority, _metadata(metadata), idempotency_key, job_id)
    if media_type(request) in JSON_TYPES:
        document = decode_url_submission(await read_json(request))
        record = _record_from_document(document, envelope, principal, media_id)
    else:
        medium = await read_medium(request)
        record = _record_from_upload(medium, envelope, principal, media_id)
    return await _submit(request, backend, record, wait_s, lane)


@router.post("/submissions/batch", operation_id="submit_batch", responses={200: {"model": list[BatchResult]}},
             openapi_extra={"requestBody": {"required": True, "content": {
                 "application/json": {"schema": {
                     "type": "array", "minItems": 1, "maxItems": MAX_BATCH,
                     "items": {"$ref": "#/components/schemas/UrlSubmission"}}},
                 "application/x-ndjson": {"schema": {"type": "string"},
                                          "example": LINE}}}})  # fmt: skip
async def submit_batch(
    request: Request,
    principal: Submitting,
    backend: Shared,
    named: NamedCollection,
    job_id: JobId = None,
    lane: LaneQuery = "live",
) -> Response:
    """Submit up to 1,000 URLs, as a JSON array or as lines of JSON. The answer has one entry for each, in order."""
    documents = await _documents(request)
    envelope = _envelope(named or "", "auto", 0, {}, None, job_id)

    async def submit_one(number: int, document: Any) -> BatchResult:
        try:
            record = _record_from_document(decode_url_submission(document), envelope, principal, None)
            submitted = await submit_online(
                backend.publisher, backend.feed, record, wait_s=0.0, on_published=lambda: None, lane=lane
            )
        except (Problem, MediasieveError) as error:
            return _refused(number, error)
        return BatchResult(number, 202, submitted.media_id, submitted.submission_id)

    return json_answer(await asyncio.gather(*(submit_one(*entry) for entry in enumerate(documents))))


async def _documents(request: Request) -> list[Any]:
    if media_type(request) == "application/x-ndjson":
        lines = [line for line in (await request.body()).splitlines() if line.strip()]
        documents: list[Any] = [_line(line) for line in lines[: MAX_BATCH + 1]]
    else:
        found = await read_json(request)
        documents = found if isinstance(found, list) else []
    if not 1 <= len(documents) <= MAX_BATCH:
        raise Problem(422, "bad_request", f"Send 1 to {MAX_BATCH:,} submissions, as a JSON array or as lines of JSON.")
    return documents


def _line(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _refused(number: int, error: Problem | MediasieveError) -> BatchResult:
    problem = problem_of(error)
    named = f" ({problem.errors[0].field}: {problem.errors[0].problem})" if problem.errors else ""
    return BatchResult(number, problem.status, code=problem.code, detail=problem.detail + named)


def _envelope(
    collection: str,
    kind: Kind,
    priority: int,
    metadata: dict[str, Any],
    idempotency_key: str | None,
    job_id: str | None,
    *,
    reference: bool = False,
) -> Envelope:
    """The source names the collection, so that equal keys of two collections are two submissions."""
    source = f"/mediasieve/api/{collection}"
    return Envelope(
        collection,
        kind,
        priority,
        metadata,
        source,
        event_id=idempotency_key or "",
        job_id=job_id,
        reference=reference,
    )


def _metadata(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        document: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise Problem(422, "bad_request", "The header Mediasieve-Metadata must be a JSON object.")
    return document


def _record_from_document(
    document: UrlSubmission, envelope: Envelope, principal: Principal, media_id: str | None
) -> SubmissionRecord:
    collection = principal.choose_collection(document.collection, envelope.collection)
    chosen = _envelope(
        collection,
        document.kind or envelope.kind,
        envelope.priority if document.priority is None else document.priority,
        envelope.metadata if document.metadata is None else document.metadata,
        document.idempotency_key or envelope.event_id,
        envelope.job_id,
    )
    return record_from_json_line(to_json({"media_id": document.media_id or media_id or document.url,
                                          "url": document.url}), chosen)  # fmt: skip


def _record_from_upload(
    medium: UploadedMedium, envelope: Envelope, principal: Principal, media_id: str | None
) -> SubmissionRecord:
    form = FormSubmission.of(medium.fields)
    chosen = _envelope(
        principal.choose_collection(form.collection, envelope.collection),
        form.kind or envelope.kind,
        envelope.priority if form.priority is None else form.priority,
        _metadata(form.metadata) if form.metadata else envelope.metadata,
        envelope.event_id,
        envelope.job_id,
    )
    return record_from_bytes(medium.data, form.media_id or media_id or str(uuid.uuid4()), medium.content_type, chosen)


async def _submit(request: Request, backend: Backend, record: SubmissionRecord, wait_s: float, lane: Lane) -> Response:
    collection = _collection_of(record)
    request._body = b""  # the record has it
    state = request.scope["state"]
    state["waited"] = wait_s > 0
    submitted = await submit_online(
        backend.publisher, backend.feed, record, wait_s=wait_s, on_published=state["release_body"], lane=lane
    )
    return _submitted_answer(request, submitted, collection)


def _collection_of(record: SubmissionRecord) -> str:
    return dict(record.headers)["ce_source"].decode().rpartition("/")[2]


def _submitted_answer(request: Request, submitted: OnlineSubmission, collection: str) -> Response:
    decision = submitted.decision
    document = Submitted(
        submission_id=submitted.submission_id,
        media_id=submitted.media_id,
        collection=collection,
        partition=submitted.place.partition,
        offset=submitted.place.offset,
        decision=orjson.Fragment(decision_json(request, decision)) if decision else None,  # type: ignore[arg-type]
    )
    where = f"/v1/decisions/{quote(submitted.media_id, safe='')}?collection={collection}"
    return json_answer(document, 200 if decision else 202, {"Location": where})
