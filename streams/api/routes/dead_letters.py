"""Dead letters: records that no stage could process. An operator looks at them, and replays or drops them."""

from __future__ import annotations

import base64
import logging
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from streams.api.access.auth import Administering, NamedCollection, Principal
from streams.api.answers import json_answer
from streams.api.backend import Backend, Shared
from streams.api.openapi import missing
from streams.api.parameters import Limit
from streams.api.problems import Problem, not_found
from streams.api.schemas.operations import LetterDetail, LetterHeader, LetterList, LettersBody, LettersDone
from streams.domain.records.dead_letter import MAX_PARTITION, LetterFilter
from streams.services.dead_letters.letters import (
    ShownLetter,
    drop_letters,
    list_groups,
    list_letters,
    replay_letters,
    show_letter,
)
from streams.services.dead_letters.sender import ActOptions
from streams.services.progress import no_progress

router = APIRouter(tags=["dead letters"])
audit = logging.getLogger("streams.api.audit")

SHOWN_BYTES: Final = 64 << 10
Partition = Annotated[int, Path(ge=0, le=MAX_PARTITION)]
Offset = Annotated[int, Path(ge=0, lt=1 << 63)]
Reasons = Annotated[list[str] | None, Query(max_length=50, description="Any of these.")]


@router.get("/dead-letters", operation_id="list_dead_letters", responses={200: {"model": LetterList}})
async def get_letters(
    principal: Administering,
    backend: Shared,
    named: NamedCollection,
    reason: Reasons = None,
    since: datetime | None = None,
    until: datetime | None = None,
    status: Annotated[Literal["open", "replayed", "dropped", "any"], Query()] = "open",
    limit: Limit = 50,
) -> Response:
    """Dead letters by reason, and the latest. Without a collection, of all that the key reaches."""
    wanted = LetterFilter(
        tuple(reason or ()), collections=_collections(principal, named), since_ms=_ms(since), until_ms=_ms(until)
    )
    chosen = "" if status == "any" else status
    groups = await backend.queries.run(list_groups, wanted, chosen)
    letters = await backend.queries.run(list_letters, wanted, chosen, limit=limit)
    return json_answer(LetterList(groups, letters))


@router.get(
    "/dead-letters/{partition}/{offset}",
    operation_id="get_dead_letter",
    responses={200: {"model": LetterDetail}, **missing("dead letter")},
)
async def get_letter(
    principal: Administering, backend: Shared, partition: Partition, offset: Offset, named: NamedCollection
) -> Response:
    """One dead letter with the record that failed, as Kafka has it."""
    collections = _collections(principal, named)
    shown = await backend.services.run(show_letter, backend.settings, partition, offset)
    if shown is None or (collections and shown.letter.identity()[1] not in collections):
        raise not_found("dead letter")
    return json_answer(_detail(shown))


@router.post("/dead-letters/replay", operation_id="replay_dead_letters", responses={200: {"model": LettersDone}})
async def post_replay(principal: Administering, backend: Shared, named: NamedCollection, body: LettersBody) -> Response:
    """Publish dead letters to the topics they came from. Each keeps its id, so nothing is decided twice."""
    return await _act(backend, principal, named, body, "replayed")


@router.post("/dead-letters/drop", operation_id="drop_dead_letters", responses={200: {"model": LettersDone}})
async def post_drop(principal: Administering, backend: Shared, named: NamedCollection, body: LettersBody) -> Response:
    """Mark dead letters as handled: lists hide them, and no replay takes them but one with `again`."""
    return await _act(backend, principal, named, body, "dropped")


async def _act(
    backend: Backend, principal: Principal, named: str | None, body: LettersBody, act: Literal["replayed", "dropped"]
) -> Response:
    collections = _collections(principal, body.collection or named)
    if not (body.places or body.reasons or body.stages or body.topics or body.since or body.until):
        raise Problem(422, "bad_request", "Give at least one of places, reasons, stages, topics, since and until.")
    places = tuple((int(partition), int(offset)) for partition, _, offset in (p.partition("/") for p in body.places))
    wanted = LetterFilter(
        tuple(body.reasons), tuple(body.stages), tuple(body.topics), collections, _ms(body.since), _ms(body.until),
        places,
    )  # fmt: skip
    options = ActOptions(principal.name, body.note, body.again, body.dry_run, body.per_second)
    service = replay_letters if act == "replayed" else drop_letters
    result = await backend.services.run(service, backend.settings, wanted, options, no_progress)
    audit.info("letters_%s key=%s dry_run=%s done=%d", act, principal.name, body.dry_run, result.done)
    return json_answer(
        LettersDone(body.dry_run, result.looked_at, result.matched, result.done, result.handled, result.refused,
                    result.size_bytes, result.errors)
    )  # fmt: skip


def _collections(principal: Principal, named: str | None) -> tuple[str, ...]:
    """The collection whose letters the key asks for; none, which is all, only for a key that reaches all."""
    if named is None and "*" in principal.key.collections:
        return ()
    return (principal.choose_collection(named),)


def _ms(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _detail(shown: ShownLetter) -> LetterDetail:
    letter, handled = shown.letter, shown.handled
    media_id, collection = letter.identity()
    value = letter.value
    return LetterDetail(
        partition=letter.place.partition,
        offset=letter.place.offset,
        reason=letter.reason,
        detail=letter.detail,
        stage=letter.letter_id.stage,
        topic=letter.letter_id.origin_topic,
        origin_partition=letter.letter_id.origin_partition,
        origin_offset=letter.letter_id.origin_offset,
        failed_at=letter.failed_at,
        collection=collection,
        media_id=media_id,
        size_bytes=letter.size_bytes,
        key=_base64(letter.key),
        value=_base64(None if value is None else value[:SHOWN_BYTES]),
        headers=[
            LetterHeader(name, None if entry is None else entry.decode(errors="replace"))
            for name, entry in letter.headers
        ],
        status="open" if handled is None else handled.act,
        replays=handled.replays if handled else 0,
    )


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
