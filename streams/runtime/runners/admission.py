"""What says when a stage may begin with records, for stages whose work may wait."""

from __future__ import annotations

from typing import Protocol


class Admission(Protocol):
    """Of one stage in one worker; all methods are called on the event loop."""

    async def admit(self, records: int) -> None:
        """Return once a batch of `records` records may begin. A batch that waits here holds up no rebalance."""

    def finish(self, records: int) -> None:
        """Kafka has the outputs of `records` admitted records."""

    def give_up(self) -> None:
        """All admitted records that are not finished are left to the next owners of their partitions."""
