"""How the process gives memory back to the system: later, because taking it again costs more than the work itself."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h of glibc


def keep_freed_memory(keep_bytes: int = 64 << 20) -> bool:
    """Let glibc keep up to `keep_bytes` of freed memory instead of handing it back at once; true where it did.

    A batch frees about a megabyte that the next one needs again. By default each page goes back to the kernel and
    is faulted in anew: encoding a decision took 4.3 µs instead of 0.6 µs. Does nothing on other C libraries.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    wanted = ((M_TRIM_THRESHOLD, keep_bytes), (M_TOP_PAD, 4 << 20), (M_MMAP_THRESHOLD, 32 << 20))
    return all(mallopt(option, value) for option, value in wanted)


def give_back_freed_memory() -> None:
    """Hand back what is free, of all threads' heaps; after work that needed much and does not come again soon."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def collect_seldom() -> None:
    """Look for reference cycles every 100,000 containers instead of every 700, and not among what start-up made.

    Records make containers by the hundred thousand and no cycles; the collector took an eighth of the match stage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
