"""Figures beside their targets, as a table and as JSON. What is measured stands in the other files."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Target:
    """`bound` with a sign, ≥ or ≤; `digits` behind the point when shown."""

    sign: str
    bound: float
    unit: str
    digits: int

    def met_by(self, value: float) -> bool:
        compare: Callable[[float, float], bool] = operator.ge if self.sign == "≥" else operator.le
        return compare(value, self.bound)

    def show(self, value: float) -> str:
        return f"{value:,.{self.digits}f} {self.unit}".strip()


def at_least(bound: float, unit: str, digits: int = 1) -> Target:
    return Target("≥", bound, unit, digits)


def at_most(bound: float, unit: str, digits: int = 1) -> Target:
    return Target("≤", bound, unit, digits)


@dataclass(frozen=True, slots=True)
class Reach:
    """One figure that the project aims at."""

    name: str
    target: Target
    measured: float

    @property
    def met(self) -> bool:
        return self.target.met_by(self.measured)


def show_reach(figures: Sequence[Reach], console: Console) -> None:
    table = Table(title="reach: target and measured")
    for heading in ("figure", "target", "measured", ""):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for each in figures:
        target = f"{each.target.sign} {each.target.show(each.target.bound)}"
        mark = "[green]reached[/]" if each.met else "[red]missed[/]"
        table.add_row(each.name, target, each.target.show(each.measured), mark)
    console.print(table)


def as_json(figures: Sequence[Reach]) -> list[dict[str, Any]]:
    return [{**asdict(each), "met": each.met} for each in figures]


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2, default=str) + "\n")
