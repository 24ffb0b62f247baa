"""What `mediasieve explain` prints about two pictures: the distances of their hashes and of their views."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.cli.tables import distance_cell, plain_table
from streams.domain.hashes.transformation import describe_transformation
from streams.domain.match.images.comparison import ViewComparison
from streams.domain.policy.policy import Policy
from streams.services.explain.pictures import PictureExplanation
from streams.services.wording import view_in_words

MAX_PAIRS = 8


def print_picture_evidence(
    console: Console, explanation: PictureExplanation, collection: str, *, all_pairs: bool
) -> None:
    console.print(f"\nHashes of the whole pictures; policy {explanation.policy.version} of {collection}")
    console.print(_hashes_table(explanation))
    pairs = explanation.comparisons
    printed = pairs if all_pairs else _nearest_pairs(pairs)
    if pairs:
        console.print("\nViews of both, in the order in which they decide")
        console.print(_views_table(printed, explanation.policy))
    if len(printed) < len(pairs):
        console.print(f"and {len(pairs) - len(printed)} more pairs of views, which --all shows")


def reverse_picture_summary(forward: PictureExplanation, reverse: PictureExplanation) -> str:
    if reverse.match is None and forward.match is None:
        return "no copy either."
    return "the same." if reverse.summary() == forward.summary() else reverse.summary("B", "A")


def _nearest_pairs(pairs: list[ViewComparison]) -> list[ViewComparison]:
    """The nearest pair of every view of B, up to `MAX_PAIRS`, and always that of the whole pictures."""
    nearest: dict[str, ViewComparison] = {}
    for pair in pairs:
        nearest.setdefault(pair.view, pair)
    chosen = list(nearest.values())[:MAX_PAIRS]
    return [pair for pair in pairs if pair in chosen or (pair.view, pair.known_view) == ("full", "full")]


def _hashes_table(explanation: PictureExplanation) -> Table:
    table = plain_table()
    table.add_column(no_wrap=True)
    table.add_column("differ", justify="right", no_wrap=True)
    table.add_column("may", justify="right", no_wrap=True)
    table.add_column()
    table.add_column(overflow="fold")
    for row in explanation.hashes():
        distance = distance_cell(f"{row.distance_bits} of {row.bits}", row.distance_bits, row.threshold_bits)
        table.add_row(row.algorithm, distance, _bits(row.threshold_bits), "A", row.known)
        table.add_row("", "", "", "B", row.submitted)
    return table


def _views_table(pairs: list[ViewComparison], policy: Policy) -> Table:
    table = plain_table()
    for heading in ("of B", "of A"):
        table.add_column(heading, no_wrap=True)
    for bits in (min(policy.hash_bits, 64), 256) if policy.hash_bits == 256 else (policy.hash_bits,):
        table.add_column(f"{bits} bits", justify="right", no_wrap=True)
        table.add_column("may", justify="right", no_wrap=True)
    table.add_column()
    for number, pair in enumerate(pairs):
        row = [Text(view_in_words(pair.view)), Text(view_in_words(pair.known_view))]
        row += _distance_cells(pair.near_bits, pair.near_threshold_bits)
        if pair.confirm_bits is not None:
            row += _distance_cells(pair.confirm_bits, pair.confirm_threshold_bits)
        remark = f"decides: {describe_transformation(pair.transformation)}" if number == 0 else "agrees"
        table.add_row(*row, Text(remark if pair.matches else ""))
    return table


def _distance_cells(bits: int, threshold_bits: int | None) -> list[Text]:
    return [distance_cell(str(bits), bits, threshold_bits), _bits(threshold_bits)]


def _bits(threshold_bits: int | None) -> Text:
    return Text("" if threshold_bits is None else str(threshold_bits))
