"""`mediasieve doctor`: its findings and its advice."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import orjson
import pytest

from streams.config.settings import Settings
from streams.services.checks import satisfies
from tests.cli.conftest import Run
from tests.support.brokers import Namespace

Findings = dict[str, dict[str, str]]


def findings(run: Run, *args: str) -> tuple[int, Findings]:
    result = run("doctor", "--json", *args)
    return result.exit_code, {check["what"]: check for check in map(orjson.loads, result.stdout.splitlines())}


def test_a_fresh_installation_is_healthy(run: Run) -> None:
    code, found = findings(run)

    assert code == 0
    assert {check["status"] for check in found.values()} <= {"ok", "warn"}
    assert "brings its own" in found["Kafka"]["found"]
    assert "ok    Python: 3." in run("doctor").stdout


def test_an_unreachable_broker_or_clickhouse_is_a_failure_with_advice(run: Run) -> None:
    code, found = findings(run, "--broker", "127.0.0.1:1", "--clickhouse", "http://127.0.0.1:1")

    assert code == 1
    assert found["Kafka"]["status"] == found["ClickHouse"]["status"] == "fail"
    assert "mediasieve up" in found["Kafka"]["advice"]
    assert "MEDIASIEVE_CLICKHOUSE" in found["ClickHouse"]["advice"]


def test_an_invalid_policy_file_is_a_failure(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, before = findings(run)
    (folder / "policies.yaml").write_text("policies:\n  default: {radius_bits: 70}\n")
    monkeypatch.setenv("MEDIASIEVE_POLICY_FILE", "policies.yaml")
    code, found = findings(run)
    (folder / "policies.yaml").write_text("policies:\n  default: {radius_bits: 7}\n")
    _, healed = findings(run)

    assert (before["policy file"]["status"], code) == ("ok", 1)
    assert found["policy file"]["found"].startswith("policies.yaml:2: radius_bits is 70")
    assert found["policy file"]["advice"] == "mediasieve policy check policies.yaml"
    assert healed["policy file"]["status"] == "ok"
    assert healed["policy file"]["found"] != before["policy file"]["found"]


def test_topics_that_differ_are_a_failure_until_applied(
    run: Run, embedded: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIASIEVE_BROKER", embedded.bootstrap)
    monkeypatch.setenv("MEDIASIEVE_TOPIC_PREFIX", embedded.prefix)

    code, found = findings(run)
    run("topics", "apply")
    healed, well = findings(run)

    assert (code, found["topics"]["status"]) == (1, "fail")
    assert found["topics"]["advice"] == "mediasieve topics apply"
    assert (healed, well["topics"]["status"]) == (0, "ok")


def test_the_version_of_a_broker_is_told_by_its_protocol(
    run: Run, apache: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIASIEVE_BROKER", apache.bootstrap)

    _, found = findings(run)

    assert found["Kafka's version"]["found"] == "4.1 or later"


def test_an_old_broker_is_a_warning(run: Run, settings: Settings) -> None:
    _, found = findings(run)

    assert found["Kafka's version"]["status"] == "warn"
    assert "3.8" in found["Kafka's version"]["advice"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_that_cannot_be_written_is_a_failure(run: Run, folder: Path) -> None:
    (folder / "locked").mkdir(mode=0o500)

    code, found = findings(run, "--data-dir", "locked/data")

    assert (code, found["data directory"]["status"]) == (1, "fail")


def test_too_few_open_files_are_a_warning(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))

    _, found = findings(run)

    assert found["open files"]["status"] == "warn"
    assert "ulimit" in found["open files"]["advice"]


@pytest.mark.parametrize(
    ("version", "wanted", "answer"),
    [
        ("3.8.1", ">=3.8,<4", True),
        ("4.0.0", ">=3.8,<4", False),
        ("3.7.9", ">=3.8,<4", False),
        ("3.10.0", ">=3.8,<4", True),
        ("0.3.29", ">=0.3.28,<0.4", True),
        ("0.15.3", "", True),
    ],
)
def test_versions_are_compared_as_numbers(version: str, wanted: str, answer: bool) -> None:
    assert satisfies(version, wanted) is answer
