"""Groups the outputs of records that finish at different times, and sends every group in the order of finishing.

A group costs the loop, Kafka and the next stage about as much as a record by itself: larger groups halve their CPU.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

#: A group is sent once it reaches either limit.
MAX_GROUP_RECORDS = 64
MAX_GROUP_BYTES = 8 << 20
#: A record waits for others for this part of the time that it has taken, and no longer than this.
LINGER_PART = 4
MAX_LINGER_S = 0.25


def linger_s(taken_s: float) -> float:
    """How long a record waits for others. A quick record met no backlog, and waits little."""
    return min(MAX_LINGER_S, taken_s / LINGER_PART)


class _Sized(Protocol):
    @property
    def size_bytes(self) -> int: ...


Finished = TypeVar("Finished", bound=_Sized)


class _Group(Generic[Finished]):
    """Records that are sent together; `previous` is the group before, until that has been sent."""

    def __init__(self, previous: _Group[Finished] | None) -> None:
        self.records: list[Finished] = []
        self.size_bytes = 0
        self.due = asyncio.Event()
        self.sent = asyncio.Event()
        self.previous = previous

    def add(self, finished: Finished) -> None:
        self.records.append(finished)
        self.size_bytes += finished.size_bytes
        if len(self.records) >= MAX_GROUP_RECORDS or self.size_bytes >= MAX_GROUP_BYTES:
            self.due.set()


class OutputGroups(Generic[Finished]):
    """The group that records join, and the order of the groups.

    Args:
        send: sends the outputs of records, in their order.
    """

    def __init__(self, send: Callable[[Sequence[Finished]], Awaitable[None]]) -> None:
        self._send = send
        self._open: _Group[Finished] | None = None
        self._latest: _Group[Finished] | None = None

    async def add(self, finished: Finished, linger_s: float, on_joined: Callable[[], None]) -> None:
        """Returns once the record's outputs have been sent: after those of all records that were added before.

        Args:
            finished: the record. The first record of a group sends them all, others wait for it.
            linger_s: how long the record waits for others if it is the first.
            on_joined: called once the record has its place in the order.
        """
        group = self._open
        if group is not None:
            self._join(group, finished, on_joined)
            await group.sent.wait()
            return
        group = self._open = self._latest = _Group(self._latest)
        self._join(group, finished, on_joined)
        timer = asyncio.get_running_loop().call_later(linger_s, group.due.set)
        try:
            await group.due.wait()
            self._close(group)
            if group.previous is not None:
                await group.previous.sent.wait()
            await self._send(group.records)
        finally:
            timer.cancel()
            self._close(group)
            group.previous = None
            group.sent.set()

    def _join(self, group: _Group[Finished], finished: Finished, on_joined: Callable[[], None]) -> None:
        group.add(finished)
        if group.due.is_set():
            self._close(group)
        on_joined()

    def _close(self, group: _Group[Finished]) -> None:
        """Closes the group to further records."""
        if self._open is group:
            self._open = None

    def drop(self) -> None:
        """Records that have not been sent are stale; their tasks are cancelled. Later records start a new group."""
        self._open = self._latest = None
