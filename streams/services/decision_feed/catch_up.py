"""Decisions from a place in the past until now: for a stream that was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

from streams.config.settings import Settings
from streams.kafka.readers.decision_tail import DecisionTail
from streams.services.decision_feed.fed import FedDecision, decode_fed

READ_S: Final = 1.0
MAX_IDLE_READS: Final = 5


async def decisions_between(
    settings: Settings, start: Mapping[int, int], end: Mapping[int, int]
) -> AsyncIterator[FedDecision]:
    """The decisions from one position to another, with repeats; what Kafka no longer has is left out.

    Raises:
        BrokerError: the broker is away or refuses.
    """
    if all(start.get(partition, offset) >= offset for partition, offset in end.items()):
        return
    tail = await asyncio.to_thread(DecisionTail, settings, start)
    try:
        idle = 0
        while idle < MAX_IDLE_READS and any(tail.position.get(p, offset) < offset for p, offset in end.items()):
            records = await asyncio.to_thread(tail.read, READ_S)
            idle = 0 if records else idle + 1
            for record in records:
                decision = decode_fed(record) if record.offset < end.get(record.partition, 0) else None
                if decision is not None:
                    yield decision
    finally:
        await asyncio.to_thread(tail.close)
