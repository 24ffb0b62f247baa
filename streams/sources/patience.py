"""How long a source is waited for; waiting for ourselves, that is for the budget of bytes, is not counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from streams.errors import BadInput, Reason
from streams.sources.budget import Hold

Reserve = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def patience(timeout_s: float, hold: Hold) -> AsyncIterator[Reserve]:
    """Bounds what is done inside; gives a function that lets the hold grow to so many bytes, while the clock stands.

    Raises:
        BadInput: source_timeout, also where the operating system gave the peer up.
    """
    try:
        async with asyncio.timeout(timeout_s) as deadline:

            async def reserve(size_bytes: int) -> None:
                if hold.try_grow_to(size_bytes):
                    return
                ends_at = deadline.when()
                assert ends_at is not None
                left_s = ends_at - asyncio.get_running_loop().time()
                deadline.reschedule(None)
                await hold.grow_to(size_bytes)
                deadline.reschedule(asyncio.get_running_loop().time() + left_s)

            yield reserve
    except TimeoutError as error:
        raise BadInput(Reason.SOURCE_TIMEOUT, f"not all there after {timeout_s:g} s") from error
