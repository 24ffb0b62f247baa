"""Compiled code is loaded by those who use it, kept where that is possible, and never out of date."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from streams.domain.hamming import jit

INNER = """
from hamming.jit import compiled

@compiled("int64()")
def inner():
    return {number}
"""
OUTER = """
from hamming.jit import compiled
from inner import inner

@compiled("int64()")
def outer():
    return inner()
"""


def in_another_process(code: str, **environment: str) -> list[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | environment
    ).stdout.split()


def test_the_compiler_is_loaded_only_by_those_who_use_the_index() -> None:
    asked = "import sys, streams.domain as d; a = 'numba' in sys.modules; d.NearIndex; print(a, 'numba' in sys.modules)"
    assert in_another_process(asked) == ["False", "True"]


def test_without_a_place_for_compiled_code_each_process_compiles() -> None:
    use = "from streams.domain import NearIndex; i = NearIndex(); i.add(7, 1); print(len(i.search(6)))"
    assert in_another_process(use, NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator", NUMBA_CACHE_DIR="") == ["1"]


def test_what_was_compiled_is_not_used_after_another_file_changed(tmp_path: Path) -> None:
    (tmp_path / "hamming").mkdir()
    (tmp_path / "hamming" / "jit.py").write_text(Path(jit.__file__).read_text())
    (tmp_path / "outer.py").write_text(OUTER)
    where = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "kept"), "PYTHONDONTWRITEBYTECODE": "1"}
    for number in ("1", "2"):
        (tmp_path / "inner.py").write_text(INNER.format(number=number))
        assert in_another_process("import outer; print(outer.outer())", **where) == [number]
    assert list((tmp_path / "kept").rglob("outer*.nbc"))
