"""`mediasieve policy`, and a worker that does not start with an invalid policy file."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import yaml

from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from tests.cli.conftest import Run

GOOD = "policies:\n  fast: {near: false}\ncollections:\n  uploads: fast\n  'tenant-*': fast\n"
BAD = "policies:\n  fast: {naer: false}\ncollections:\n  uploads: fats\n"


@pytest.fixture
def file(folder: Path) -> Path:
    found = folder / "policies.yaml"
    found.write_text(GOOD)
    return found


def test_a_valid_file_is_ok(run: Run, file: Path) -> None:
    result = run("policy", "check", "policies.yaml")

    assert result.exit_code == 0
    assert result.stdout == "policies.yaml: ok; 2 policies in use, 2 collections or patterns named\n"


def test_every_mistake_is_a_line_with_its_place_and_exit_code_2(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(BAD)
    monkeypatch.setenv("MEDIASIEVE_POLICY_FILE", "policies.yaml")

    for args in ([], ["policies.yaml"]):
        result = run("policy", "check", *args)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.splitlines() == [
            "policies.yaml:2: policy fast has no 'naer'; did you mean near?",
            "policies.yaml:4: for uploads there is no policy 'fats'; did you mean fast?",
        ]


def test_the_shown_policy_can_be_copied_into_a_file(run: Run, file: Path) -> None:
    result = run("policy", "show", "--file", "policies.yaml")

    assert result.exit_code == 0
    assert f"# {DEFAULT_POLICY.version}: every other collection\n" in result.stdout
    assert "uploads, tenant-*\n" in result.stdout
    shown = yaml.safe_load(result.stdout)
    assert {name: Policy.of(name=name, **rules) for name, rules in shown.items()} == {
        "default": DEFAULT_POLICY,
        "fast": Policy.of(name="fast", near=False),
    }


@pytest.mark.parametrize(
    ("collection", "version"),
    [("uploads", Policy.of(name="fast", near=False).version), ("tenant-7", "fast:"), ("shop", DEFAULT_POLICY.version)],
)
def test_the_policy_of_one_collection_is_shown_with_its_version(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, collection: str, version: str
) -> None:
    monkeypatch.setenv("MEDIASIEVE_POLICY_FILE", str(file))
    (line,) = run("policy", "show", "--collection", collection, "--json").stdout.splitlines()

    found = orjson.loads(line)
    assert found["collections"] == [collection]
    assert found["policy"]["version"].startswith(version)
    assert Policy.from_json(found["policy"])


def test_without_a_file_the_default_is_shown(run: Run) -> None:
    (line,) = run("policy", "show", "--json").stdout.splitlines()

    assert Policy.from_json(orjson.loads(line)["policy"]) == DEFAULT_POLICY


def test_a_worker_does_not_start_with_an_invalid_file(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(BAD)
    monkeypatch.setenv("MEDIASIEVE_POLICY_FILE", "policies.yaml")

    result = run("worker", "--stages", "fingerprint", "--broker", "127.0.0.1:1", "--http", "")

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("mediasieve: policies.yaml:2: policy fast has no 'naer'")
