"""Adds the URLs of thumbnails to what is answered: the field `thumbnails` of media, decisions, groups and finds."""

from __future__ import annotations

import secrets
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, cast

import orjson
from starlette.requests import Request

from streams.config.settings import Settings
from streams.services.decision_feed.fed import FedDecision
from streams.thumbnails.urls import ThumbnailUrls


def urls_of(settings: Settings) -> ThumbnailUrls | None:
    """Makes the URLs of a process; None if no thumbnails are made."""
    if not settings.thumbnails.store:
        return None
    secret = settings.api.secret.get_secret_value().encode() or secrets.token_bytes(32)
    return ThumbnailUrls(secret, settings.thumbnails.url_valid_s)


def with_thumbnails(request: Request, value: Any) -> Any:
    """The value with the field `thumbnails` wherever it has one; lists and nested values too."""
    urls: ThumbnailUrls | None = request.app.state.thumbnail_urls
    return value if urls is None else _with_urls(value, urls)


def decision_json(request: Request, decision: FedDecision) -> bytes:
    """The JSON of a decision as it came, with `thumbnails` as its last field."""
    urls: ThumbnailUrls | None = request.app.state.thumbnail_urls
    found = urls.of(decision.content_id) if urls else None
    return decision.to_json()[:-1] + b',"thumbnails":' + orjson.dumps(found) + b"}"


def _with_urls(value: Any, urls: ThumbnailUrls) -> Any:
    """The same value if nothing in it has thumbnails."""
    if isinstance(value, list | tuple):
        found = [_with_urls(each, urls) for each in value]
        return found if any(new is not old for new, old in zip(found, value, strict=True)) else value
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {}
    for name in _field_names(type(value)):
        if name == "thumbnails":
            changed[name] = urls.of(cast(Any, value).content_id)
            continue
        old = getattr(value, name)
        if (new := _with_urls(old, urls)) is not old:
            changed[name] = new
    return replace(value, **changed) if changed else value


@cache
def _field_names(of: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(of))
