"""Alerts: of metrics that exist, each with a section of a runbook; promtool checks and tests the rules where it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from streams import metrics
from streams.analytics.queries.figures.objectives import JOB_IN_TIME_S
from tests.deploy.compose import DEPLOY, TOP

RULE_FILES = sorted((DEPLOY / "prometheus" / "rules").glob("*.yaml"))
TEST_FILES = sorted((DEPLOY / "prometheus" / "tests").glob("*.yaml"))
RULES: list[dict[str, Any]] = [
    rule for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}


def exported() -> set[str]:
    """The names of all samples that workers export, by their metrics' types."""
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
    return {
        metric.name + suffix for metric in metrics.REGISTRY.collect() for suffix in suffixes.get(metric.type, ("",))
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_read_metrics_that_exist(rule: dict[str, Any]) -> None:
    named = set(re.findall(r"\bmediasieve_[a-z_]+", rule["expr"]))
    recorded = set(re.findall(r"\bmediasieve:[a-z0-9_:]+", rule["expr"]))

    assert named <= exported()
    assert recorded <= RECORDED


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_links_its_section_of_a_runbook(name: str) -> None:
    page, _, anchor = ALERTS[name]["annotations"]["runbook"].partition("#")

    assert anchor == name.lower()
    assert f"\n## {name}\n" in (TOP / page).read_text()


def test_runbooks_have_no_section_without_an_alert() -> None:
    pages = (TOP / "docs" / "operate" / "runbooks").glob("*.md")
    sections = {section for page in pages for section in re.findall(r"^## (\w+)$", page.read_text(), re.MULTILINE)}

    assert sections == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_fires_and_clears_in_a_test_of_promtool(name: str) -> None:
    cases = [case for path in TEST_FILES for case in yaml.safe_load(path.read_text())["tests"]]
    told = [
        [bool(step["exp_alerts"]) for step in case.get("alert_rule_test", ()) if step["alertname"] == name]
        for case in cases
    ]

    assert [True, False] in told, "no test in deploy/prometheus/tests in which it fires first and then clears"


@pytest.mark.parametrize("slo", ["decisions", "api", "search", "cache"])
@pytest.mark.parametrize("window", ["5m", "30m", "1h", "6h"])
def test_the_budget_of_an_objective_has_a_burn_rate(slo: str, window: str) -> None:
    burn = {rule["labels"]["slo"] for rule in RULES if rule.get("record") == f"mediasieve:slo_burn:rate{window}"}

    assert slo in burn


def test_jobs_and_lost_submissions_have_an_objective() -> None:
    burn = {rule["labels"]["slo"]: rule["expr"] for rule in RULES if rule.get("record") == "mediasieve:slo_burn:rate1d"}

    assert burn == {"jobs": "mediasieve:jobs_late:ratio_1d / 0.05"}, "95 % of jobs are done in time"
    assert "mediasieve:submissions_lost:max1h > 0" in ALERTS["SubmissionsLost"]["expr"]
    assert f"within {JOB_IN_TIME_S // 60} minutes" in (TOP / "docs/operate/runbooks/slo.md").read_text()


@pytest.mark.parametrize("paths", [("check", RULE_FILES), ("test", TEST_FILES)], ids=["check", "test"])
def test_promtool_accepts_the_rules(paths: tuple[str, list[Any]]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed here (Debian: prometheus)")

    ran = subprocess.run(
        [promtool, paths[0], "rules", *map(str, paths[1])], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
