"""Dashboards are what the generator makes, read metrics that exist, and their SQL runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.compose import DEPLOY
from tests.deploy.test_rules import RECORDED, exported
from tests.support.engines import Database

FOLDER = DEPLOY / "grafana" / "dashboards"
PANELS: list[tuple[str, dict[str, Any]]] = [
    (f"{path.stem}: {panel['title']}", panel)
    for path in sorted(FOLDER.glob("*.json"))
    for panel in json.loads(path.read_text())["panels"]
    if panel["type"] != "row"
]
TARGETS = [(name, target) for name, panel in PANELS for target in panel["targets"]]
#: Grafana's macros, as its plug-in for ClickHouse replaces them.
MACROS = {r"\$__timeFilter\(((?:[^()]|\([^()]*\))*)\)": r"(\1 >= now() - 3600 AND \1 <= now())"}


def test_the_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY / "grafana", tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "dashboards")

    subprocess.run([sys.executable, str(tmp_path / "generate.py")], check=True)

    made = {path.name: path.read_text() for path in (tmp_path / "dashboards").iterdir()}
    assert made == {path.name: path.read_text() for path in FOLDER.iterdir()}, "run deploy/grafana/generate.py"


@pytest.mark.parametrize("target", [pytest.param(target, id=name) for name, target in TARGETS if "expr" in target])
def test_panels_read_metrics_that_exist(target: dict[str, Any]) -> None:
    own = set(re.findall(r"\b(?:mediasieve|process)_[a-z_]+", target["expr"]))
    recorded = set(re.findall(r"\bmediasieve:[a-z0-9_:]+", target["expr"]))

    assert own <= exported()
    assert recorded <= RECORDED


def test_every_metric_has_a_panel() -> None:
    shown = "".join(target.get("expr", "") for _, target in TARGETS)
    names = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in exported() if name.startswith("mediasieve_")}

    assert {name for name in names if name not in shown} <= {"mediasieve_near_rebuild_seconds"}


def test_panels_say_what_they_are_about() -> None:
    assert all(panel["description"].endswith(".") for _, panel in PANELS)


def test_panels_queries_run(clickhouse: Database) -> None:
    clickhouse.migrate()
    with clickhouse.client() as client:
        for name, target in TARGETS:
            sql = target.get("rawSql", "SELECT 1")
            for macro, replacement in MACROS.items():
                sql = re.sub(macro, replacement, sql)
            if "system.query_log" in sql:  # the embedded engine keeps none
                sql = f"EXPLAIN AST {sql}"
            try:
                client.command(sql)
            except Exception as error:
                raise AssertionError(f"{name}: {sql}") from error
