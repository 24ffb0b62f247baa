"""How functions of the domain are compiled: without the GIL, and cached on disk for the next process.

A kernel is a function that Python calls. What kernels call becomes a part of them: LLVM gets it together with its
caller. numba would also compile every such function by itself, with wrappers for Python that nobody calls, which takes
as long again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import __version__ as numba_version
from numba import njit
from numba.core import types
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Flags, compile_extra
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.sigutils import normalize_signature
from numba.core.typing.templates import make_concrete_template

_without_value: Any = types.unliteral
_compile_extra: Any = compile_extra
_normalize: Any = normalize_signature
_make_template: Any = make_concrete_template
_one_at_a_time: Any = global_compiler_lock
DOMAIN = Path(__file__).parents[1]


def _digest_of_sources() -> str:
    """Of all files in streams/domain and its folders, names included."""
    digest = sha256()
    for path in sorted(DOMAIN.rglob("*.py")):
        digest.update(f"{path.relative_to(DOMAIN).as_posix()}\0".encode())
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


SOURCES_DIGEST = _digest_of_sources()
"""Machine code is kept for these sources; see `compiled`."""


def machine_code_key() -> str:
    """Names the machine code of these sources, on this processor, by this numba and this Python."""
    processor = cpu_target.target_context.codegen().magic_tuple()
    return sha256(repr((SOURCES_DIGEST, processor, numba_version, sys.version)).encode()).hexdigest()


def machine_code_dir() -> Path | None:
    """Where machine code is kept, of the kernels of this folder; None if no directory can be written."""
    try:
        return Path(FunctionCache(machine_code_dir).cache_path)  # type: ignore[no-untyped-call]
    except RuntimeError:
        return None


class _PartLibrary(JITCodeLibrary):
    """Code that is only linked into kernels. It is optimised and becomes machine code there."""

    def _optimize_final_module(self) -> None:
        """The kernel's code is optimised as a whole."""

    def _finalize_final_module(self) -> None:
        self._finalized = True


class _LinkedFunction:
    """What numba asks of a function that another one calls: compiles it, once for each list of argument types.

    Calls with constants 1, 2 and 3 share one compilation; numba would compile the function for each.
    """

    def __init__(self, kernel: Any, argument_types: tuple[Any, ...] | None) -> None:
        self._kernel = kernel
        self._argument_types = argument_types
        self._results: dict[tuple[Any, ...], Any] = {}

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """As numba's `Dispatcher.get_call_template`."""
        pysig, args = self._kernel.fold_argument_types(args, kws)
        declared = self._argument_types or tuple(_without_value(kind) for kind in args)
        with _one_at_a_time:
            if declared not in self._results:
                self._results[declared] = self._compile(declared)
        name, signature = self._kernel.__name__, self._results[declared].signature
        return _make_template(name, name, [signature]), pysig, args, {}

    def get_overload(self, signature: Any) -> Any:
        """As numba's `Dispatcher.get_overload`: the key under which the code was entered."""
        return self._results[tuple(_normalize(signature)[0])].library

    def _compile(self, argument_types: tuple[Any, ...]) -> Any:
        kernel: Any = self._kernel
        flags: Any = Flags()  # type: ignore[no-untyped-call]
        kernel.targetdescr.options.parse_as_flags(flags, kernel.targetoptions)
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        library: Any = _PartLibrary(kernel.targetctx.codegen(), kernel.py_func.__qualname__)  # type: ignore[no-untyped-call]
        context, function = kernel.targetctx, kernel.py_func
        result = _compile_extra(kernel.typingctx, context, function, argument_types, None, flags, {}, library)
        context.insert_user_function(library, result.fndesc, [library])
        return result


def compiled(signature: Any = None) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function with numba at its first call: for the types of `signature`, or for those it is called with.

    Machine code of kernels is cached next to the source or, if that is read-only, in the user's cache directory; if
    neither can be written, every process compiles. numba reuses the cache while the function's own file is unchanged,
    although functions and constants from other files are compiled into it. Here, no file of streams/domain may have
    changed.
    """

    def compile_it(function: Callable[..., Any]) -> Any:
        kernel: Any = njit(nogil=True)(function)
        part = _LinkedFunction(kernel, _normalize(signature)[0] if signature else None)
        kernel.get_call_template, kernel.get_overload = part.get_call_template, part.get_overload
        try:
            kernel.enable_caching()
        except RuntimeError:  # no directory can be written
            pass
        else:
            kernel._cache._cache_file._source_stamp = SOURCES_DIGEST
        if signature is not None:
            _compile_at_first_call(kernel, signature)
        return kernel

    return compile_it


def _compile_at_first_call(kernel: Any, signature: Any) -> None:
    """For these types. Arguments of others are converted, or refused."""

    def compile_declared(*args: Any, **kws: Any) -> Any:
        with _one_at_a_time:
            if kernel._can_compile:
                kernel.compile(signature)
                kernel.disable_compile()
        return kernel  # numba calls what this returns

    kernel._compile_for_args = compile_declared
