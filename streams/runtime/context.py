"""What a worker gives a stage to run with: settings, the outbox, the clock, and how to end the worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from streams import metrics
from streams.config.settings import Settings
from streams.domain.records import RawRecord, format_timestamp
from streams.errors import BadInput
from streams.kafka.dead_letters import dead_letter, refusal
from streams.kafka.outputs import Output
from streams.kafka.topics import plain_name, wire_name
from streams.runtime.outbox import Barrier, Outbox


@dataclass(frozen=True, slots=True)
class StageContext:
    """One for each stage of a process. Methods may be called from any thread.

    Args:
        stage: the stage's name.
        writes: the topics that the stage declares to write, without the deployment's prefix.
        settings: of the worker.
        outbox: of the worker; all its stages share it.
        loop: the worker's event loop.
        fail: ends the worker with an error; nothing that is not committed is lost.
        share_bytes: the stage's share of the worker's budget of bytes.
        fed: other stages of the worker write all that the stage reads, and nudge its consumer.
    """

    stage: str
    writes: frozenset[str]
    settings: Settings
    outbox: Outbox
    loop: asyncio.AbstractEventLoop
    fail: Callable[[BaseException], None]
    share_bytes: int
    fed: bool = False

    def now(self) -> str:
        """The time in RFC 3339."""
        return format_timestamp(time.time_ns() // 1_000_000)

    def produce(self, barrier: Barrier, outputs: Iterable[Output]) -> None:
        """Hand outputs to the outbox under `barrier`; waits while the outbox's queue is full.

        Raises:
            DeliveryFailed: Kafka does not take an output.
            RuntimeError: the stage does not declare that it writes an output's topic.
        """
        counts: dict[str, int] = {}
        names: dict[str, str] = {}
        produce = self.outbox.produce
        for topic, key, value, headers in outputs:
            if topic not in names:
                names[topic], counts[topic] = self._wire_name_of_output(topic), 0
            produce(barrier, names[topic], value, key, headers)
            counts[topic] += 1
        for topic, count in counts.items():
            metrics.OUTPUTS.labels(self.stage, topic).inc(count)

    def topic(self, name_on_wire: str) -> str:
        """A topic's name without the deployment's prefix."""
        return plain_name(self.settings, name_on_wire)

    def dead_letter(self, record: RawRecord, error: BadInput) -> Output:
        """The dead letter for a record of this deployment, counted in the metrics."""
        metrics.ERRORS.labels(self.stage, str(error.reason)).inc()
        return dead_letter(record, error, stage=self.stage, topic=self.topic(record.topic), at=self.now())

    def refusal(self, topic: str, key: bytes | None, value: bytes | None, error: BadInput) -> Output:
        """The dead letter for what came from `topic`, without its place there, counted in the metrics."""
        metrics.ERRORS.labels(self.stage, str(error.reason)).inc()
        return refusal(key, value, error, stage=self.stage, topic=topic, at=self.now())

    def _wire_name_of_output(self, topic: str) -> str:
        if topic not in self.writes:
            raise RuntimeError(f"stage {self.stage} emits to {topic}; add the topic to `writes` where it is declared")
        return wire_name(self.settings, topic)
