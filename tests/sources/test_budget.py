"""The byte budget: bounded, in order, and without deadlock under cancellation."""

from __future__ import annotations

import asyncio
import random
from contextlib import ExitStack

import pytest

from streams.sources.budget import ByteBudget


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_reservations_share_the_budget_and_give_it_back() -> None:
    budget = ByteBudget(total_bytes=100, largest_bytes=20)
    with budget.reserve() as one, budget.reserve() as other:
        await one.grow_to(15)
        await other.grow_to(10)
        assert budget.reserved_bytes == 25
        other.shrink_to(3)
        assert budget.reserved_bytes == 18
    assert budget.reserved_bytes == 0


async def test_growing_counts_only_additional_bytes() -> None:
    budget = ByteBudget(100, 50)
    with budget.reserve() as reservation:
        await reservation.grow_to(30)
        await reservation.grow_to(20)
        await reservation.grow_to(40)
        assert budget.reserved_bytes == 40


async def test_a_full_budget_waits_until_bytes_are_given_back() -> None:
    budget = ByteBudget(total_bytes=30, largest_bytes=10)
    with ExitStack() as stack:
        first, second, apart, waiting = (stack.enter_context(budget.reserve()) for _ in range(4))
        for reservation in (first, second, apart):
            assert reservation.try_grow_to(10)
        assert budget.reserved_bytes == 30
        assert not waiting.try_grow_to(1)
        growth = asyncio.create_task(waiting.grow_to(5))
        await turns()
        assert not growth.done()
        first.shrink_to(0)
        await growth
        assert budget.reserved_bytes == 25


async def test_first_come_first_served_even_when_a_later_one_would_fit() -> None:
    budget = ByteBudget(total_bytes=30, largest_bytes=10)
    order: list[str] = []

    async def want(name: str, size_bytes: int) -> None:
        with budget.reserve() as reservation:
            await reservation.grow_to(size_bytes)
            order.append(name)
            await turns(20)

    with budget.reserve() as first, budget.reserve() as second, budget.reserve() as apart:
        for reservation in (first, second, apart):
            assert reservation.try_grow_to(10)
        tasks = [asyncio.create_task(want(name, size)) for name, size in (("large", 10), ("small", 1))]
        await turns()
        first.shrink_to(5)
        await turns()
        assert order == []
        first.shrink_to(0)
        await asyncio.gather(*tasks)
    assert order == ["large", "small"]


async def test_reservations_that_all_grow_do_not_deadlock() -> None:
    budget = ByteBudget(total_bytes=40, largest_bytes=20)

    async def fetch() -> None:
        with budget.reserve() as reservation:
            for size_bytes in range(1, 21):
                await reservation.grow_to(size_bytes)
                await asyncio.sleep(0)

    await asyncio.wait_for(asyncio.gather(*(fetch() for _ in range(30))), 10)
    assert budget.reserved_bytes == 0


async def test_a_budget_below_the_largest_fetch_admits_one_at_a_time() -> None:
    budget = ByteBudget(total_bytes=5, largest_bytes=20)
    peak = 0

    async def fetch() -> None:
        nonlocal peak
        with budget.reserve() as reservation:
            await reservation.grow_to(20)
            peak = max(peak, budget.reserved_bytes)
            await turns(2)

    await asyncio.wait_for(asyncio.gather(*(fetch() for _ in range(5))), 10)
    assert peak == 20


async def test_a_cancelled_wait_lets_later_ones_proceed() -> None:
    budget = ByteBudget(total_bytes=30, largest_bytes=10)
    with ExitStack() as stack:
        first, second, apart, large, small = (stack.enter_context(budget.reserve()) for _ in range(5))
        for reservation, size_bytes in ((first, 10), (second, 8), (apart, 10)):
            assert reservation.try_grow_to(size_bytes)
        blocked = asyncio.create_task(large.grow_to(10))
        behind = asyncio.create_task(small.grow_to(1))
        await turns()
        assert not behind.done()
        blocked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await blocked
        await asyncio.wait_for(behind, 1)
    assert budget.reserved_bytes == 0


async def test_a_reservation_that_ends_while_its_wait_is_cancelled_takes_nothing() -> None:
    budget = ByteBudget(total_bytes=30, largest_bytes=10)
    with ExitStack() as stack:
        first, second, apart = (stack.enter_context(budget.reserve()) for _ in range(3))
        for reservation in (first, second, apart):
            assert reservation.try_grow_to(10)
        with budget.reserve() as leaving:
            growth = asyncio.create_task(leaving.grow_to(5))
            await turns()
            growth.cancel()
        first.shrink_to(0)
        assert budget.reserved_bytes == 20
        await turns()
        assert growth.cancelled()
    assert budget.reserved_bytes == 0


@pytest.mark.parametrize("seed", range(8))
async def test_random_fetches_stay_within_the_bound_and_give_everything_back(seed: int) -> None:
    chance = random.Random(seed)
    total, largest = chance.choice([(100, 20), (40, 20), (20, 20), (10, 20)])
    budget = ByteBudget(total, largest)
    peak = done = 0

    async def fetch() -> None:
        nonlocal peak, done
        with budget.reserve() as reservation:
            size_bytes = chance.randint(1, largest)
            for step in range(1, size_bytes + 1):
                await reservation.grow_to(step)
                peak = max(peak, budget.reserved_bytes)
                if chance.random() < 0.3:
                    await asyncio.sleep(0)
            reservation.shrink_to(chance.randint(0, size_bytes))
            await turns(chance.randint(0, 4))
            done += 1

    tasks = [asyncio.create_task(fetch()) for _ in range(60)]
    await turns()
    cancelled = chance.sample(tasks, 20)
    for task in cancelled:
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
    assert done >= 40
    assert peak <= max(total, largest)
    assert budget.reserved_bytes == 0
