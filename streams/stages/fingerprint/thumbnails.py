"""Thumbnails of what is decoded on threads of the worker, and where the fingerprint stage hands all of them over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from streams.domain.fingerprint.model_view import ModelView
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.stages.fingerprint.decode_pool import DecodePool

Result = TypeVar("Result")
KeepThumbnails = Callable[[Mapping[str, bytes]], None]
"""Takes the thumbnails of a medium by file name, on the event loop's thread; never waits."""


def _no_wait() -> float:
    return 0.0


async def run_with_thumbnails(
    pool: DecodePool,
    decode: Callable[[ThumbnailMaker | None], Result],
    keep: KeepThumbnails | None,
    waited_s: Callable[[], float] = _no_wait,
    view: ModelView | None = None,
) -> Result:
    """Run `decode` on a thread. Its result is returned before thumbnails are made, on the same thread.

    `view` is filled in before.

    Raises:
        BadInput, BrokenInfrastructure: as `DecodePool.run`, and what `decode` raises.
    """
    if keep is None:
        return await pool.run(lambda: _decode(decode, ThumbnailMaker() if view is not None else None, view), waited_s)
    loop = asyncio.get_running_loop()
    decoded: asyncio.Future[Result] = loop.create_future()

    def decode_and_make() -> Result:
        maker = ThumbnailMaker()
        result = _decode(decode, maker, view)
        loop.call_soon_threadsafe(_set_result, decoded, result)
        loop.call_soon_threadsafe(keep, maker.make())
        return result

    work = loop.create_task(pool.run(decode_and_make, waited_s))
    work.add_done_callback(_forget_error)
    try:
        await asyncio.wait({decoded, work}, return_when=asyncio.FIRST_COMPLETED)
        return decoded.result() if decoded.done() else work.result()
    finally:
        if not decoded.done():
            work.cancel()
        del work  # its exception has this frame in its traceback, and with it the medium


def _decode(
    decode: Callable[[ThumbnailMaker | None], Result], maker: ThumbnailMaker | None, view: ModelView | None
) -> Result:
    result = decode(maker)
    if maker is not None and view is not None:
        maker.show(view)
    return result


def _set_result(future: asyncio.Future[Result], result: Result) -> None:
    if not future.done():
        future.set_result(result)


def _forget_error(work: asyncio.Task[Result]) -> None:
    """The caller has the error already, or the thumbnails took too long."""
    if not work.cancelled():
        work.exception()
