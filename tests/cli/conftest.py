"""The command line as tests call it: in this process, in a folder of its own, on topics of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli.app import cli
from streams.settings import Settings
from streams.topic_admin import apply_topics
from tests.brokers import Namespace

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty, with nothing of mediasieve in the environment."""
    import os

    for name in os.environ:
        if name.startswith("MEDIASIEVE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """`run("topics", "plan", env=…, input=…)`, the exit code in `exit_code`."""

    def invoke(*args: str | Path, **extra: Any) -> Result:
        result = CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="mediasieve", **extra)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


@pytest.fixture
def settings(embedded: Namespace, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of topics of one's own that are applied, which commands find in the environment."""
    found = embedded.settings(folder / "data")
    monkeypatch.setenv("MEDIASIEVE_BROKER", found.broker)
    monkeypatch.setenv("MEDIASIEVE_TOPIC_PREFIX", found.topic_prefix)
    monkeypatch.setenv("MEDIASIEVE_GROUP_PREFIX", found.group_prefix)
    apply_topics(found)
    return found
