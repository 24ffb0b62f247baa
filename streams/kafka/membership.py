"""Removes a crashed worker from its consumer groups, for a broker that would wait for the worker for ever.

Workers are static members: a worker that returns within the session timeout keeps its partitions. The embedded broker
(noida-db 0.2.3) has no session timeout. There, a static member that returns as the leader of its group may get the
partitions of another member, and its own stay unread. A worker that leaves before it joins is always a new member.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from aiokafka.conn import create_conn
from aiokafka.protocol.group import LeaveGroupRequest
from confluent_kafka import KafkaException

from streams.config.settings import Settings
from streams.kafka.clients import make_admin, reach_broker
from streams.kafka.topics import consumer_group, group_member

logger = logging.getLogger(__name__)
REQUEST_TIMEOUT_S = 10.0


def leave_groups(settings: Settings, stages: Sequence[str]) -> list[str]:
    """Remove the members of an earlier process of this worker from the groups of its stages; returns these groups.

    For one broker without encryption. A group that cannot be described stays as it is.

    Raises:
        BrokerError: the broker is away.
    """
    cluster = reach_broker(settings)
    broker = next(iter(cluster.brokers.values()))
    names = {consumer_group(settings, stage): group_member(settings, stage) for stage in stages}
    left = []
    admin = make_admin(settings)  # it must outlive its futures
    described = admin.describe_consumer_groups(list(names), request_timeout=REQUEST_TIMEOUT_S)
    for group, future in described.items():
        try:
            members = future.result(2 * REQUEST_TIMEOUT_S).members
        except (KafkaException, TimeoutError) as error:
            logger.debug("group %s cannot be described: %s", group, error)
            continue
        for member in members:
            if member.group_instance_id == names[group]:
                asyncio.run(_leave(broker.host, broker.port, group, member.member_id))
                logger.info("left group %s, which still had an earlier process of this worker as a member", group)
                left.append(group)
    return left


async def _leave(host: str, port: int, group: str, member_id: str) -> None:
    connection = await create_conn(host, port, request_timeout_ms=round(REQUEST_TIMEOUT_S * 1000))
    try:
        await connection.send(LeaveGroupRequest(group, member_id))
    finally:
        connection.close()
