"""Commands find the system that `mediasieve up` runs, and ignore one that has ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streams.errors import ConfigurationError
from streams.local.data_dir import NOTE, DataDir, RunningSystem, find_running_system, load_command_settings
from tests.support.patience import PATIENCE_S

NOTED = RunningSystem(
    pid=1,
    broker="127.0.0.1:19092",
    clickhouse="http://127.0.0.1:18123",
    clickhouse_database="sieve",
    topic_prefix="own.",
    group_prefix="own",
    file_roots=("/photos",),
    workers=("127.0.0.1:16066",),
)


def test_a_running_system_is_found_by_other_processes(folder: Path) -> None:
    data = DataDir(folder / ".mediasieve")
    data.claim()
    data.announce(NOTED)
    script = "from streams.local.data_dir import load_command_settings\ns = load_command_settings()\n"
    script += "print(s.kafka.bootstrap_servers, s.kafka.topic_prefix, s.source.file_roots)"

    try:
        said = subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=PATIENCE_S
        )
    finally:
        data.release()

    assert said.stdout.split() == ["127.0.0.1:19092", "own.", "('/photos',)"]
    assert find_running_system(folder / ".mediasieve") is None


def test_a_broker_of_the_options_or_environment_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = DataDir(folder / ".mediasieve")
    data.claim()
    data.announce(NOTED)
    try:
        assert load_command_settings().kafka.bootstrap_servers == NOTED.broker
        assert load_command_settings(clickhouse="http://mine").clickhouse.url == "http://mine"
        assert load_command_settings(broker="mine:1").kafka.topic_prefix == ""
        monkeypatch.setenv("MEDIASIEVE_BROKER", "theirs:1")
        assert load_command_settings().kafka.bootstrap_servers == "theirs:1"
    finally:
        data.release()


def test_a_note_that_a_crash_left_does_not_count(folder: Path) -> None:
    script = """
import os, signal
from pathlib import Path
from streams.local.data_dir import DataDir, RunningSystem
data = DataDir(Path("data"))
data.claim()
data.announce(RunningSystem(os.getpid(), "gone:1", "http://gone", "d", "", "g"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], check=False, timeout=PATIENCE_S)
    assert (folder / "data" / NOTE).exists()

    assert find_running_system(folder / "data") is None
    assert load_command_settings(data_dir=folder / "data").kafka.bootstrap_servers == "127.0.0.1:9092"


def test_only_one_system_runs_in_a_data_directory(folder: Path) -> None:
    first = DataDir(folder / "data")
    first.claim()
    first.announce(NOTED)
    try:
        with pytest.raises(ConfigurationError, match=r"process 1\) runs in"):
            DataDir(folder / "data").claim()
    finally:
        first.release()
    again = DataDir(folder / "data")
    again.claim()
    again.release()


def test_an_unusable_data_directory_is_named(folder: Path) -> None:
    (folder / "data").write_text("a file")

    with pytest.raises(ConfigurationError, match="data cannot be used"):
        DataDir(folder / "data").claim()


def test_a_damaged_note_does_not_count(folder: Path) -> None:
    data = DataDir(folder / "data")
    data.claim()
    try:
        (folder / "data" / NOTE).write_text('{"pid": ')
        assert find_running_system(folder / "data") is None
    finally:
        data.release()
