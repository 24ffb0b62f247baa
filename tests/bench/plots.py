"""Draws the plots of the README from what `make bench` wrote; say `python -m tests.bench.plots --help`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import click

from tests.support.alterations import ALTERATIONS

COLOURS = ("#0b6e4f", "#c8553d", "#6c757d", "#e0a458", "#4059ad", "#a06cd5")
INK, FAINT = "#222", "#ddd"
SHOWN = ("mediasieve, standard", "imagehash.phash ≤ 10", "imagededup PHash ≤ 10", "PDQ ≤ 31")


class Drawing:
    """Lines, boxes and words of one SVG picture on white."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._parts: list[str] = []

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self._parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float = 1) -> None:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>')

    def dot(self, x: float, y: float, colour: str) -> None:
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')

    def words(
        self, x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, bold: bool = False
    ) -> None:
        weight = ' font-weight="bold"' if bold else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{INK}"{weight}>'
            f"{escape(text)}</text>"
        )

    def svg(self) -> str:
        width, height = self._size
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">'
        return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *self._parts, "</svg>\n"])


def recall_by_kind(recall: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Contender → kind of alteration → mean share of copies found."""
    kinds: dict[str, list[str]] = {}
    for name, each in ALTERATIONS.items():
        kinds.setdefault(each.kind, []).append(name)
    return {
        contender: {kind: sum(of[name] for name in names) / len(names) for kind, names in kinds.items()}
        for contender, of in recall.items()
    }


def draw_recall(detection: Mapping[str, Any]) -> str:
    """Bars: what share of the copies of each kind every contender finds."""
    shares = recall_by_kind({name: detection["recall"][name] for name in SHOWN})
    kinds = list(shares[SHOWN[0]])
    bar, gap, left, top, span = 7, 8, 130, 70, 560
    row = bar * len(SHOWN) + gap
    drawing = Drawing(left + span + 60, top + row * len(kinds) + 20)
    drawing.words(10, 22, f"Copies found, of {detection['photos']} photos altered in every way", size=15, bold=True)
    for number, name in enumerate(SHOWN):
        drawing.box(left - 60 + number * 170, 38, 12, 12, COLOURS[number])
        drawing.words(left - 60 + number * 170 + 17, 48, name, size=11)
    for tenth in range(0, 11, 2):
        x = left + span * tenth / 10
        drawing.line([(x, top - 6), (x, top + row * len(kinds))], FAINT)
        drawing.words(x, top - 9, f"{tenth * 10} %", anchor="middle", size=10)
    for place, kind in enumerate(kinds):
        y = top + place * row
        drawing.words(left - 8, y + row / 2, kind, anchor="end")
        for number, name in enumerate(SHOWN):
            drawing.box(left, y + number * bar, max(1.0, span * shares[name][kind]), bar - 1, COLOURS[number])
        drawing.words(left + span * shares[SHOWN[0]][kind] + 5, y + bar, f"{100 * shares[SHOWN[0]][kind]:.0f}", size=10)
    return drawing.svg()


def draw_lookups(near_index: Mapping[str, Any]) -> str:
    """Lines: µs a look-up at radius 10 by how many codes are known, both axes logarithmic."""
    rows = [row for row in near_index["rows"] if row["collection"] == "uniform"]
    sizes = sorted({row["entries"] for row in rows})
    names = list(dict.fromkeys(row["contender"] for row in rows))
    times = [row["batch_us"] for row in rows]
    lowest, highest = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    left, top, width, height = 80, 50, 480, 300

    def x_of(size: float) -> float:
        first, last = math.log10(sizes[0]), math.log10(sizes[-1])
        return left + width * (math.log10(size) - first) / max(last - first, 1e-9)

    def y_of(time_us: float) -> float:
        return top + height * (highest - math.log10(time_us)) / (highest - lowest)

    drawing = Drawing(left + width + 220, top + height + 50)
    drawing.words(10, 22, "One look-up of all codes within 10 of 64 bits, exact, one core", size=15, bold=True)
    for power in range(lowest, highest + 1):
        drawing.line([(left, y_of(10**power)), (left + width, y_of(10**power))], FAINT)
        drawing.words(left - 8, y_of(10**power) + 4, f"{10**power:,} µs", anchor="end", size=11)
    for size in sizes:
        drawing.words(x_of(size), top + height + 20, f"{size:,}", anchor="middle", size=11)
    drawing.words(left + width / 2, top + height + 40, "codes known", anchor="middle")
    for number, name in enumerate(names):
        points = [(x_of(row["entries"]), y_of(row["batch_us"])) for row in rows if row["contender"] == name]
        drawing.line(points, COLOURS[number], 2.5)
        for point in points:
            drawing.dot(*point, COLOURS[number])
        drawing.box(left + width + 30, top + 22 * number, 12, 12, COLOURS[number])
        drawing.words(left + width + 48, top + 22 * number + 10, name)
    return drawing.svg()


@click.command()
@click.argument("bench", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def main(bench: Path, folder: Path) -> None:
    """Draw into FOLDER what the JSON file BENCH holds of detection and of the near index."""
    document = json.loads(bench.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    for part, name, draw in (("detection", "recall.svg", draw_recall), ("near_index", "lookups.svg", draw_lookups)):
        if part in document:
            (folder / name).write_text(draw(document[part]))
            click.echo(folder / name)


if __name__ == "__main__":
    main()
