"""Settings: where they come from, which wins, and how a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.config.settings import load_settings
from streams.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith("MEDIASIEVE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default() -> None:
    settings = load_settings()

    assert settings.broker == "127.0.0.1:9092"
    assert settings.model_fields_set == set()


def test_what_is_given_wins_over_the_environment_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MEDIASIEVE_BROKER=file:1\nMEDIASIEVE_CLICKHOUSE=http://file:1\nOTHER=1\n")
    monkeypatch.setenv("MEDIASIEVE_CLICKHOUSE", "http://environment:1")

    settings = load_settings(worker_id="7")

    assert (settings.broker, settings.clickhouse, settings.worker_id) == ("file:1", "http://environment:1", "7")
    assert load_settings(clickhouse="http://given:1").clickhouse == "http://given:1"


def test_an_empty_policy_file_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIASIEVE_POLICY_FILE", "")
    assert load_settings().policy_file is None
    monkeypatch.setenv("MEDIASIEVE_POLICY_FILE", "policies.yaml")
    assert load_settings().policy_file == Path("policies.yaml")


def test_secrets_may_be_files_and_are_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "MEDIASIEVE_BROKER_PASSWORD").write_text("hush")
    monkeypatch.setenv("MEDIASIEVE_SECRETS_DIR", str(secrets))

    settings = load_settings()

    assert settings.broker_password.get_secret_value() == "hush"
    assert "hush" not in repr(settings)


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIASIEVE_FILE_ROOTS", "/a, /b ,")
    monkeypatch.setenv("MEDIASIEVE_SOURCE_ALLOW", "10.0.0.0/8,media.internal")

    settings = load_settings()

    assert settings.file_roots == ("/a", "/b")
    assert settings.source_allow == ("10.0.0.0/8", "media.internal")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDIASIEVE_BATCH_RECORDS", "0"),
        ("MEDIASIEVE_SESSION_TIMEOUT_S", "soon"),
        ("MEDIASIEVE_BROKER_SECURITY", "rot13"),
        ("MEDIASIEVE_SOURCE_ALLOW", "10.0.0.0/33"),
        ("MEDIASIEVE_TOPIC_PREFIX", "two words"),
        ("MEDIASIEVE_REPLICATION", "0"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=name):
        load_settings()
