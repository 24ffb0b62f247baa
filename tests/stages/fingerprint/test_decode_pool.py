"""Threads that decode: bounded in number and time, and abandoned when they hang."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
import weakref
from collections.abc import Iterator
from functools import partial

import pytest

from streams.errors import BadInput, BrokenInfrastructure, Reason
from streams.stages.fingerprint import decode_pool
from streams.stages.fingerprint.decode_pool import DecodePool


@pytest.fixture
def free() -> Iterator[threading.Event]:
    """Set at the end, for threads that hang until then."""
    event = threading.Event()
    yield event
    event.set()


async def test_a_result_or_an_error_comes_back() -> None:
    pool = DecodePool("test", 2, 10)

    def fail() -> int:
        raise BadInput(Reason.CORRUPT_MEDIA, "broken")

    assert await asyncio.gather(*(pool.run(partial(int, number)) for number in range(20))) == list(range(20))
    with pytest.raises(BadInput, match="broken"):
        await pool.run(fail)
    pool.close()


async def test_a_medium_that_fails_to_decode_is_freed_at_once() -> None:
    """The garbage collector comes rarely, and twenty megabytes a record would wait for it."""

    class Medium:
        def decode(self) -> int:
            raise BadInput(Reason.CORRUPT_MEDIA, "broken")

    pool = DecodePool("test", 1, 10)
    medium = Medium()
    freed = weakref.ref(medium)
    gc.disable()
    try:
        with pytest.raises(BadInput):
            await pool.run(medium.decode)
        del medium
        assert await pool.run(lambda: 1) == 1  # the thread has let go of what it did before
        assert freed() is None
    finally:
        gc.enable()
        pool.close()


async def test_a_decode_that_hangs_is_abandoned_and_the_next_one_runs(free: threading.Event) -> None:
    pool = DecodePool("test", 1, 0.2)
    with pytest.raises(BadInput) as refused:
        await pool.run(free.wait)
    assert refused.value.reason is Reason.DECODE_TIMEOUT
    assert await pool.run(lambda: 1) == 1
    pool.close()


async def test_too_many_hanging_decodes_are_not_blamed_on_the_input(
    free: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_pool, "MAX_STUCK_DECODES", 1)
    pool = DecodePool("test", 1, 0.05)
    with pytest.raises(BadInput):
        await pool.run(free.wait)
    with pytest.raises(BrokenInfrastructure):
        await pool.run(free.wait)
    pool.close()


async def test_waiting_for_the_source_does_not_count_as_decoding(free: threading.Event) -> None:
    pool = DecodePool("test", 1, 0.2)
    clock = asyncio.get_running_loop().time
    began_at, arrived_at = clock(), math.inf
    running = asyncio.create_task(pool.run(free.wait, lambda: min(clock(), arrived_at) - began_at))
    await asyncio.sleep(1.0)  # all of it waiting, so the decode itself has taken no time
    assert not running.done()
    arrived_at = clock()
    with pytest.raises(BadInput):
        await running
    pool.close()


async def test_waiting_for_a_thread_does_not_count_as_decoding(free: threading.Event) -> None:
    pool = DecodePool("test", 1, 2.0)
    first = asyncio.create_task(pool.run(lambda: free.wait(1.0)))
    await asyncio.sleep(0.05)
    others = [asyncio.create_task(pool.run(lambda: free.wait(0.6))) for _ in range(3)]
    assert await asyncio.gather(first, *others) == [False] * 4  # together they take longer than one decode may
    pool.close()


async def test_a_cancelled_decode_makes_room(free: threading.Event) -> None:
    pool = DecodePool("test", 2, 10)
    running = asyncio.create_task(pool.run(free.wait))
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await pool.run(lambda: 1) == 1
    pool.close()
