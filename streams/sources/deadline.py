"""The time that a source may take. Waiting for our own byte budget does not count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from streams.errors import BadInput, Reason
from streams.sources.budget import Reservation

#: Awaited with a total of bytes before that many are kept in memory.
Reserve = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def source_deadline(timeout_s: float, reservation: Reservation) -> AsyncIterator[Reserve]:
    """Bounds the time of the block. Yields a function that grows the reservation while the clock stands still.

    Raises:
        BadInput: source_timeout, also when the operating system gave the peer up.
    """
    try:
        async with asyncio.timeout(timeout_s) as deadline:

            async def reserve(size_bytes: int) -> None:
                if reservation.try_grow_to(size_bytes):
                    return
                ends_at = deadline.when()
                assert ends_at is not None
                left_s = ends_at - asyncio.get_running_loop().time()
                deadline.reschedule(None)
                await reservation.grow_to(size_bytes)
                deadline.reschedule(asyncio.get_running_loop().time() + left_s)

            yield reserve
    except TimeoutError as error:
        raise BadInput(Reason.SOURCE_TIMEOUT, f"the source was not complete after {timeout_s:g} s") from error
