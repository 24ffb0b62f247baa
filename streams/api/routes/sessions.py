"""Sign in and out of the console. The key comes once; a cookie that scripts cannot read stands for it after that."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request
from starlette.responses import Response

from streams.api.access.auth import Authenticator, principal_of
from streams.api.access.sessions import cookie_header
from streams.api.answers import json_answer
from streams.api.routes.statistics import KeyView, view_key

router = APIRouter(tags=["console"])
audit = logging.getLogger("streams.api.audit")


@router.post("/session", operation_id="begin_session", responses={200: {"model": KeyView}})
async def begin(request: Request) -> Response:
    """Sign in with the key of this request: the answer sets a cookie for 12 hours. The review console uses it."""
    key = principal_of(request).key
    authenticator: Authenticator = request.app.state.authenticator
    headers = {}
    if authenticator.needs_keys:
        secure = request.headers.get("origin", "").startswith("https://") or request.url.scheme == "https"
        headers["Set-Cookie"] = cookie_header(authenticator.sessions.begin(key.sha256), secure=secure)
    audit.info("session key=%s", key.name)
    return json_answer(view_key(key), headers=headers)


@router.delete("/session", operation_id="end_session", responses={200: {"model": KeyView}})
async def end(request: Request) -> Response:
    """Sign out: the answer removes the cookie."""
    return json_answer(
        view_key(principal_of(request).key), headers={"Set-Cookie": cookie_header("", secure=False, max_age_s=0)}
    )
