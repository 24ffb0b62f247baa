"""Hash lists: import, show, export, drop. An import replaces the list of its name, and is effective as a whole."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from streams.analytics.queries.moderation.hash_lists import ListRow
from streams.api.access.auth import Administering, Collection
from streams.api.answers import NDJSON, cached_answer, json_answer, lines_answer, lines_of
from streams.api.backend import Backend, Shared
from streams.api.bodies import media_type
from streams.api.openapi import missing
from streams.api.problems import FieldError, Problem, not_found
from streams.api.schemas.operations import ListChanged
from streams.domain.records import Label, VerdictSource
from streams.domain.records.hash_list import (
    DEFAULT_QUARANTINE_AFTER,
    MAX_QUARANTINE_AFTER,
    ListAlgorithm,
    PerceptualStatus,
)
from streams.domain.records.verdict import GivenStatus
from streams.errors import BadInput, Reason
from streams.services.moderation.hash_lists.acts import drop_list
from streams.services.moderation.hash_lists.formats import BadLine, FileFormat, read_entries
from streams.services.moderation.hash_lists.importing import ImportedList, ListSettings, import_list
from streams.services.moderation.hash_lists.reading import ShownList, export_list, show_list, show_lists

router = APIRouter(tags=["lists"])
audit = logging.getLogger("streams.api.audit")

FORMATS: Final[dict[str, FileFormat]] = {"text/csv": "csv", NDJSON: "ndjson", "application/json": "threatexchange"}
MAX_TOLD: Final = 20
NAME: Final = r"^[^\x00/]+$"
ListName = Annotated[str, Path(min_length=1, max_length=128, pattern=NAME, examples=["ncmec"])]
Text = Annotated[str | None, Query(min_length=1, max_length=256, pattern=r"^[^\x00]+$")]
BODY: Final = {
    "required": True,
    "description": "CSV with a header, lines of JSON, or an export of ThreatExchange; at most 20 MiB.",
    "content": {name: {"schema": {"type": "string"}} for name in FORMATS},
}
LINES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "An entry a line, as an import takes it.", "content": {NDJSON: {"schema": {"type": "string"}}}}
}


@router.get("/lists", operation_id="list_hash_lists", responses={200: {"model": list[ListRow]}})
async def get_lists(request: Request, principal: Administering, backend: Shared, collection: Collection) -> Response:
    """The hash lists in force in a collection, and what they matched."""
    return cached_answer(request, await backend.queries.run(show_lists, collection))


@router.get(
    "/lists/{list_name}", operation_id="get_hash_list", responses={200: {"model": ShownList}, **missing("list")}
)
async def get_list(
    request: Request, principal: Administering, backend: Shared, list_name: ListName, collection: Collection
) -> Response:
    """A hash list, and what was done to it, the latest first."""
    with _known():
        return cached_answer(request, await backend.queries.run(show_list, collection, list_name))


@router.get(
    "/lists/{list_name}/entries",
    operation_id="export_hash_list",
    response_class=Response,
    responses={**LINES, **missing("list")},
)
async def get_entries(
    request: Request, principal: Administering, backend: Shared, list_name: ListName, collection: Collection
) -> Response:
    """All entries of a hash list as lines of JSON, which an import takes."""
    request.scope["state"]["waited"] = True
    read = partial(export_list, collection=collection, list_name=list_name)
    with _known():
        return lines_answer(await lines_of(backend.queries.run, read, b""))


@router.put(
    "/lists/{list_name}",
    operation_id="import_hash_list",
    responses={200: {"model": ListChanged}},
    openapi_extra={"requestBody": BODY},
)
async def put_list(
    request: Request,
    principal: Administering,
    backend: Shared,
    list_name: ListName,
    collection: Collection,
    version: Annotated[str, Query(min_length=1, max_length=256, pattern=r"^[^\x00]+$", examples=["2026-01-31"])],
    status: Annotated[GivenStatus | None, Query(description="The verdict of entries that name none.")] = None,
    negative: Annotated[bool, Query(description="Contents on it are never matched by near hashes.")] = False,
    label: Annotated[list[str] | None, Query(max_length=32, description="Of entries that name none.")] = None,
    source: Text = None,
    reason: Text = None,
    perceptual: Annotated[PerceptualStatus, Query(description="What a match by near hashes means.")] = "review",
    quarantine_after: Annotated[int, Query(ge=1, le=MAX_QUARANTINE_AFTER)] = DEFAULT_QUARANTINE_AFTER,
    algorithm: Annotated[ListAlgorithm | None, Query(description="Of hashes whose line names none.")] = None,
) -> Response:
    """Import a hash list in place of the list of this name. Nothing is imported if a line is wrong."""
    if negative == (status is not None):
        raise Problem(422, "bad_request", "Give the status of entries that name none, or else negative=true.")
    file_format = FORMATS.get(media_type(request))
    if file_format is None:
        raise Problem(415, "wrong_type", f"Send the list as one of {', '.join(FORMATS)}.")
    labels = tuple(Label(name) for name in label or ())
    wanted = ListSettings(list_name, version, source, status, labels, reason, negative, {}, perceptual,
                          quarantine_after)  # fmt: skip
    body = await request.body()
    imported = await backend.services.run(
        _import, backend, body, file_format, collection, wanted, principal.name, algorithm
    )
    audit.info("list_import key=%s collection=%s list=%s", principal.name, collection, ascii(list_name))
    return json_answer(
        ListChanged("list_effective", collection, list_name, sum(imported.algorithms.values()), imported.algorithms,
                    imported.without_hash)
    )  # fmt: skip


@router.delete("/lists/{list_name}", operation_id="drop_hash_list", responses={200: {"model": ListChanged}})
async def delete_list(
    principal: Administering, backend: Shared, list_name: ListName, collection: Collection, reason: Text = None
) -> Response:
    """Drop a hash list: what it said is taken back, of all submissions."""
    by = VerdictSource("person", principal.name)
    event = await backend.services.run(drop_list, backend.settings, collection, list_name, by, reason)
    audit.info("list_drop key=%s collection=%s list=%s", principal.name, collection, ascii(list_name))
    return json_answer(ListChanged(event.event, collection, list_name, 0, {}, ()))


def _import(
    backend: Backend,
    body: bytes,
    file_format: FileFormat,
    collection: str,
    wanted: ListSettings,
    key: str,
    algorithm: str | None,
) -> ImportedList:
    with tempfile.TemporaryDirectory() as folder:
        path = FilePath(folder, "list")
        path.write_bytes(body)
        try:
            return import_list(
                backend.settings, path, file_format, collection, wanted, VerdictSource("person", key),
                policy=backend.policies.of(collection), algorithm=algorithm,
            )  # fmt: skip
        except BadInput as error:
            wrong = [found for found in read_entries(path, file_format, algorithm) if isinstance(found, BadLine)]
            if not wrong:
                raise
            errors = [FieldError(f"body.{line}", "not an entry of a hash list") for line, _ in wrong[:MAX_TOLD]]
            detail = f"{len(wrong):,} lines are wrong, so nothing was imported; `errors` names the first."
            raise Problem(422, "bad_request", detail, str(error.reason), errors) from error


@contextmanager
def _known() -> Iterator[None]:
    """Answers 404 for a list that is not in force."""
    try:
        yield
    except BadInput as error:
        if error.reason != Reason.UNKNOWN_LIST:
            raise
        raise not_found("list in force") from error
