"""What one stage holds, in records and bytes, and its bounds: fetched ahead, in work, waiting to be sent. Pure."""

from __future__ import annotations

from collections.abc import Callable


def _do_nothing() -> None:
    return


class InFlight:
    """The delivered, unfinished records of one consumer with their outputs, and the records fetched ahead.

    `records` and `size_bytes` count delivered records. `output_bytes` counts outputs that Kafka has not acknowledged.
    `handed_bytes` counts records on their way from the thread that fetches; that thread sets it, and `fetched_bytes`,
    which counts what the thread has fetched or asked for. `waiting` counts the batches that no runner has yet.
    `removals` counts how often records were finished or dropped: as long as it stays the same, the stage makes no
    progress. `on_room` is called when something was removed and there is room, `on_sent` when Kafka has taken outputs.
    """

    __slots__ = (
        "fetched_bytes",
        "handed_bytes",
        "max_bytes",
        "max_records",
        "on_room",
        "on_sent",
        "output_bytes",
        "records",
        "removals",
        "size_bytes",
        "waiting",
    )

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self.max_records = max_records
        self.max_bytes = max_bytes
        self.records = 0
        self.size_bytes = 0
        self.output_bytes = 0
        self.handed_bytes = 0
        self.fetched_bytes = 0
        self.removals = 0
        self.waiting = 0
        self.on_room: Callable[[], None] = _do_nothing
        self.on_sent: Callable[[], None] = _do_nothing

    @property
    def full(self) -> bool:
        """Whether nothing more should be delivered now.

        While a batch waits for its runner, later records had better stay in the client and form a larger batch. Many
        small batches cost more than few large ones, and a worker with a backlog would never catch up.
        """
        return (
            self.waiting > 0
            or self.records >= self.max_records
            or self.size_bytes + self.output_bytes >= self.max_bytes
        )

    @property
    def delivered_bytes(self) -> int:
        """All that counts against the bound, without the records fetched ahead."""
        return self.size_bytes + self.output_bytes + self.handed_bytes

    @property
    def held_bytes(self) -> int:
        """All that counts against the bound."""
        return self.delivered_bytes + self.fetched_bytes

    def add(self, records: int, size_bytes: int) -> None:
        self.records += records
        self.size_bytes += size_bytes
        self.waiting += 1

    def hand_over(self) -> None:
        self.waiting -= 1
        self._make_room()

    def remove(self, records: int, size_bytes: int) -> None:
        self.records -= records
        self.size_bytes -= size_bytes
        self.removals += 1
        self._make_room()

    def add_outputs(self, size_bytes: int) -> None:
        """Outputs wait for their acknowledgement."""
        self.output_bytes += size_bytes

    def remove_outputs(self, size_bytes: int) -> None:
        """Kafka has acknowledged outputs."""
        self.output_bytes -= size_bytes
        self.on_sent()
        self._make_room()

    def _make_room(self) -> None:
        if not self.full:
            self.on_room()
