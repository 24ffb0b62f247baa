"""Asks Kafka how far the record stage has come with media.decisions: ClickHouse has everything before that."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException

from streams.cache.freshness import Freshness
from streams.config.settings import Settings
from streams.kafka.clients import make_admin
from streams.kafka.topics import DECISIONS, consumer_group, wire_name

logger = logging.getLogger(__name__)

BEHIND_S: Final = 0.3
IDLE_S: Final = 3.0
REQUEST_TIMEOUT_S: Final = 2.0


class StoredPosition:
    """Keeps `freshness.stored` up to date while it runs: often while ClickHouse is behind, else now and then.

    While Kafka does not answer, no kept answer that depends on decisions is trusted.
    """

    def __init__(self, settings: Settings, freshness: Freshness) -> None:
        self._settings = settings
        self._freshness = freshness
        self._group = consumer_group(settings, "record")
        self._topic = wire_name(settings, DECISIONS)
        self._admin: Any = None
        self._changed = asyncio.Event()
        freshness.on_note = self._changed.set
        self._task = asyncio.ensure_future(self._follow())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            try:
                self._freshness.note_stored(await self._ask())
                self._freshness.is_followed = True
            except (KafkaException, TimeoutError, OSError) as error:
                if self._freshness.is_followed:
                    logger.warning("Kafka does not say what ClickHouse has (%s): answers are made anew", error)
                self._freshness.is_followed = False
            if self._freshness.is_behind:
                await asyncio.sleep(BEHIND_S)
                continue
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), IDLE_S)
                await asyncio.sleep(BEHIND_S)
            except TimeoutError:
                pass

    async def _ask(self) -> dict[int, int]:
        admin = self._admin = self._admin or await asyncio.to_thread(make_admin, self._settings)
        asked = admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(self._group)], request_timeout=REQUEST_TIMEOUT_S
        )
        found = await asyncio.wait_for(asyncio.wrap_future(asked[self._group]), REQUEST_TIMEOUT_S + 0.5)
        return {
            place.partition: place.offset
            for place in found.topic_partitions or []
            if place.topic == self._topic and place.offset >= 0
        }
