"""Writes the Grafana dashboards: `python deploy/grafana/generate.py` makes all files in dashboards/ anew.

source/ has the dashboards, a file each. This file knows Grafana's JSON.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "source"))

from panels import Dashboard, Panel

HERE = Path(__file__).parent
GRID_COLUMNS = 24
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
CLICKHOUSE = {"type": "grafana-clickhouse-datasource", "uid": "clickhouse"}


def to_json(dashboard: Dashboard) -> str:
    """The dashboard as Grafana's provisioning reads it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in dashboard.rows.items():
        panels.append({"type": "row", "title": title, "collapsed": False, "gridPos": _place(0, top, GRID_COLUMNS, 1)})
        top += 1
        width = GRID_COLUMNS // len(row)
        height = 4 if all(panel.kind == "stat" for panel in row) else 8
        panels += [_panel(panel, _place(i * width, top, width, height)) for i, panel in enumerate(row)]
        top += height
    document = {
        "uid": f"mediasieve-{dashboard.name}",
        "title": f"mediasieve · {dashboard.title}",
        "tags": ["mediasieve"],
        "schemaVersion": 41,
        "timezone": "browser",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["mediasieve"], "asDropdown": True, "title": "mediasieve"}],
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, start=1)],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.worry_above is not None:
        steps.append({"color": "red", "value": panel.worry_above})
    custom: dict[str, Any] = {}
    if panel.kind == "timeseries":
        custom = {"fillOpacity": 10, "stacking": {"mode": "normal" if panel.stacked else "none"}}
        custom["thresholdsStyle"] = {"mode": "line" if panel.worry_above is not None else "off"}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "gridPos": place,
        "datasource": CLICKHOUSE if panel.sql else PROMETHEUS,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "custom": custom, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "targets": [
            _target(panel, letter, legend, text)
            for letter, (legend, text) in zip("ABCDEFGH", panel.queries.items(), strict=False)
        ],
    }


def _target(panel: Panel, letter: str, legend: str, text: str) -> dict[str, Any]:
    if panel.sql:
        over_time = panel.kind == "timeseries"
        form = {"queryType": "timeseries" if over_time else "table", "format": 0 if over_time else 1}
        return {"refId": letter, "datasource": CLICKHOUSE, "editorType": "sql", "rawSql": text, **form}
    return {
        "refId": letter,
        "datasource": PROMETHEUS,
        "expr": text,
        "legendFormat": legend,
        "instant": panel.kind != "timeseries",
    }


def main() -> None:
    folder = HERE / "dashboards"
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("*.json"):
        stale.unlink()
    for source in sorted((HERE / "source").glob("*.py")):
        if source.stem != "panels":
            dashboard = import_module(source.stem).DASHBOARD
            (folder / f"{dashboard.name}.json").write_text(to_json(dashboard))


if __name__ == "__main__":
    main()
