"""One Faust app for each stage: its consumer group, agent and table, assembled with the parts of this package."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import faust
from faust.auth import SASLCredentials, SSLCredentials
from faust.types import TP
from faust.types.auth import SASLMechanism

from streams.config.settings import Settings
from streams.kafka.tls import tls_context
from streams.kafka.topics import consumer_group, group_member, wire_name
from streams.runtime.context import StageContext
from streams.runtime.ledger import Delivery
from streams.runtime.stage import Bounds, Runner, Stage
from streams.runtime.tables.recovery import TableManager
from streams.runtime.tables.table import Table
from streams.runtime.transport import BatchConsumer, BatchSchema, BatchTransport


class StageApp(faust.App):  # type: ignore[misc]
    """A Faust app that runs one stage; made by `stage_app`."""

    logger = logging.getLogger("faust.mediasieve")
    stage: Stage
    settings: Settings
    bounds: Bounds
    fed: bool
    runner: Runner

    @property
    def batch_consumer(self) -> BatchConsumer:
        return self.consumer  # type: ignore[no-any-return]

    @property
    def table(self) -> Table | None:
        return self.runner.table

    def on_committed(self, offsets: Mapping[TP, int]) -> None:
        """Called by the consumer after each commit."""
        self.runner.on_committed({tp.partition for tp in offsets})


def stage_app(context: StageContext, stage: Stage) -> StageApp:
    """The app of a stage. Call on the running loop; start and stop it like any Faust app."""
    settings = context.settings
    bounds = stage.bounds(settings, context.share_bytes)
    group = consumer_group(settings, stage.name)
    data_dir = settings.paths.data_dir / "state" / settings.runtime.worker_id / stage.name
    app = StageApp(
        group,
        broker=[f"kafka://{address.strip()}" for address in settings.kafka.bootstrap_servers.split(",")],
        broker_credentials=_credentials(settings),
        datadir=str(data_dir),
        store="memory://",  # for Faust's own tables; ours bring their store
        TableManager=TableManager,
        key_serializer="raw",
        value_serializer="raw",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=False,
        stream_buffer_maxsize=256,  # deliveries; the consumer's `in_flight` bounds their records and bytes
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
    app.stage, app.settings, app.bounds, app.fed = stage, settings, bounds, context.fed
    app.transport = BatchTransport(app.conf.broker_consumer, app, loop=context.loop)
    topic = app.topic(*(wire_name(settings, name) for name in stage.reads), schema=BatchSchema())
    app.runner = runner = stage.runner(context, app)

    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            delivery: Delivery = event.value
            for batch in delivery:
                batch.hand_over()
            await runner.process(delivery)

    app.agent(topic, name=stage.name)(agent)

    async def on_revoked(_app: Any, revoked: set[TP], **_: Any) -> None:
        runner.on_revoked()

    app.on_partitions_revoked.connect(on_revoked, weak=False)
    return app


def _credentials(settings: Settings) -> Any:
    """Credentials for Faust. They are complete: `connection_config` in kafka/clients.py has checked that."""
    if settings.kafka.security_protocol == "plaintext":
        return None
    context = tls_context(settings.kafka)
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
