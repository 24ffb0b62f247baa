"""What is wanted of every kind of request, and the table that says whether a run kept to it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.table import Table

#: Names of requests in locustfile.py.
MEDIUM: Final = "medium"
CACHED_MEDIUM: Final = "medium, a popular one"
DECISION: Final = "latest decision"
PAGE: Final = "page of decisions"
GROUP: Final = "group"
STATISTICS: Final = "statistics"
TEXT: Final = "search by text"
HASH: Final = "search by hash"
PICTURE: Final = "search by a VGA picture"
DUPLICATE: Final = "submission of a duplicate to its decision"
TOPIC: Final = "record in media.submissions to its decision"


@dataclass(frozen=True, slots=True)
class Objective:
    """At most so many ms at a quantile, 0.5 or 0.95."""

    quantile: float
    at_most_ms: float


OBJECTIVES: Final[dict[str, Objective]] = {
    MEDIUM: Objective(0.95, 100),
    CACHED_MEDIUM: Objective(0.95, 50),
    DECISION: Objective(0.95, 100),
    PAGE: Objective(0.95, 100),
    GROUP: Objective(0.95, 50),
    STATISTICS: Objective(0.95, 100),
    TEXT: Objective(0.95, 150),
    HASH: Objective(0.95, 60),
    PICTURE: Objective(0.95, 120),
    DUPLICATE: Objective(0.5, 60),
    TOPIC: Objective(0.5, 25),
}
MAX_FAILED_SHARE: Final = 0.001


@dataclass(frozen=True, slots=True)
class RequestFigures:
    """What locust measured of one kind of request."""

    name: str
    requests: int
    failures: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def objective(self) -> Objective | None:
        return OBJECTIVES.get(self.name)

    @property
    def is_kept(self) -> bool | None:
        """Whether the objective is kept; None without one."""
        if self.objective is None:
            return None
        found_ms = self.p50_ms if self.objective.quantile == 0.5 else self.p95_ms
        return found_ms <= self.objective.at_most_ms and self.failures <= MAX_FAILED_SHARE * self.requests


def read_figures(path: Path) -> list[RequestFigures]:
    """The figures of locust's `…_stats.csv`, without its sum of all."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Name"] != "Aggregated"]
    return [
        RequestFigures(
            name=row["Name"],
            requests=int(row["Request Count"]),
            failures=int(row["Failure Count"]),
            per_second=float(row["Requests/s"]),
            p50_ms=_ms(row["50%"]),
            p95_ms=_ms(row["95%"]),
            p99_ms=_ms(row["99%"]),
        )
        for row in rows
    ]


def slo_table(figures: Iterable[RequestFigures], title: str) -> Table:
    """A row a kind of request: rate, quantiles, what was wanted, and whether that was kept."""
    table = Table(title=title)
    for heading in ("request", "wanted", "kept"):
        table.add_column(heading, overflow="fold")
    for heading in ("p50 ms", "p95 ms", "p99 ms", "per second", "requests", "failed"):
        table.add_column(heading, justify="right")
    for each in figures:
        wanted = each.objective
        table.add_row(
            each.name,
            f"p{wanted.quantile * 100:.0f} ≤ {wanted.at_most_ms:g} ms" if wanted else "",
            {True: "yes", False: "no", None: ""}[each.is_kept],
            *(f"{value:,.0f}" for value in (each.p50_ms, each.p95_ms, each.p99_ms)),
            f"{each.per_second:,.1f}",
            f"{each.requests:,}",
            f"{each.failures:,}",
        )
    return table


def _ms(value: str) -> float:
    return float(value) if value not in ("", "N/A") else 0.0
