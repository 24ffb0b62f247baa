"""Finished records wait for company, are sent in their order, and wait no longer than they should."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from streams.runtime.runners.output_groups import (
    LINGER_PART,
    MAX_GROUP_BYTES,
    MAX_GROUP_RECORDS,
    MAX_LINGER_S,
    OutputGroups,
    linger_s,
)

FOR_EVER_S = 3600.0


@dataclass(frozen=True)
class Record:
    number: int
    size_bytes: int = 1


@dataclass
class Sent:
    """What was sent, by group; each group waits until `free` is set."""

    groups: list[list[int]] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, records: Sequence[Record]) -> None:
        await self.free.wait()
        self.groups.append([record.number for record in records])


def nothing() -> None:
    return


async def test_records_that_finish_while_the_first_waits_are_sent_with_it() -> None:
    sent = Sent()
    sent.free.set()
    groups = OutputGroups(sent.send)
    await asyncio.gather(*(groups.add(Record(number), 0.01, nothing) for number in range(5)))
    await groups.add(Record(5), 0.0, nothing)
    assert sent.groups == [[0, 1, 2, 3, 4], [5]]


@pytest.mark.parametrize(
    ("size_bytes", "records"), [(1, MAX_GROUP_RECORDS), (MAX_GROUP_BYTES // 2, 2), (MAX_GROUP_BYTES, 1)]
)
async def test_a_full_group_waits_no_longer(size_bytes: int, records: int) -> None:
    sent = Sent()
    sent.free.set()
    groups = OutputGroups(sent.send)
    adding = [groups.add(Record(number, size_bytes), FOR_EVER_S, nothing) for number in range(2 * records)]
    async with asyncio.timeout(20):
        await asyncio.gather(*adding)
    assert sent.groups == [list(range(records)), list(range(records, 2 * records))]


async def test_a_group_is_sent_only_after_those_before_it() -> None:
    """A record whose predecessor has its place in the order may be added at once."""
    sent = Sent()
    groups = OutputGroups(sent.send)
    first_joined, second_joined = asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(groups.add(Record(0, MAX_GROUP_BYTES), FOR_EVER_S, first_joined.set))
    await first_joined.wait()
    second = asyncio.create_task(groups.add(Record(1, MAX_GROUP_BYTES), FOR_EVER_S, second_joined.set))
    await second_joined.wait()
    await asyncio.sleep(0.05)
    assert sent.groups == []
    sent.free.set()
    await asyncio.gather(first, second)
    assert sent.groups == [[0], [1]]


async def test_records_that_are_taken_away_delay_no_later_ones() -> None:
    sent = Sent()
    groups = OutputGroups(sent.send)
    stale = [asyncio.create_task(groups.add(Record(number), FOR_EVER_S, nothing)) for number in range(3)]
    await asyncio.sleep(0)
    groups.drop()
    for task in stale:
        task.cancel()
    sent.free.set()
    async with asyncio.timeout(20):
        await groups.add(Record(9), 0.0, nothing)
    found = await asyncio.gather(*stale, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in found)
    assert sent.groups == [[9]]


def test_a_record_waits_for_a_part_of_the_time_that_it_has_taken() -> None:
    assert [linger_s(taken_s) for taken_s in (0.0, 0.4, 1000.0)] == [0.0, 0.4 / LINGER_PART, MAX_LINGER_S]
