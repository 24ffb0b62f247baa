"""Health and metrics of a worker over HTTP: /live, /ready and /metrics (Prometheus)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams import metrics
from streams.config.settings import Settings
from streams.errors import ConfigurationError

if TYPE_CHECKING:
    from streams.runtime.worker import Worker

Serve = Callable[["Worker"], contextlib.AbstractAsyncContextManager[None]]


def serve_health(settings: Settings) -> Serve:
    """A server on MEDIASIEVE_HTTP (`host:port`; empty for no server) as long as a worker runs.

    /live is 200 until the worker has failed. /ready is 200 once partitions are assigned, tables are recovered and
    everything the stages need is in reach; else 503 with the reasons.

    Raises (on entering):
        ConfigurationError: the address is in use or not valid.
    """

    @contextlib.asynccontextmanager
    async def serve(worker: Worker) -> AsyncIterator[None]:
        if not settings.runtime.http_address:
            yield
            return

        async def live(_: web.Request) -> web.Response:
            return web.json_response({"live": worker.live}, status=200 if worker.live else 503)

        async def ready(_: web.Request) -> web.Response:
            missing = worker.not_ready()
            return web.json_response({"ready": not missing, "missing": missing}, status=503 if missing else 200)

        async def show_metrics(_: web.Request) -> web.Response:
            body = generate_latest(metrics.REGISTRY)
            return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

        app = web.Application()
        app.add_routes([web.get("/live", live), web.get("/ready", ready), web.get("/metrics", show_metrics)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        host, _, port = settings.runtime.http_address.rpartition(":")
        try:
            await web.TCPSite(runner, host or "127.0.0.1", int(port)).start()
        except (OSError, ValueError) as error:
            await runner.cleanup()
            raise ConfigurationError(
                f"cannot listen on {settings.runtime.http_address} ({error}); "
                "give this worker another address with --http or MEDIASIEVE_HTTP"
            ) from error
        try:
            yield
        finally:
            await runner.cleanup()

    return serve
