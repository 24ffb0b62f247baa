"""Processes that decode: given jobs in order, replaced when they die, and blamed on no file that they had not begun."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams.errors import BadInput, BrokenInfrastructure, Reason
from streams.stages.fingerprint.decoders.pool import DecoderPool
from streams.stages.fingerprint.decoders.starter import Started, Starter
from tests.stages.fingerprint.decoders import stand_in
from tests.support.patience import PATIENCE_S


class StandIns(Starter):
    """Starts stand-ins; `most` is how many starts succeed."""

    def __init__(self, begun: Path, most: int = 100) -> None:
        self._begun, self._most = begun, most
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *, background: bool = False) -> Started:
        if len(self.started) >= self._most:
            raise BrokenInfrastructure("no more processes")
        jobs_read, jobs_write = os.pipe()
        replies_read, replies_write = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", stand_in.__file__, self._begun], stdin=jobs_read, stdout=replies_write
        )
        self.started.append(process)
        os.close(jobs_read)
        os.close(replies_write)
        for pipe in (jobs_write, replies_read):
            os.set_blocking(pipe, False)
        return Started(process.pid, jobs_write, replies_read)

    def close(self) -> None:
        for process in self.started:
            process.wait(PATIENCE_S)  # fails if one was left running


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """Has a file for each job that a process began."""
    folder = tmp_path / "begun"
    folder.mkdir()
    return folder


@asynccontextmanager
async def pool_of(starter: StandIns, processes: int = 1, timeout_s: float = 30.0) -> AsyncIterator[DecoderPool]:
    pool = DecoderPool(starter, processes, timeout_s)
    try:
        yield pool
    finally:
        pool.close()
        await asyncio.to_thread(starter.close)


def files_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - a process gives no event
            await asyncio.sleep(0.01)


async def test_every_file_gets_its_own_reply(begun: Path) -> None:
    """Files of any size, of which some fill the pipe many times."""
    sizes = [0, 1, 100, 70_000, 5_000_000] * 10
    starter = StandIns(begun)
    async with pool_of(starter, processes=2) as pool:
        replies = await asyncio.gather(*(pool.run(b"%d" % n, bytes(size)) for n, size in enumerate(sizes)))
    assert replies == [b"%d %d" % (n, size) for n, size in enumerate(sizes)]
    assert len(starter.started) == 2


async def test_processes_start_only_when_they_are_needed(begun: Path) -> None:
    starter = StandIns(begun)
    async with pool_of(starter, processes=4) as pool:
        assert pool.pids == []
        for _ in range(3):
            await pool.run(b"one at a time", b"")
        assert len(pool.pids) == 1


async def test_a_file_over_which_a_process_died_is_tried_again(begun: Path) -> None:
    starter = StandIns(begun)
    async with pool_of(starter) as pool:
        assert await pool.run(b"r", b"die once") == b"r 8"
    assert len(starter.started) == 2


async def test_a_file_over_which_two_processes_died_is_refused_and_no_other(begun: Path) -> None:
    async with pool_of(StandIns(begun)) as pool:
        killer = asyncio.create_task(pool.run(b"k", b"die"))
        others = [asyncio.create_task(pool.run(b"%d" % n, b"fine")) for n in range(10)]
        with pytest.raises(BadInput) as refused:
            await killer
        assert refused.value.reason is Reason.DECODER_CRASHED
        assert await asyncio.gather(*others) == [b"%d 4" % n for n in range(10)]
    tried = files_in(begun)
    assert (tried.count(b"die"), tried.count(b"fine")) == (2, 10)


async def test_a_process_that_is_killed_while_it_waits_is_replaced(begun: Path) -> None:
    starter = StandIns(begun)
    async with pool_of(starter) as pool:
        await pool.run(b"", b"")
        starter.started[0].kill()
        await until(lambda: pool.pids == [])
        assert await pool.run(b"next", b"") == b"next 0"


async def test_a_file_that_takes_too_long_is_refused_and_its_process_ended(begun: Path) -> None:
    starter = StandIns(begun)
    async with pool_of(starter, timeout_s=1.0) as pool:
        slow = asyncio.create_task(pool.run(b"s", b"hang"))
        behind = asyncio.create_task(pool.run(b"b", b"fine"))
        with pytest.raises(BadInput) as refused:
            await slow
        assert refused.value.reason is Reason.DECODE_TIMEOUT
        assert await behind == b"b 4"
        assert starter.started[0].wait(PATIENCE_S) < 0


async def test_thumbnails_are_a_second_reply_to_the_same_file(begun: Path) -> None:
    starter, second = StandIns(begun), list[bytes]()
    async with pool_of(starter) as pool:
        jobs = [pool.run(b"%d" % n, b"twice" + bytes(n), second.append) for n in range(20)]
        plain = [pool.run(b"%d" % n, bytes(n)) for n in range(20)]
        assert await asyncio.gather(*jobs, *plain) == [
            *(b"%d %d" % (n, n + 5) for n in range(20)), *(b"%d %d" % (n, n) for n in range(20))]  # fmt: skip
        assert second == [b"%d %d" % (n, n + 5) for n in range(20)]
    assert len(starter.started) == 1


async def test_a_process_that_dies_over_thumbnails_is_blamed_on_no_file(begun: Path) -> None:
    starter, second = StandIns(begun), list[bytes]()
    async with pool_of(starter) as pool:
        first = asyncio.create_task(pool.run(b"f", b"then die", second.append))
        behind = [asyncio.create_task(pool.run(b"%d" % n, b"then die", second.append)) for n in range(4)]
        assert await first == b"f 8"
        assert await asyncio.gather(*behind) == [b"%d 8" % n for n in range(4)]
    assert second == []
    assert len(starter.started) >= 5


@pytest.mark.parametrize("file", [b"too much", b"twice"])
async def test_a_process_that_answers_what_no_decoder_answers_is_replaced(begun: Path, file: bytes) -> None:
    starter = StandIns(begun)
    async with pool_of(starter) as pool:
        answer = asyncio.create_task(pool.run(b"r", file))
        await asyncio.wait({answer})
        if file == b"too much":
            with pytest.raises(BadInput):
                answer.result()
        await until(lambda: pool.pids == [])
        assert await pool.run(b"next", b"") == b"next 0"


async def test_a_cancelled_caller_costs_nobody_else_their_reply(begun: Path) -> None:
    async with pool_of(StandIns(begun)) as pool:
        runs = [asyncio.create_task(pool.run(b"%d" % n, bytes(100_000))) for n in range(20)]
        await asyncio.sleep(0)
        for run in runs[::2]:
            run.cancel()
        found = await asyncio.gather(*runs, return_exceptions=True)
    assert found[1::2] == [b"%d 100000" % n for n in range(1, 20, 2)]
    assert all(isinstance(each, asyncio.CancelledError) for each in found[::2])


async def test_without_any_process_the_worker_is_at_fault(begun: Path) -> None:
    async with pool_of(StandIns(begun, most=0)) as pool:
        with pytest.raises(BrokenInfrastructure):
            await pool.run(b"", b"")


async def test_closing_ends_processes_at_work(begun: Path) -> None:
    async with pool_of(StandIns(begun)) as pool:
        running = asyncio.create_task(pool.run(b"", b"hang"))
        await until(lambda: any(begun.iterdir()))
    with pytest.raises(asyncio.CancelledError):
        await running
