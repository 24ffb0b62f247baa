"""What all requests of a process share: the producer, the decisions as they come, ClickHouse, decoders, policies."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import Annotated, Self

from fastapi import Depends, Request

from streams.analytics.pool import QueryPool
from streams.config.live_policies import LivePolicies
from streams.config.settings import Settings
from streams.kafka.async_publisher import AsyncPublisher
from streams.services.decision_feed.feed import DecisionFeed
from streams.stages.fingerprint.fingerprinter import Fingerprinter

logger = logging.getLogger(__name__)


class Backend:
    """Opened when the app starts, closed when it ends; neither waits for Kafka or ClickHouse, which may be away."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.policies = LivePolicies(settings.paths.policy_file)
        self.publisher = AsyncPublisher(settings, max_bytes=settings.api.max_upload_bytes)
        self.feed = DecisionFeed(
            settings, max_waiters=settings.api.max_waiters, max_subscribers=settings.api.max_subscribers
        )
        self.queries = QueryPool(settings, settings.api.query_threads)
        self.fingerprinter = Fingerprinter(settings)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.callback(self.policies.close)
        self._stack.callback(self.queries.close)
        self._stack.push_async_callback(self.publisher.close)
        self._stack.push_async_callback(self.feed.close)
        self._stack.push_async_callback(self.fingerprinter.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()


def _backend_of(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


Shared = Annotated[Backend, Depends(_backend_of)]
