"""What the runners of one process share: settings, the outbox, the clock, and how to end the worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from streams import metrics
from streams.config.settings import Settings
from streams.domain.records import RawRecord, format_timestamp
from streams.errors import BadInput
from streams.kafka.topics import wire_name
from streams.runtime.dead_letters import dead_letter
from streams.runtime.outbox import Barrier, Outbox, Output


@dataclass(slots=True)
class Context:
    """One a process. `fail` ends the worker loudly, from any thread; nothing uncommitted is lost by it."""

    settings: Settings
    outbox: Outbox
    loop: asyncio.AbstractEventLoop
    fail: Callable[[BaseException], None]

    def now(self) -> str:
        return format_timestamp(time.time_ns() // 1_000_000)

    def produce(self, stage: str, barrier: Barrier, outputs: Iterable[Output]) -> None:
        """Hand outputs to the outbox under `barrier`; waits while its queue is full."""
        counts: dict[str, int] = {}
        names: dict[str, str] = {}
        produce = self.outbox.produce
        for topic, key, value, headers in outputs:
            if topic not in names:
                names[topic], counts[topic] = self.wire_name(topic), 0
            produce(barrier, names[topic], value, key, headers)
            counts[topic] += 1
        for topic, count in counts.items():
            metrics.OUTPUTS.labels(stage, topic).inc(count)

    def wire_name(self, topic: str) -> str:
        return wire_name(self.settings, topic)

    def dead_letter(self, stage: str, record: RawRecord, error: BadInput) -> Output:
        """The dead letter for a record of this deployment, counted."""
        metrics.ERRORS.labels(stage, str(error.reason)).inc()
        topic = record.topic.removeprefix(self.settings.kafka.topic_prefix)
        return dead_letter(record, error, stage=stage, topic=topic, at=self.now())
