"""The bill of materials: valid, whole, and without a licence that an Apache-2.0 program may not depend on."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from packaging.utils import canonicalize_name

from tests.deploy.compose import DEPLOY, TOP

pytest.importorskip("cyclonedx_py", reason="cyclonedx-bom is not installed here: run make install")
FOLDER = DEPLOY / "sbom"
ALLOWED = {"MIT", "BSD-3-Clause", "Apache-2.0", "LLVM-exception"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with sbom.json and licences.md of the environment that runs this test."""
    folder = tmp_path_factory.mktemp("sbom")
    ran = subprocess.run(
        [sys.executable, str(FOLDER / "generate.py"), str(folder)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def document(made: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made / "sbom.json").read_text())
    return found


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom_generate", FOLDER / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bill_is_cyclonedx(made: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    checked = JsonStrictValidator(SchemaVersion.V1_6)

    assert checked.validate_str((made / "sbom.json").read_text()) is None
    assert checked.validate_str('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": 7}') is not None


def test_what_is_declared_is_shipped_and_what_tests_need_is_not(document: dict[str, Any]) -> None:
    scopes = {str(canonicalize_name(part["name"])): part["scope"] for part in document["components"]}
    project = tomllib.loads((TOP / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["api"]]

    for line in declared:
        assert scopes[str(canonicalize_name(line.split(">")[0].split("[")[0]))] == "required", line
    assert {scopes[name] for name in ("pytest", "ruff", "mypy", "cyclonedx-bom")} == {"excluded"}


def test_modules_of_the_console_are_listed(document: dict[str, Any]) -> None:
    vendor = json.loads((TOP / "streams" / "console" / "static" / "vendor" / "vendor.json").read_text())
    listed = {part.get("purl") for part in document["components"]}

    assert vendor["files"]
    for file in vendor["files"]:
        assert f"pkg:npm/{file['package'].replace('@', '%40')}@{file['version']}" in listed


def test_machine_code_in_wheels_is_listed_with_its_licence(document: dict[str, Any], made: Path) -> None:
    native = {part["bom-ref"]: part["licenses"][0]["expression"] for part in document["components"]}

    assert native["av/libavcodec"] == "LGPL-3.0-or-later"
    assert "| av | libavcodec | LGPL-3.0-or-later |" in (made / "licences.md").read_text()
    assert "unknown" not in (made / "licences.md").read_text()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("BSD-3-Clause AND (GPL-2.0-only OR Apache-2.0)", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("NOASSERTION", False),
        ("Some words", False),
    ],
)
def test_licences_are_judged_by_their_expression(generator: ModuleType, expression: str, expected: bool) -> None:
    assert generator.is_allowed(expression, ALLOWED) is expected


def test_a_package_that_says_nothing_is_a_fault(generator: ModuleType) -> None:
    known = yaml.safe_load((FOLDER / "licences.yaml").read_text())
    silent = {"name": "silent", "version": "1", "licenses": []}
    copyleft = {"name": "strict", "version": "1", "licenses": [{"license": {"id": "AGPL-3.0-only"}}]}

    parts = [{**part, "licenses": [{"expression": generator.licence_of(part, known)}]} for part in (silent, copyleft)]

    assert [fault.split(":")[0] for fault in generator.licence_faults(parts, known)] == ["silent", "strict"]


def test_a_package_in_another_version_than_locked_is_a_fault(generator: ModuleType) -> None:
    faults = list(generator.lock_faults([{"name": "numpy", "version": "0.1"}]))

    assert any(fault.startswith("numpy==") and "has 0.1" in fault for fault in faults)
    assert any(fault.startswith("click==") and "has none" in fault for fault in faults)
