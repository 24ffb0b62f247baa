"""Draws the plots of the README from what `make bench` wrote; say `python -m tests.bench.plots --help`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import click

from tests.bench.answers import LISTS

COLOURS = ("#0b6e4f", "#c8553d", "#6c757d", "#e0a458", "#4059ad", "#a06cd5")
INK, FAINT = "#222", "#ddd"
REVIEWED = "#8cc7ae"
SHOWN = ("imagehash.phash ≤ 10", "imagededup PHash ≤ 10", "PDQ ≤ 31")
BAR, GAP, TOP, LABELS, SPAN = 6, 7, 76, 125, 290
"""Of the plot of what is found: bars, the gap between kinds, the first kind, the room for names, 100 %."""

PANEL = LABELS + SPAN + 45


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


def by_kind(name: str, shares: Mapping[str, float]) -> dict[str, float]:
    """Kind of alteration, and `mean` of all → mean share of copies, from the shares of the alterations of a list."""
    kinds: dict[str, list[float]] = {}
    for alteration, each in LISTS[name].items():
        kinds.setdefault(each.kind, []).append(shares[alteration])
    kinds["mean"] = list(shares.values())
    return {kind: sum(found) / len(found) for kind, found in kinds.items()}


def draw_recall(detection: Mapping[str, Any]) -> str:
    """Bars: what share of the copies of each kind every contender finds, the mild list beside the hard one."""
    row = BAR * (2 + len(SHOWN)) + GAP
    rows = max(len({each.kind for each in LISTS[name].values()}) for name in LISTS)
    drawing = Drawing(PANEL * len(LISTS), TOP + row * (rows + 1) + 10)
    title = f"Copies found, of {detection['photos']} photos altered in {sum(map(len, LISTS.values()))} ways"
    drawing.words(10, 22, title, size=15, bold=True)
    legend = (("mediasieve: reused", COLOURS[0]), ("… or for review", REVIEWED), *zip(SHOWN, COLOURS[1:], strict=False))
    for number, (words, colour) in enumerate(legend):
        drawing.box(10 + number * 165, 36, 12, 12, colour)
        drawing.words(27 + number * 165, 46, words, size=11)
    for number, name in enumerate(LISTS):
        _draw_list(drawing, PANEL * number + LABELS, row, name, detection)
    return drawing.svg()


def _draw_list(drawing: Drawing, left: float, row: float, name: str, detection: Mapping[str, Any]) -> None:
    shares = detection["answered"]["shares"][name]
    reused, reviewed = (by_kind(name, {each: of[key] for each, of in shares.items()}) for key in ("reuse", "review"))
    peers = {peer: by_kind(name, detection["recall"][peer][name]) for peer in SHOWN}
    for tenth in range(0, 11, 2):
        x = left + SPAN * tenth / 10
        drawing.line([(x, TOP - 6), (x, TOP + row * len(reused))], FAINT)
        drawing.words(x, TOP - 9, f"{tenth * 10} %", anchor="middle", size=10)
    for place, kind in enumerate(reused):
        y, found = TOP + place * row, reused[kind] + reviewed[kind]
        words = f"{kind}, {name} list" if kind == "mean" else kind
        drawing.words(left - 8, y + row / 2, words, anchor="end", bold=kind == "mean")
        drawing.box(left, y, max(1.0, SPAN * found), 2 * BAR - 1, REVIEWED)
        drawing.box(left, y, max(1.0, SPAN * reused[kind]), 2 * BAR - 1, COLOURS[0])
        for number, peer in enumerate(SHOWN):
            width = max(1.0, SPAN * peers[peer][kind])
            drawing.box(left, y + (number + 2) * BAR, width, BAR - 1, COLOURS[1 + number])
        drawing.words(left + SPAN * found + 5, y + BAR + 3, f"{100 * found:.0f}", size=10)


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
