"""Puts the app together: routes, the gate, compression, problems, the description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp
from starlette_compress import CompressMiddleware

from streams import metrics
from streams.api.access.auth import Authenticator
from streams.api.access.gate import Gate
from streams.api.access.limits import RateLimits
from streams.api.backend import Backend
from streams.api.bodies import max_body_bytes
from streams.api.cursors import CursorSigner
from streams.api.hot import HotReads
from streams.api.openapi import describe, operation_defaults
from streams.api.problems import TITLES, Problem, answer_problem
from streams.api.routes import OPEN_ROUTERS, ROUTERS
from streams.api.thumbnails import urls_of
from streams.config.settings import Settings
from streams.console import console_routes
from streams.errors import MediasieveError
from streams.models.picture_model import open_picture_model

COMPRESS_ABOVE_BYTES = 1000
UPLOAD_PATHS = ("/v1/submissions", "/v1/lookup", "/v1/search")


def make_app(settings: Settings) -> FastAPI:
    """The routes without the gate; `make_server_app` is what is served.

    Raises:
        ConfigurationError: keys, rates, policies or the picture model cannot be used.
    """
    app = FastAPI(
        title="mediasieve",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.cursor_signer = CursorSigner(settings.api.secret.get_secret_value())
    app.state.thumbnail_urls = urls_of(settings)
    for router in OPEN_ROUTERS:
        app.include_router(router)
    for router in ROUTERS:
        app.include_router(router, prefix="/v1", responses=operation_defaults())
    app.router.routes.extend(console_routes())
    for error in (Problem, RequestValidationError, HTTPException, MediasieveError, ExceptionGroup):
        app.add_exception_handler(error, answer_problem)
    describe(app)
    metrics.begin_at_zero(metrics.API_REFUSED, *((code,) for code in TITLES))
    return app


def make_server_app(settings: Settings) -> ASGIApp:
    """The app as it is served.

    Raises:
        ConfigurationError: keys, rates, policies or the picture model cannot be used.
    """
    picture_model = open_picture_model(settings.picture_model)
    if picture_model is not None:
        picture_model.load()  # what is wrong with it is said before anything is started
    app = make_app(settings)
    authenticator = Authenticator(settings, app.state.cursor_signer)
    app.state.authenticator = authenticator
    gate: ASGIApp = Gate(
        HotReads(app),
        authenticator,
        RateLimits(settings.api.rate_limit),
        max_body_bytes=max_body_bytes(),
        max_bodies_bytes=settings.api.max_upload_bytes,
        body_timeout_s=settings.api.body_timeout_s,
        is_upload=is_upload,
    )
    compressed: ASGIApp = CompressMiddleware(gate, minimum_size=COMPRESS_ABOVE_BYTES)
    if settings.api.cors_origins:
        return CORSMiddleware(
            compressed,
            allow_origins=list(settings.api.cors_origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key", "Last-Event-ID"],
            expose_headers=["ETag", "Location", "RateLimit", "Retry-After", "X-Request-ID"],
            max_age=600,
        )
    return compressed


def is_upload(method: str, path: str) -> bool:
    """Whether a request may have a medium or a hash list as its body."""
    return (method == "PUT" and path.startswith(("/v1/media/", "/v1/lists/"))) or (
        method == "POST" and path in UPLOAD_PATHS
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    async with Backend(app.state.settings) as backend:
        app.state.backend = backend
        yield {}
    app.state.authenticator.close()
