"""An event about a hash list reaches every partition that decides about its collection, or becomes a dead letter."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from streams.config.live_policies import LivePolicies
from streams.domain.records import ListEvent
from streams.kafka.cloudevents import LIST_ENTRIES_TYPE, LIST_TYPE
from streams.kafka.partitions import keys_of_partitions, partition_of
from streams.kafka.topics import VERDICTS
from streams.stages.fingerprint.list_events import is_list_event, route_list_event
from tests.stages.fingerprint.test_moderation_events import Record, Task, policies
from tests.support.examples import load_example

__all__ = ["policies"]
PARTITIONS = 8


async def keys(name: str) -> list[bytes]:
    return keys_of_partitions(name, PARTITIONS)


def route(policies: LivePolicies, stem: str, **changes: Any) -> tuple[list[tuple[bytes, bytes, Any]], list[str]]:
    task = Task(Record(orjson.dumps(load_example(VERDICTS, stem) | changes)))
    emitted: list[tuple[bytes, bytes, Any]] = []
    assert is_list_event(task.record)
    work = route_list_event(task, policies, lambda *output: emitted.append(output), keys)
    if work is not None:
        asyncio.run(work)
    return emitted, [str(error) for error in task.dead]


@pytest.mark.parametrize(("stem", "kind"), [("list_1_entries", LIST_ENTRIES_TYPE), ("list_2_effective", LIST_TYPE)])
def test_near_matching_has_one_partition(policies: LivePolicies, stem: str, kind: bytes) -> None:
    [(routing_key, value, headers)], dead = route(policies, stem)

    assert (routing_key, dead) == (b"shop", [])
    assert ListEvent.from_json(value).list_name == "known-bad"
    assert (dict(headers)["ce_type"], dict(headers)["ce_subject"]) == (kind, b"known-bad")


def test_a_collection_that_is_spread_has_the_list_in_every_partition(policies: LivePolicies) -> None:
    emitted, _ = route(policies, "list_2_effective", collection="fast")

    assert sorted(partition_of(key, PARTITIONS) for key, _, _ in emitted) == list(range(PARTITIONS))
    assert len({value for _, value, _ in emitted}) == 1


def test_a_wrong_event_gets_a_dead_letter(policies: LivePolicies) -> None:
    emitted, [error] = route(policies, "list_2_effective", version="")

    assert emitted == []
    assert "'version'" in error


def test_keys_are_divided_as_java_clients_divide_them() -> None:
    assert partition_of(b"foobar", 1 << 30) == (-790332482 & 0x7FFFFFFF) % (1 << 30)  # from the tests of Apache Kafka


@pytest.mark.parametrize("value", [b"", b"[]", b"{ no json", b'{"event": "verdict"}', b'{"event": ["list_drop"]}'])
def test_other_records_are_not_about_lists(value: bytes) -> None:
    assert not is_list_event(Record(value))
