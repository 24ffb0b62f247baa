"""What a dashboard is made of, and the queries that many panels share. Knows nothing of Grafana's JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

RATE = "$__rate_interval"


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph over time, a number (`stat`) or a `table`.

    Args:
        about: what the panel shows and when to worry, for the reader who hovers over its title.
        queries: PromQL by legend (`{{stage}}`); or SQL by any name, for ClickHouse, where `sql` is set.
        unit: Grafana's name of the unit: `s`, `bytes`, `ops`, `percentunit`, `short`, `currencyUSD`.
        worry_above: draws a red line there.
    """

    title: str
    about: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    sql: bool = False
    stacked: bool = False
    worry_above: float | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of Grafana; `name` is its file, its uid and its address."""

    name: str
    title: str
    rows: dict[str, Sequence[Panel]] = field(default_factory=dict)


def quantiles(histogram: str, by: str = "", *, of: tuple[float, ...] = (0.5, 0.99)) -> dict[str, str]:
    """Queries for quantiles of a histogram, one line for each quantile and value of the label `by`."""
    labels = f"le, {by}" if by else "le"
    prefix = f"{{{{{by}}}}} " if by else ""
    return {
        f"{prefix}p{q * 100:g}": f"histogram_quantile({q}, sum by ({labels}) (rate({histogram}_bucket[{RATE}])))"
        for q in of
    }


def rate(metric: str, by: str, *, matching: str = "") -> dict[str, str]:
    """The rate of a counter, one line for each value of the labels `by` (comma-separated)."""
    legend = " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(","))
    return {legend: f"sum by ({by}) (rate({metric}{matching}[{RATE}]))"}


def rate_or_zero(metric: str, by: str) -> dict[str, str]:
    """The rate of a counter whose series begin with the first event; a line at zero until then."""
    ((legend, expression),) = rate(metric, by).items()
    return {legend: f"{expression} or on () vector(0)"}
