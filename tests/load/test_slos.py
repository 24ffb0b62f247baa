from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from tests.load.slos import GROUP, OBJECTIVES, RequestFigures, read_figures, slo_table

HEAD = "Type,Name,Request Count,Failure Count,Median Response Time,Requests/s,50%,95%,99%\n"


def test_the_figures_are_those_of_locust(tmp_path: Path) -> None:
    path = tmp_path / "load_stats.csv"
    path.write_text(
        HEAD + "GET,group,200,1,30,3.5,30,48,90\nGET,unknown,0,0,0,0.0,N/A,N/A,N/A\n,Aggregated,200,1,30,3.5,30,48,90\n"
    )
    figures = read_figures(path)
    assert figures == [
        RequestFigures("group", 200, 1, 3.5, 30, 48, 90), RequestFigures("unknown", 0, 0, 0.0, 0, 0, 0),
    ]  # fmt: skip
    console = Console(width=160, record=True)
    console.print(slo_table(figures, "two"))
    assert "p95 ≤ 50 ms" in console.export_text()


@pytest.mark.parametrize(("p95_ms", "failures", "kept"), [(50, 0, True), (51, 0, False), (50, 2, False), (50, 1, True)])
def test_an_objective_is_kept_or_not(p95_ms: float, failures: int, kept: bool) -> None:
    assert RequestFigures(GROUP, 1000, failures, 10.0, 1, p95_ms, 1000).is_kept is kept
    assert RequestFigures("unknown", 1000, failures, 10.0, 1, p95_ms, 1000).is_kept is None


def test_every_objective_is_of_a_quantile_that_locust_tells() -> None:
    assert {objective.quantile for objective in OBJECTIVES.values()} <= {0.5, 0.95}
