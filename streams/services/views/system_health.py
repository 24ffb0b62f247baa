"""Whether the parts around the API are well, and how much lag the stages have, asked cheaply and in bounded time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from streams.analytics.pool import QueryPool
from streams.analytics.queries.server import server_time_s
from streams.cache.redis_store import RedisStore
from streams.config.settings import Settings
from streams.errors import BrokenInfrastructure
from streams.kafka.clients import make_admin
from streams.kafka.topics import (
    BULK_SUBMISSIONS,
    DECISIONS,
    FINGERPRINTS,
    SUBMISSIONS,
    VERDICTS,
    consumer_group,
    wire_name,
)
from streams.thumbnails.store import ThumbnailStore

Status = Literal["ok", "away", "unknown"]

CHECK_TIMEOUT_S: Final = 2.0
#: What the stages read; the sink reads all that it writes rows of.
READ_BY_STAGE: Final = {
    "fingerprint": (SUBMISSIONS, VERDICTS),
    "bulk": (BULK_SUBMISSIONS,),
    "match": (FINGERPRINTS,),
    "record": (DECISIONS, FINGERPRINTS),
}


@dataclass(frozen=True)
class PartHealth:
    """One part, and how long it took to answer; `advice` says what to do about it."""

    part: str
    status: Status
    took_ms: float
    advice: str = ""


@dataclass(frozen=True)
class StageLag:
    """Records that a stage has not finished; None where Kafka does not say."""

    stage: str
    records: int | None


@dataclass(frozen=True)
class SystemHealth:
    """All parts, and the lag of every stage."""

    ok: bool
    parts: Sequence[PartHealth]
    lag: Sequence[StageLag]


class HealthChecks:
    """Asks the parts; one connection to Kafka serves all checks."""

    def __init__(
        self,
        settings: Settings,
        queries: QueryPool,
        thumbnails: ThumbnailStore | None = None,
        shared_store: RedisStore | None = None,
    ) -> None:
        self._settings = settings
        self._queries = queries
        self._thumbnails = thumbnails
        self._shared_store = shared_store
        self._admin: AdminClient | None = None

    async def check(self, *, follows_decisions: bool) -> SystemHealth:
        """Never raises, and takes a few seconds at the most."""
        lags = asyncio.ensure_future(self.lag())
        broker, clickhouse, *store = await asyncio.gather(
            self._timed("broker", asyncio.to_thread(self._reach_broker), "Start Kafka, or check MEDIASIEVE_BROKER."),
            self._timed("clickhouse", self._queries.run(_ask), "Start ClickHouse, or check MEDIASIEVE_CLICKHOUSE."),
            *self._store_checks(),
        )
        status: Status = "ok" if follows_decisions else "away"
        feed = PartHealth(
            "decisions", status, 0.0, "" if follows_decisions else "They are followed once Kafka answers."
        )
        parts = [broker, clickhouse, *store, feed]
        return SystemHealth(all(part.status == "ok" for part in parts), parts, await lags)

    async def lag(self) -> Sequence[StageLag]:
        """How far the stages are behind. Never raises, and takes a few seconds at the most."""
        return await asyncio.gather(*(self._lag(stage) for stage in READ_BY_STAGE))

    def _store_checks(self) -> list[Awaitable[PartHealth]]:
        """Asks for an object that nobody has written, and for a sign of life of the shared cache."""
        checks: list[Awaitable[PartHealth]] = []
        if self._thumbnails is not None:
            reading = self._thumbnails.read("health")
            checks.append(self._timed("thumbnails", reading, "Check MEDIASIEVE_THUMBNAILS."))
        if self._shared_store is not None:
            advice = "Answers are made anew. Start Redis, or check MEDIASIEVE_CACHE."
            checks.append(self._timed("cache", self._shared_store.ping(), advice))
        return checks

    async def _timed(self, part: str, asking: Awaitable[Any], advice: str) -> PartHealth:
        begun_at = time.perf_counter()
        status: Status = "ok"
        try:
            await asyncio.wait_for(asking, CHECK_TIMEOUT_S + 0.5)
        except (BrokenInfrastructure, KafkaException, OSError, TimeoutError):
            status = "away"
        took_ms = round((time.perf_counter() - begun_at) * 1000, 1)
        return PartHealth(part, status, took_ms, "" if status == "ok" else advice)

    async def _lag(self, stage: str) -> StageLag:
        try:
            asking = asyncio.to_thread(self._lag_records, stage)
            return StageLag(stage, await asyncio.wait_for(asking, 2 * CHECK_TIMEOUT_S + 0.5))
        except (KafkaException, TimeoutError):
            return StageLag(stage, None)

    def _connected(self) -> AdminClient:
        if self._admin is None:
            self._admin = make_admin(self._settings)
        return self._admin

    def _reach_broker(self) -> None:
        self._connected().list_topics(timeout=CHECK_TIMEOUT_S)

    def _lag_records(self, stage: str) -> int | None:
        admin, group = self._connected(), consumer_group(self._settings, stage)
        asked = admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=CHECK_TIMEOUT_S
        )
        topics = {wire_name(self._settings, topic) for topic in READ_BY_STAGE[stage]}
        found = asked[group].result(CHECK_TIMEOUT_S).topic_partitions or []
        committed = {(p.topic, p.partition): p.offset for p in found if p.topic in topics and p.offset >= 0}
        if not committed:
            return None
        latest = OffsetSpec.latest()
        ends = admin.list_offsets(
            {TopicPartition(*place): latest for place in committed}, request_timeout=CHECK_TIMEOUT_S
        )
        behind = 0
        for place, end in ends.items():
            behind += max(0, end.result(CHECK_TIMEOUT_S).offset - committed[place.topic, place.partition])
        return behind


def _ask(client: Client) -> float:
    return server_time_s(client)
