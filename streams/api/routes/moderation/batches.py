"""Many verdicts and corrections in one request, each with an answer of its own."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from streams.api.access.auth import Moderating, NamedCollection, Principal
from streams.api.answers import json_answer
from streams.api.backend import Backend, Shared
from streams.api.problems import Problem, problem_of
from streams.api.routes.moderation.verdicts import publish_said
from streams.api.schemas.verdicts import ActAnswer, ActBody, ActsBody
from streams.domain.records import Label, VerdictSource
from streams.domain.records.moderation import PAIR_EVENTS
from streams.errors import MediasieveError
from streams.services.moderation.verdicts import ModerationRequest

router = APIRouter(tags=["verdicts"])

AT_ONCE: Final = 32


@router.post("/verdicts/batch", operation_id="act_batch", responses={200: {"model": list[ActAnswer]}})
async def post_acts(principal: Moderating, backend: Shared, named: NamedCollection, body: ActsBody) -> Response:
    """Up to 200 verdicts, withdrawals, splits, merges and undos. The answer has one entry for each, in order.

    Status 202 says that Kafka has the event; an act that is refused does not keep the others from being done.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def act(number: int, body: ActBody) -> ActAnswer:
        async with turns:
            try:
                return await _act(backend, principal, named, number, body)
            except (Problem, MediasieveError) as error:
                problem = problem_of(error)
                return ActAnswer(number, problem.status, None, problem.code, problem.detail)

    return json_answer(await asyncio.gather(*(act(*entry) for entry in enumerate(body.acts))))


async def _act(backend: Backend, principal: Principal, named: str | None, number: int, body: ActBody) -> ActAnswer:
    is_verdict, is_pair = body.event == "verdict", body.event in PAIR_EVENTS
    if (body.status is not None) != is_verdict or (body.other is not None) != is_pair:
        raise Problem(422, "bad_request", "A verdict needs `status`; a split, merge or undo needs `other`.")
    collection = principal.choose_collection(body.collection, named)
    labels = [Label(label.name, label.parent, label.score) for label in body.labels]
    by = VerdictSource(body.by_kind, body.by or principal.name, body.by_version)
    said = ModerationRequest(body.event, body.subject, by, body.other, body.status, labels, body.reason, body.scope)
    published = await publish_said(backend, principal, said, collection)
    return ActAnswer(number, 202, published.event.event_id, None, None)
