"""A crashed worker leaves its groups before it joins again, and disturbs no other member."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from streams.config.settings import Settings
from streams.kafka.clients import make_admin
from streams.kafka.membership import leave_groups
from streams.kafka.topics import SUBMISSIONS, consumer_group, group_member, wire_name
from tests.support.brokers import Namespace
from tests.support.patience import PATIENCE_S

MEMBER = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer

async def main():
    topic, broker, group, name = sys.argv[1:]
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, group_id=group, group_instance_id=name)
    await consumer.start()
    while not consumer.assignment():
        await consumer.getmany(timeout_ms=100)
    print("joined", flush=True)
    while True:
        await consumer.getmany(timeout_ms=100)

asyncio.run(main())
"""


@pytest.fixture
def settings(broker: Namespace, tmp_path: Path) -> Settings:
    broker.create(SUBMISSIONS)
    return broker.settings(tmp_path)


def crash(settings: Settings, stage: str) -> None:
    """Join the stage's group under this worker's name, and be killed."""
    topic, group, name = (
        wire_name(settings, SUBMISSIONS),
        consumer_group(settings, stage),
        group_member(settings, stage),
    )
    process = subprocess.Popen(
        [sys.executable, "-c", MEMBER, topic, settings.kafka.bootstrap_servers, group, name], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout as stdout:
        assert stdout.readline() == b"joined\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def members(settings: Settings, stage: str) -> set[str]:
    admin = make_admin(settings)
    group = consumer_group(settings, stage)
    found: Any = admin.describe_consumer_groups([group], request_timeout=10)[group].result(20)
    return {member.group_instance_id for member in found.members}


def test_the_member_that_a_crash_left_in_a_group_is_removed(settings: Settings) -> None:
    crash(settings, "fingerprint")
    assert members(settings, "fingerprint") == {group_member(settings, "fingerprint")}

    left = leave_groups(settings, ("fingerprint", "match"))

    assert left == [consumer_group(settings, "fingerprint")]
    assert members(settings, "fingerprint") == set()
    assert leave_groups(settings, ("fingerprint", "match")) == []


async def test_another_worker_of_the_group_stays_and_takes_over(settings: Settings) -> None:
    crash(settings, "fingerprint")
    other = settings.with_values(worker_id="other")
    await asyncio.to_thread(leave_groups, settings, ("fingerprint",))
    consumer = AIOKafkaConsumer(
        wire_name(settings, SUBMISSIONS),
        bootstrap_servers=settings.kafka.bootstrap_servers,
        group_id=consumer_group(settings, "fingerprint"),
        group_instance_id=group_member(other, "fingerprint"),
    )
    await consumer.start()
    try:
        deadline = time.monotonic() + PATIENCE_S
        while len(consumer.assignment()) < 4 and time.monotonic() < deadline:
            await consumer.getmany(timeout_ms=100)

        assert await asyncio.to_thread(leave_groups, settings, ("fingerprint",)) == []

        assert len(consumer.assignment()) == 4
        assert await asyncio.to_thread(members, settings, "fingerprint") == {group_member(other, "fingerprint")}
    finally:
        await consumer.stop()
