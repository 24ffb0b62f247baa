"""Which partitions a consumer asks for, and how many bytes, so that its stage stays within its share. Pure.

A broker answers with at least one record, however large; at most one record of an answer exceeds the requested size. So
a consumer asks for a partition if the partition's last answer would fit, and a stage that holds nothing may always ask.
At most one record passes the bound, when a partition's records become larger.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

Partition = TypeVar("Partition", bound=Hashable)

#: One fetch has at most this part of the share: while the answer is read, it is in memory three times.
FETCHES_IN_SHARE = 8
#: Less room than this part of the share is not worth a fetch.
LEAST_FETCHES_IN_SHARE = 32
#: One partition may hold this part of the share, so that it does not stop the others.
PARTITIONS_IN_SHARE = 2
#: A partition that waits so long for room is the next that is asked for: the others wait until it has been.
PATIENCE_S = 0.5


class FetchChoice(Generic[Partition]):
    """Decides on the questions of one consumer.

    Args:
        share_bytes: what the stage may hold.
    """

    def __init__(self, share_bytes: int) -> None:
        self._share_bytes = share_bytes
        self._last_bytes: dict[Partition, int] = {}
        self._refused_since: dict[Partition, float] = {}

    @property
    def max_fetch_bytes(self) -> int:
        """What one fetch, and one delivery, may have; one larger record may have more."""
        return max(1, self._share_bytes // FETCHES_IN_SHARE)

    def is_known(self, partition: Partition) -> bool:
        """Whether the partition has been asked for."""
        return partition in self._last_bytes

    def on_answer(self, partition: Partition, size_bytes: int) -> None:
        """Notes the size of the broker's answer about a partition."""
        self._last_bytes[partition] = size_bytes

    def choose(
        self,
        partitions: Collection[Partition],
        held_bytes: int,
        room_bytes: int,
        open_bytes: Callable[[Partition], int],
        now: float,
    ) -> list[Partition]:
        """The partitions to ask for now; empty without room.

        A new partition is asked for alone, since some brokers answer with all they have.

        Args:
            partitions: that have no fetched records.
            held_bytes: what the stage holds.
            room_bytes: the rest of its share.
            open_bytes: what the stage holds of one partition.
            now: by a monotonic clock, in seconds.
        """
        least_bytes = self._share_bytes // LEAST_FETCHES_IN_SHARE
        part_bytes = max(1, self._share_bytes // PARTITIONS_IN_SHARE)
        chosen: list[Partition] = []
        refused: list[Partition] = []
        for partition in partitions:
            if held_bytes and open_bytes(partition) >= part_bytes:
                self._refused_since.pop(partition, None)
            elif held_bytes == 0 or max(least_bytes, self._last_bytes.get(partition, 0)) <= room_bytes:
                chosen.append(partition)
            else:
                refused.append(partition)
                self._refused_since.setdefault(partition, now)
        first = min(refused, key=self._refused_since.__getitem__, default=None)
        if first is not None and now - self._refused_since[first] > PATIENCE_S:
            return []
        unknown = next((partition for partition in chosen if not self.is_known(partition)), None)
        large = [partition for partition in chosen if self._last_bytes.get(partition, 0) > room_bytes]
        if unknown is not None:
            chosen = [unknown]
        elif large:  # one large partition alone or all small ones: those that have waited longest
            for partition in chosen:
                self._refused_since.setdefault(partition, now)
            next_one = min(chosen, key=self._refused_since.__getitem__)
            chosen = [next_one] if next_one in large else [other for other in chosen if other not in large]
        for partition in chosen:
            self._refused_since.pop(partition, None)
        return chosen
