"""Kernels are compiled by one process of a machine, and again when the sources change."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from streams.stages import kernels

PROGRAM = """
import os

def warm_up():
    os.write(os.open(os.environ["RUNS"], os.O_APPEND | os.O_CREAT | os.O_WRONLY), b"%d\\n" % os.getpid())
    if os.environ.get("FAILS") == __name__:
        raise SystemExit("no memory")

if __name__ == "__main__":
    warm_up()
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for each run of `made_up.warm_up`. Machine code is kept beside it."""
    (tmp_path / "made_up.py").write_text(PROGRAM)
    (tmp_path / "kept").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(kernels, "machine_code_dir", lambda: tmp_path / "kept")
    return tmp_path / "runs"


def pids(runs: Path) -> list[int]:
    return [int(line) for line in runs.read_text().split()] if runs.exists() else []


def test_of_processes_that_start_together_one_compiles(runs: Path) -> None:
    together = [threading.Thread(target=kernels.compile_once, args=["made_up"]) for _ in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert len(pids(runs)) == 1
    assert os.getpid() not in pids(runs)


def test_changed_sources_are_compiled_again(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, compiled in (("a", 1), ("a", 1), ("b", 2), ("a", 3)):
        monkeypatch.setattr(kernels, "machine_code_key", lambda key=key: key)
        kernels.compile_once("made_up")
        assert len(pids(runs)) == compiled


def test_a_stage_loads_its_kernels_though_compiling_them_beforehand_failed(
    runs: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FAILS", "__main__")
    import made_up  # type: ignore[import-not-found]

    for attempt in (1, 2):
        kernels.load_kernels(made_up.warm_up)
        assert pids(runs).count(os.getpid()) == attempt
        assert len(pids(runs)) == 2 * attempt
    assert "no memory" in caplog.text


def test_where_no_directory_can_be_written_nothing_is_run(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "machine_code_dir", lambda: None)
    kernels.compile_once("made_up")
    assert pids(runs) == []
