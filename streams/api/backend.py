"""What all requests of a process share: the producer, the decisions as they come, ClickHouse, decoders, policies."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Annotated, Final, Self

from fastapi import Depends, Request

from streams.analytics.pool import QueryPool
from streams.cache import AnswerCache, Freshness
from streams.cache.redis_store import open_shared_store
from streams.config.live_policies import LivePolicies
from streams.config.settings import Settings
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts, Submission
from streams.errors import BadInput, Overloaded, Reason
from streams.kafka.async_publisher import AsyncPublisher
from streams.services.decision_feed.fed import FedDecision
from streams.services.decision_feed.feed import DecisionFeed
from streams.services.decision_feed.stored_position import StoredPosition
from streams.services.find.known_facts import KnownFacts
from streams.services.submit.records import NO_ORIGIN
from streams.services.threads import ServiceThreads
from streams.services.views.objectives import ObjectiveGauges
from streams.services.views.system_health import HealthChecks
from streams.stages.fingerprint.fingerprinter import Fingerprinter
from streams.thumbnails.reader import ThumbnailReader
from streams.thumbnails.store import open_store

logger = logging.getLogger(__name__)

MAX_FINGERPRINTING: Final = 64
MAX_CATCHING_UP: Final = 4
FINGERPRINT_TIMEOUT_S: Final = 60.0


class Backend:
    """Opened when the app starts, closed when it ends; neither waits for Kafka or ClickHouse, which may be away.

    Raises (from `__init__` and `__aenter__`):
        ConfigurationError: a setting is wrong, or the picture model cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.policies = LivePolicies(settings.paths.policy_file)
        self.publisher = AsyncPublisher(settings, max_bytes=settings.api.max_upload_bytes)
        self.freshness = Freshness()
        self.feed = DecisionFeed(
            settings,
            max_waiters=settings.api.max_waiters,
            max_subscribers=settings.api.max_subscribers,
            freshness=self.freshness,
        )
        self._stored_position = StoredPosition(settings, self.freshness)
        self.queries = QueryPool(settings, settings.api.query_threads)
        self.services = ServiceThreads()
        self.shared_store = open_shared_store(settings)
        self.answers = AnswerCache(self.freshness, self.shared_store, max_bytes=settings.cache.memory_bytes)
        self.catching_up = asyncio.Semaphore(MAX_CATCHING_UP)
        self.known_facts = KnownFacts(settings, self.queries)
        self._fingerprinter = Fingerprinter(settings)
        self._thumbnail_store = store = open_store(settings)
        self.thumbnails = None if store is None else ThumbnailReader(store, self._fingerprinter.thumbnail)
        self.health = HealthChecks(settings, self.queries, store, self.shared_store)
        self.objectives = ObjectiveGauges(self.queries)
        self._fingerprinting = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.callback(self.policies.close)
        self._stack.callback(self.queries.close)
        self._stack.callback(self.services.close)
        self._stack.callback(self.known_facts.close)
        if self._thumbnail_store is not None:
            self._stack.callback(self._thumbnail_store.close)
        self._stack.push_async_callback(self.publisher.close)
        self._stack.push_async_callback(self.feed.close)
        self._stack.push_async_callback(self._stored_position.close)
        if self.shared_store is not None:
            self._stack.push_async_callback(self.shared_store.close)
        self._stack.push_async_callback(self._fingerprinter.close)
        if self.thumbnails is not None:
            self._stack.push_async_callback(self.thumbnails.close)
        await self._fingerprinter.prepare_model()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def unstored_decision(self, collection: str, media_id: str) -> FedDecision | None:
        """The latest decision about a medium, if ClickHouse is not known to have it."""
        recent = self.feed.recent(collection, media_id)
        if recent is None or self.freshness.has_stored(recent.partition, recent.offset):
            return None
        return recent

    async def model_name(self) -> str | None:
        """The name of the picture model; None without one.

        Raises:
            ConfigurationError: its file cannot be read.
        """
        return await self._fingerprinter.model_name()

    async def fingerprint(
        self, policy: Policy, *, data: bytes | None = None, url: str | None = None, embed: bool = False
    ) -> MediaFacts:
        """The facts of bytes, or of what a URL leads to, decoded in a process of its own.

        With `embed`, the picture model is asked, if there is one.

        Raises:
            BadInput: the source or the medium is at fault.
            Overloaded: too many media are fingerprinted.
        """
        if self._fingerprinting >= MAX_FINGERPRINTING:
            raise Overloaded("too many media are fingerprinted")
        submission = Submission(
            "", "lookup", "default", "auto", "", NO_ORIGIN, url, data, "application/octet-stream" if data else None
        )
        self._fingerprinting += 1
        try:
            async with asyncio.timeout(FINGERPRINT_TIMEOUT_S):
                return (await self._fingerprinter.fingerprint(submission, policy, embed=embed)).facts
        except TimeoutError as error:
            raise BadInput(Reason.SOURCE_TIMEOUT, "it took too long") from error
        finally:
            self._fingerprinting -= 1


async def _backend_of(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


Shared = Annotated[Backend, Depends(_backend_of)]
