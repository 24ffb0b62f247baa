"""Takes the answers of moderators that call back. The signed address is the key."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from streams.api.answers import json_answer
from streams.api.backend import Shared
from streams.api.openapi import operation_defaults
from streams.api.problems import Problem
from streams.kafka.topics import CALLBACKS
from streams.moderation.callbacks import PATH, CallbackRefused, CallbackSigner

router = APIRouter(tags=["moderators"])

MAX_BYTES: Final = 240 << 10
"""Kafka takes 256 KiB of a record, headers included."""

Token = Annotated[str, Path(max_length=128, description="The last part of the address, as the moderator got it.")]


@dataclass(frozen=True)
class CallbackTaken:
    """Kafka has the answer to this question."""

    question: str


ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **operation_defaults(),
    202: {"model": CallbackTaken, "description": "Kafka has the answer."},
}
BODY: Final = {
    "required": True,
    "content": {"application/json": {"schema": {}, "example": {"outcome": "rejected", "note": "weapon"}}},
}


@router.post(PATH + "{token}", operation_id="take_callback", status_code=202, responses=ANSWERS,
             openapi_extra={"requestBody": BODY, "security": []})  # fmt: skip
async def take_callback(request: Request, backend: Shared, token: Token) -> Response:
    """Take a moderator's answer to one question, as JSON. Kafka has it once this is answered; a repeat does no harm."""
    secret = backend.settings.api.callback_secret.get_secret_value()
    if not secret:
        raise Problem(403, "callback_refused", "This API takes no callbacks: MEDIASIEVE_CALLBACK_SECRET is not set.")
    try:
        question = CallbackSigner(secret).check(token, time.time())
    except CallbackRefused as error:
        raise Problem(403, "callback_refused", f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    body = await request.body()
    if len(body) > MAX_BYTES:
        raise Problem(413, "too_large", f"At most {MAX_BYTES:,} bytes are taken.")
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(422, "bad_request", "The body must be valid JSON.") from error
    await backend.publisher.publish(CALLBACKS, str(question).encode(), body, [("content-type", b"application/json")])
    return json_answer(CallbackTaken(str(question)), 202)
