"""Bulk work is taken while live work does not wait and match is not behind, a few records at a time."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import BrokerError
from streams.kafka.readers.match_progress import MatchProgress
from streams.stages.fingerprint import bulk_admission
from streams.stages.fingerprint.bulk_admission import LIVE_PER_BULK, BulkAdmission, BulkWindow


@dataclass
class Live:
    """Live work that a test makes wait."""

    crowded: bool = False
    fingerprinted: int = 0


class Log:
    """A log of one partition: `end` is what was written, `decided` how far match is."""

    def __init__(self) -> None:
        self.end = self.decided = 0
        self.looks = threading.Semaphore(0)
        self.is_away = False

    def read(self) -> MatchProgress:
        self.looks.release()
        if self.is_away:
            raise BrokerError("away")
        return MatchProgress({0: self.end}, {0: self.decided})


async def is_admitted(admitted: asyncio.Task[None]) -> bool:
    """Whether it is admitted without anything happening; waits longer than the pace of these tests lets wait."""
    done, _ = await asyncio.wait({admitted}, timeout=0.3)
    return bool(done)


@pytest.fixture(autouse=True)
def fast_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not admitted waits for something else than the pace."""
    monkeypatch.setattr(bulk_admission, "WINDOW_S", 0.05)


async def test_there_is_room_for_many_windows_while_nobody_else_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_admission, "ALONE_S", 0.2)
    log = Log()
    admission = BulkAdmission(Live(), log.read, window=10)
    await admission.admit(10)
    await asyncio.wait_for(admission.admit(60), 20)
    log.end = 71  # another worker has written a record
    admission.finish(70)
    await asyncio.to_thread(log.looks.acquire)
    monkeypatch.setattr(bulk_admission, "ALONE_S", 1_000.0)
    assert not await is_admitted(asyncio.create_task(admission.admit(5)))
    admission.close()


async def test_no_more_records_are_on_their_way_than_the_window_holds_until_match_has_decided_some() -> None:
    log = Log()
    admission = BulkAdmission(Live(), log.read, window=100)
    await admission.admit(60)
    second = asyncio.create_task(admission.admit(60))
    assert not await is_admitted(second)
    log.end = 60
    admission.finish(60)  # Kafka has them, but match has not decided them
    assert not await is_admitted(second)
    log.decided = 60
    await asyncio.wait_for(second, 20)
    admission.close()


async def test_bulk_work_waits_for_live_work_but_gets_its_share_of_it() -> None:
    live, log = Live(crowded=True), Log()
    admission = BulkAdmission(live, log.read, window=1_000)
    waiting = asyncio.create_task(admission.admit(4))
    assert not await is_admitted(waiting)
    live.fingerprinted = 4 * LIVE_PER_BULK
    await asyncio.wait_for(waiting, 20)
    waiting = asyncio.create_task(admission.admit(4))
    assert not await is_admitted(waiting)
    live.crowded = False
    await asyncio.wait_for(waiting, 20)


async def test_records_that_other_workers_will_process_leave_the_window() -> None:
    admission = BulkAdmission(Live(), Log().read, window=10)
    await admission.admit(10)
    waiting = asyncio.create_task(admission.admit(10))
    assert not await is_admitted(waiting)
    admission.give_up()
    await asyncio.wait_for(waiting, 20)


async def test_bulk_work_waits_while_nobody_can_say_how_far_match_is() -> None:
    log = Log()
    log.is_away = True
    admission = BulkAdmission(Live(), log.read, window=10)
    await admission.admit(10)
    log.end = log.decided = 10
    admission.finish(10)
    waiting = asyncio.create_task(admission.admit(10))
    await asyncio.to_thread(log.looks.acquire)
    assert not await is_admitted(waiting)
    log.is_away = False
    await asyncio.wait_for(waiting, 20)
    admission.close()


async def test_a_batch_larger_than_the_window_comes_alone() -> None:
    admission = BulkAdmission(Live(), Log().read, window=1)
    await asyncio.wait_for(admission.admit(5), 20)


STEPS = st.sampled_from(("take", "write", "decide", "look", "late look", "give up"))


@given(st.lists(st.tuples(STEPS, st.integers(1, 9))))
def test_the_window_never_counts_a_record_as_decided_that_is_not(steps: list[tuple[str, int]]) -> None:
    window = BulkWindow(20)
    end = decided = decided_of_ours = ours_in_log = 0
    late: tuple[int, MatchProgress] | None = None
    positions: list[int] = []  # of our records in the log
    for step, count in steps:
        if step == "take" and window.has_room(count):
            window.taken += count
        elif step == "write":
            count = min(count, window.taken - window.written)
            positions += range(end + 1, end + 2 * count, 2)  # others write between ours
            end += 2 * count
            ours_in_log += count
            window.on_written(count)
        elif step == "decide":
            decided = min(end, decided + count)
        elif step == "look":
            window.on_look(window.written, MatchProgress({0: end}, {0: decided}))
        elif step == "late look":
            if late is not None and late[0] >= window.decided:
                window.on_look(*late)
            late = window.written, MatchProgress({0: end}, {0: decided})
        elif step == "give up":
            window.give_up()
        decided_of_ours = sum(position < decided for position in positions)
        assert window.decided <= decided_of_ours
        assert window.outstanding >= 0


@pytest.mark.parametrize("decided", [{}, {0: 4}, {1: 5}, {0: 5, 1: 4}])
def test_a_look_counts_once_every_partition_has_come_as_far(decided: dict[int, int]) -> None:
    window = BulkWindow(10)
    window.taken = 10
    window.on_written(10)
    window.on_look(10, MatchProgress({0: 5, 1: 5}, decided))
    assert window.decided == 0
    window.on_look(10, MatchProgress({0: 9, 1: 9}, {0: 5, 1: 5}))
    assert window.decided == 10
