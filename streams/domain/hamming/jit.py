"""How compiled functions of this package are compiled: without the GIL, and kept on disk for the next process."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit


def _sources() -> str:
    rooms = sorted(Path(__file__).parents[1].rglob("*.py"))  # all of domain/
    return sha256(b"".join(room.read_bytes() for room in rooms)).hexdigest()


_SOURCES = _sources()


def compiled(signature: Any = None) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function with numba: at once for these types, or at each first call with others.

    What was compiled is kept beside the source or, where that cannot be written, in the user's cache directory; without
    either, every process compiles anew. numba takes what was kept if the function's own file is the same, though the
    functions and constants of other files are compiled into it; here all files of domain/ have to be the same.
    """

    def compile_it(function: Callable[..., Any]) -> Any:
        kernel: Any = njit(nogil=True)(function)
        try:
            kernel.enable_caching()
        except RuntimeError:  # there is no place for it
            pass
        else:
            kernel._cache._cache_file._source_stamp = _SOURCES
        if signature is not None:
            kernel.compile(signature)
            kernel.disable_compile()
        return kernel

    return compile_it
