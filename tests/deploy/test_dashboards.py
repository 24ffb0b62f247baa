"""Dashboards are what the generator makes, read metrics that exist, and their SQL runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streams.analytics.writer import ClickHouseSink
from streams.domain.records import Job, format_timestamp
from streams.kafka.topics import DECISIONS, FINGERPRINTS, JOBS
from tests.deploy.compose import DEPLOY
from tests.deploy.test_rules import RECORDED, exported
from tests.support.engines import Database
from tests.support.stories import Record, decision, decision_record, fingerprint, fingerprint_record

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


async def test_objectives_are_told_from_rows(clickhouse: Database) -> None:
    """Of two submissions one has no decision; of two jobs one took ten minutes; a third is not done."""
    clickhouse.migrate()
    now_ms = round(time.time() * 1000)
    began = format_timestamp(now_ms - 20 * 60_000)
    fingerprints = [replace(fingerprint(n), fingerprinted_at=began) for n in (0, 1)]
    jobs = [Job(name, name, "default", "bulk", 1, began, "closed", began) for name in ("quick", "slow", "waits")]
    decided = [(0, "quick", 19), (5, "slow", 10)]
    sink = ClickHouseSink(clickhouse.settings())
    await sink.write(FINGERPRINTS, [fingerprint_record(one, n) for n, one in enumerate(fingerprints)])
    await sink.write(
        JOBS, [Record(JOBS, 0, n, now_ms, job.job_id.encode(), job.to_json()) for n, job in enumerate(jobs)]
    )
    made = [
        decision_record(replace(decision(number), job_id=job), number, decided_ms=now_ms - age_min * 60_000)
        for number, job, age_min in decided
    ]
    assert await sink.write(DECISIONS, made) == []
    await sink.close()

    told = {
        panel["title"]: clickhouse.rows(panel["targets"][0]["rawSql"])[0][0]
        for name, panel in PANELS
        if panel["title"] in ("Jobs within 5 minutes", "Without a decision")
    }

    assert told == {"Jobs within 5 minutes": 0.5, "Without a decision": 1}
