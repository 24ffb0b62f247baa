"""When the process returns memory to the system: late, because getting it back costs more than the work itself."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -2, -3, -8  # malloc.h of glibc
#: With a heap for every thread, each heap would keep its peak size. Threads that hold the GIL rarely allocate at once.
ARENAS = 2
#: Larger blocks, such as answers with media and the pixels of a photo, go back to the system when they are freed.
LARGE_BLOCK_BYTES = 1 << 20


def keep_freed_memory(keep_bytes: int = 16 << 20) -> bool:
    """Let glibc keep up to `keep_bytes` of freed memory a heap, in few heaps; true if glibc agreed.

    A batch frees about a megabyte that the next batch needs again. By default, every page goes back to the kernel and
    is faulted in again: encoding a decision took 4.3 µs instead of 0.6 µs. Does nothing on other C libraries.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    options = (
        (M_ARENA_MAX, ARENAS),
        (M_TRIM_THRESHOLD, keep_bytes),
        (M_TOP_PAD, 4 << 20),
        (M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES),
    )
    return all(mallopt(option, value) for option, value in options)


def return_freed_memory() -> None:
    """Return the free memory of all heaps; call after work that needed much and will not come again soon.

    Takes some milliseconds for each 100 MB, in which threads that need memory wait.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def return_unused_memory() -> None:
    """Collect garbage, then return the free memory of all heaps. Stops all threads for some milliseconds."""
    gc.collect()
    return_freed_memory()


class MemoryReturn:
    """Tells when a worker that was busy has nothing to do, and had better return the memory it took meanwhile.

    Args:
        busy_bytes: holding this much makes a worker busy.
        quiet_s: how long it must have held less.
    """

    def __init__(self, busy_bytes: int, quiet_s: float = 5.0) -> None:
        self._busy_bytes = busy_bytes
        self._quiet_s = quiet_s
        self._busy_at: float | None = None

    def is_due(self, held_bytes: int, now: float) -> bool:
        """Whether to return memory now, which is true once after each busy time. `now` is by a monotonic clock."""
        if held_bytes >= self._busy_bytes:
            self._busy_at = now
        if self._busy_at is None or now - self._busy_at < self._quiet_s:
            return False
        self._busy_at = None
        return True


def collect_garbage_rarely() -> None:
    """Look for reference cycles every 100,000 containers instead of every 700, and not among objects from start-up.

    Records create hundreds of thousands of containers and no cycles; the collector took an eighth of the match stage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
