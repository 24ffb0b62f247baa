"""When a worker returns memory to the system."""

from __future__ import annotations

from streams.runtime.memory import MemoryReturn


def test_memory_goes_back_once_after_each_busy_time() -> None:
    due = MemoryReturn(busy_bytes=10, quiet_s=5.0)
    held = [(0, 0), (10, 1), (0, 5), (0, 6), (0, 7), (0, 20), (11, 21), (0, 26)]
    assert [due.is_due(held_bytes, now) for held_bytes, now in held] == [False] * 3 + [True] + [False] * 3 + [True]
