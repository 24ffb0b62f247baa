"""How functions of the domain are compiled: without the GIL, and cached on disk for the next process."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import types

_without_value: Any = types.unliteral
DOMAIN = Path(__file__).parents[1]


def _digest_of_sources() -> str:
    """Of all files in streams/domain and its folders, names included."""
    digest = sha256()
    for path in sorted(DOMAIN.rglob("*.py")):
        digest.update(f"{path.relative_to(DOMAIN).as_posix()}\0".encode())
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


_STAMP = _digest_of_sources()


def _share_between_constants(kernel: Any) -> None:
    """Calls from other kernels with constants 1, 2 and 3 share one compilation; numba compiles a function for each."""
    resolve = kernel.get_call_template

    def resolve_shared(args: Any, kws: Any) -> Any:
        shared = {name: _without_value(kind) for name, kind in dict(kws).items()}
        return resolve(tuple(_without_value(kind) for kind in args), shared)

    kernel.get_call_template = resolve_shared


def compiled(signature: Any = None) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function with numba: now, for the types of `signature`, or at the first call with other types.

    Machine code is cached next to the source or, if that is read-only, in the user's cache directory; if neither can be
    written, every process compiles. numba reuses the cache while the function's own file is unchanged, although
    functions and constants from other files are compiled into it. Here, no file of streams/domain may have changed.
    """

    def compile_it(function: Callable[..., Any]) -> Any:
        kernel: Any = njit(nogil=True)(function)
        _share_between_constants(kernel)
        try:
            kernel.enable_caching()
        except RuntimeError:  # no directory can be written
            pass
        else:
            kernel._cache._cache_file._source_stamp = _STAMP
        if signature is not None:
            kernel.compile(signature)
            kernel.disable_compile()
        return kernel

    return compile_it
