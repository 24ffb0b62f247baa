"""One Faust app a stage: its consumer group, agent and table, with the runtime's parts put in."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import faust
from faust.auth import SASLCredentials, SSLCredentials
from faust.types import TP
from faust.types.auth import SASLMechanism

from streams.config.settings import Settings
from streams.errors import ConfigurationError
from streams.kafka.topics import consumer_group, group_member
from streams.runtime.context import Context
from streams.runtime.ledger import Delivery
from streams.runtime.runners.concurrent import ConcurrentRunner
from streams.runtime.runners.keyed import KeyedRunner
from streams.runtime.runners.sink import SinkRunner
from streams.runtime.stage import ConcurrentStage, KeyedStage, SinkStage, Stage
from streams.runtime.tables.recovery import TableManager
from streams.runtime.tables.table import Table
from streams.runtime.transport import BatchConsumer, BatchSchema, BatchTransport

Runner = KeyedRunner | ConcurrentRunner | SinkRunner


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a stage's consumer may have delivered and not done, and how much it fetches at once."""

    max_records: int
    max_bytes: int
    fetch_records: int
    fetch_bytes: int
    drain_timeout_s: float


class StageApp(faust.App):  # type: ignore[misc]
    """A Faust app that runs one stage; made by `stage_app`."""

    logger = logging.getLogger("faust.mediasieve")
    stage: Stage
    settings: Settings
    bounds: Bounds
    runner: Runner | None
    table: Table | None

    @property
    def batch_consumer(self) -> BatchConsumer:
        return self.consumer  # type: ignore[no-any-return]

    def on_committed(self, offsets: Mapping[TP, int]) -> None:
        """Called by the consumer after each commit."""
        if isinstance(self.runner, KeyedRunner):
            self.runner.on_committed({tp.partition for tp in offsets})


def bounds_of(stage: Stage, settings: Settings) -> Bounds:
    """Few and bounded-by-bytes submissions, many small fingerprints, as many rows as one insert takes."""
    if isinstance(stage, ConcurrentStage):
        return Bounds(
            2 * settings.runtime.fetch_concurrency,
            settings.runtime.max_in_flight_bytes,
            256,
            4 << 20,
            settings.runtime.drain_timeout_s,
        )
    if isinstance(stage, SinkStage):
        return Bounds(4 * stage.max_rows, 8 * stage.max_bytes, 1_000, 4 << 20, settings.runtime.drain_timeout_s)
    return Bounds(
        16 * settings.runtime.max_batch_records,
        settings.runtime.max_in_flight_bytes,
        settings.runtime.max_batch_records,
        2 << 20,
        settings.runtime.drain_timeout_s,
    )


def stage_app(context: Context, stage: Stage) -> StageApp:
    """Make the app of a stage. Call on the running loop; start and stop it as any Faust app.

    Raises:
        ConfigurationError: the stage is of no known kind.
    """
    settings = context.settings
    bounds = bounds_of(stage, settings)
    group = consumer_group(settings, stage.name)
    data_dir = settings.paths.data_dir / "state" / settings.runtime.worker_id / stage.name
    app = StageApp(
        group,
        broker=[f"kafka://{address.strip()}" for address in settings.kafka.bootstrap_servers.split(",")],
        broker_credentials=_credentials(settings),
        datadir=str(data_dir),
        store="memory://",  # of Faust's own; tables bring theirs
        TableManager=TableManager,
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=False,
        stream_buffer_maxsize=256,  # deliveries; how much may be in them is bounded by `load`
        stream_recovery_delay=0.0,
        broker_max_poll_records=bounds.fetch_records,
        broker_max_poll_interval=3600.0,
        broker_commit_interval=settings.kafka.commit_interval_s,
        broker_session_timeout=settings.kafka.session_timeout_s,
        broker_heartbeat_interval=settings.kafka.heartbeat_interval_s,
        broker_rebalance_timeout=settings.kafka.rebalance_timeout_s,
        broker_request_timeout=max(40.0, settings.kafka.session_timeout_s),
        consumer_max_fetch_size=bounds.fetch_bytes,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=group_member(settings, stage.name),
    )
    app.stage, app.settings, app.bounds = stage, settings, bounds
    app.table = None
    app.transport = BatchTransport(app.conf.broker_consumer, app, loop=context.loop)
    topic = app.topic(*(context.wire_name(name) for name in stage.reads), schema=BatchSchema())
    app.runner = runner = _runner(app, context, stage)

    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            delivery: Delivery = event.value
            for batch in delivery:
                batch.hand_over()
            await runner.take(delivery)

    app.agent(topic, name=stage.name)(agent)

    async def on_revoked(_app: Any, revoked: set[TP], **_: Any) -> None:
        runner.on_revoked()

    app.on_partitions_revoked.connect(on_revoked, weak=False)
    return app


def _runner(app: StageApp, context: Context, stage: Stage) -> Runner:
    if isinstance(stage, ConcurrentStage):
        return ConcurrentRunner(context, stage, context.settings.runtime.fetch_concurrency)
    if isinstance(stage, SinkStage):
        return SinkRunner(context, stage)
    if not isinstance(stage, KeyedStage):
        raise ConfigurationError(f"stage {stage.name} is of no known kind")
    app.table = Table(app, name=stage.table, key_type=bytes, value_type=bytes)
    app.tables.add(app.table)
    return KeyedRunner(context, stage, app.table)


def _credentials(settings: Settings) -> Any:
    """As Faust wants them; that they are complete, `kafka_clients.connection_config` has checked for the outbox."""
    if settings.kafka.security_protocol == "plaintext":
        return None
    context = None
    if settings.kafka.security_protocol.endswith("ssl"):
        context = ssl.create_default_context(cafile=settings.kafka.ca_file)
    if settings.kafka.security_protocol == "ssl":
        return SSLCredentials(context=context)
    return SASLCredentials(
        username=settings.kafka.username,
        password=settings.kafka.password.get_secret_value(),
        mechanism=SASLMechanism(settings.kafka.sasl_mechanism),
        ssl_context=context,
    )


async def lag_of(app: StageApp) -> dict[TP, int]:
    """Records behind the high watermark, by source partition that has a position."""
    consumer = app.batch_consumer
    lags: dict[TP, int] = {}
    for tp in consumer.assignment():
        if consumer._is_changelog_tp(tp):
            continue
        high, committed = consumer.highwater(tp), consumer._committed_offset[tp]
        if high is not None:
            lags[tp] = max(0, high - (committed or 0))
        await asyncio.sleep(0)
    return lags
