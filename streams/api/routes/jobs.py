"""Jobs: submissions that somebody follows together. Submissions name theirs with `job_id`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from streams.api.access.auth import Collection, NamedCollection, Reader, Submitting
from streams.api.answers import NDJSON, cached_answer, json_answer, lines_answer, lines_of
from streams.api.backend import Shared
from streams.api.openapi import missing
from streams.api.parameters import Limit
from streams.api.problems import not_found
from streams.api.schemas.operations import JobBody, JobClosing, JobList, JobStatus
from streams.domain.records.job import Job, JobState
from streams.services.jobs import announce_job, announced_job, close_job, failures_of, job_of_collection, list_jobs

router = APIRouter(tags=["jobs"])

JobIdPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,127}$", examples=["spring-import-1f2e3d4c"])]
LINES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": 'A failed submission a line. A stream that ends early lacks its last line `{"complete":true}`.',
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}


@router.post("/jobs", operation_id="create_job", status_code=201, responses={201: {"model": Job}})
async def create_job(principal: Submitting, backend: Shared, named: NamedCollection, body: JobBody) -> Response:
    """Say that a job begins. The answer has its `job_id`, which its submissions name."""
    collection = principal.choose_collection(body.collection, named)
    job = await backend.services.run(
        announce_job, backend.settings, body.name, collection, body.lane, expected=body.expected, by=principal.name
    )
    return json_answer(job, 201, {"Location": f"/v1/jobs/{job.job_id}?collection={collection}"})


@router.get("/jobs", operation_id="list_jobs", responses={200: {"model": JobList}})
async def get_jobs(
    request: Request,
    principal: Reader,
    backend: Shared,
    collection: Collection,
    only_open: Annotated[bool, Query(description="Only those whose publisher still publishes.")] = False,
    limit: Limit = 20,
) -> Response:
    """The jobs of a collection that began last, and how far they are. ClickHouse knows a job after about a second."""
    found = await backend.queries.run(list_jobs, only_open=only_open, collection=collection, limit=limit)
    return cached_answer(request, JobList(found))


@router.get("/jobs/{job_id}", operation_id="get_job", responses={200: {"model": JobStatus}, **missing("job")})
async def get_job(
    request: Request, principal: Reader, backend: Shared, job_id: JobIdPath, collection: Collection
) -> Response:
    """How far a job is, how fast, what came out, and why submissions of it failed."""
    found = await backend.queries.run(job_of_collection, job_id, collection)
    if found is None:
        raise not_found("job")
    return cached_answer(request, JobStatus(found.report, found.failures))


@router.post("/jobs/{job_id}/close", operation_id="close_job", responses={200: {"model": Job}, **missing("job")})
async def post_close(
    principal: Submitting, backend: Shared, job_id: JobIdPath, collection: Collection, body: JobClosing
) -> Response:
    """Say how many submissions a job has, and that it gets no more: it is done once all are decided."""
    found = await backend.queries.run(job_of_collection, job_id, collection)
    if found is None or not found.report.lane:
        raise not_found("job that was announced")
    job = announced_job(found.report)
    state: JobState = "cancelled" if body.cancelled else "closed"
    return json_answer(await backend.services.run(close_job, backend.settings, job, body.expected, state=state))


@router.get("/jobs/{job_id}/failures", operation_id="export_job_failures", response_class=Response, responses=LINES)
async def get_failures(
    request: Request,
    principal: Reader,
    backend: Shared,
    job_id: JobIdPath,
    collection: Collection,
    reason: Annotated[str, Query(max_length=128, pattern=r"^[a-z0-9_]*$", description="Only with this reason.")] = "",
) -> Response:
    """The failed submissions of a job as lines of JSON; the last line is `{"complete":true}`."""
    request.scope["state"]["waited"] = True
    read = partial(failures_of, job_id=job_id, reason=reason, collection=collection)
    return lines_answer(await lines_of(backend.queries.run, read))
