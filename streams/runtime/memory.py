"""When the process returns memory to the system: late, because getting it back costs more than the work itself."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h of glibc


def keep_freed_memory(keep_bytes: int = 64 << 20) -> bool:
    """Let glibc keep up to `keep_bytes` of freed memory instead of returning it at once; true if glibc agreed.

    A batch frees about a megabyte that the next batch needs again. By default, every page goes back to the kernel and
    is faulted in again: encoding a decision took 4.3 µs instead of 0.6 µs. Does nothing on other C libraries.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    options = ((M_TRIM_THRESHOLD, keep_bytes), (M_TOP_PAD, 4 << 20), (M_MMAP_THRESHOLD, 32 << 20))
    return all(mallopt(option, value) for option, value in options)


def return_freed_memory() -> None:
    """Return the free memory of all heaps; call after work that needed much and will not come again soon."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def collect_garbage_rarely() -> None:
    """Look for reference cycles every 100,000 containers instead of every 700, and not among objects from start-up.

    Records create hundreds of thousands of containers and no cycles; the collector took an eighth of the match stage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
