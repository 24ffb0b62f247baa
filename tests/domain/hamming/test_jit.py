"""Compiled code is loaded only by its users, cached where that is possible, and never stale."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import streams.domain
from streams.domain.hamming import jit

INNER = """
from domain.hamming.jit import compiled

@compiled("int64()")
def inner():
    return {number}
"""
CONSTANT = """
NUMBER = {number}
"""
OUTER = """
from domain.hamming.jit import compiled
from domain.hashes.constant import NUMBER
from domain.match.images.inner import inner

@compiled("int64()")
def outer():
    return inner() + NUMBER
"""
CALL = "import domain.hamming.outer as o; print(o.outer(), sum(o.outer.stats.cache_hits.values()))"


def in_another_process(code: str, **environment: str) -> list[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | environment
    ).stdout.split()


def test_the_compiler_is_loaded_only_by_users_of_the_index() -> None:
    code = "import sys, streams.domain as d; a = 'numba' in sys.modules; d.NearIndex; print(a, 'numba' in sys.modules)"
    assert in_another_process(code) == ["False", "True"]


def test_without_a_cache_directory_every_process_compiles() -> None:
    code = "from streams.domain import NearIndex; i = NearIndex(); i.add(7, 1); print(len(i.search(6)))"
    assert in_another_process(code, NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator", NUMBA_CACHE_DIR="") == ["1"]


def test_machine_code_is_not_reused_after_a_file_of_another_folder_changed(tmp_path: Path) -> None:
    domain = tmp_path / "domain"
    for folder in ("hamming", "hashes", "match/images"):
        (domain / folder).mkdir(parents=True)
    (domain / "hamming" / "jit.py").write_text(Path(jit.__file__).read_text())
    (domain / "hamming" / "outer.py").write_text(OUTER)
    where = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "kept"), "PYTHONDONTWRITEBYTECODE": "1"}
    for constant, number in ((10, 1), (10, 2), (20, 2)):
        (domain / "hashes" / "constant.py").write_text(CONSTANT.format(number=constant))
        (domain / "match" / "images" / "inner.py").write_text(INNER.format(number=number))
        assert in_another_process(CALL, **where) == [str(constant + number), "0"]
    assert in_another_process(CALL, **where) == ["22", "1"]
    assert list((tmp_path / "kept").rglob("outer*.nbc"))


def test_threads_may_make_the_first_call_together() -> None:
    @jit.compiled("int64(int64)")
    def double(number: int) -> int:
        return 2 * number

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(double, range(8))) == list(range(0, 16, 2))
    with pytest.raises(TypeError, match="No matching definition"):
        double("2")


def test_a_function_of_a_kernel_has_no_machine_code_of_its_own() -> None:
    @jit.compiled()
    def inner(number: int) -> int:
        return number + 1

    @jit.compiled()
    def outer(number: int) -> int:
        return 2 * int(inner(number))

    assert outer(3) == 8
    assert (len(outer.signatures), len(inner.signatures)) == (1, 0)
    assert inner(3) == 4


def test_the_stamp_covers_every_file_of_the_domain() -> None:
    assert Path(streams.domain.__file__).parent == jit.DOMAIN
