"""What `mediasieve explain` prints about two pictures: distances of their hashes and views, and their evidence."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.cli.tables import distance_cell, plain_table
from streams.domain.evidence.judge import MIN_SCORE
from streams.domain.hashes.transformation import describe_transformation
from streams.domain.match.images.comparison import ViewComparison
from streams.domain.match.images.wording import percent_of_picture
from streams.domain.policy.policy import Policy
from streams.services.explain.pictures import PictureEvidence, PictureExplanation
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
        console.print("\nViews of both, the nearest first: those within both thresholds make A a candidate")
        console.print(_views_table(printed, explanation))
    if len(printed) < len(pairs):
        console.print(f"and {len(pairs) - len(printed)} more pairs of views, which --all shows")
    if explanation.evidence is not None:
        console.print("\nEvidence: both pictures laid on each other")
        console.print(_evidence_table(explanation.evidence, explanation.policy))
        console.print("\nBlocks of B: = as in A, x something else, + beyond A, . nothing to see")
        for row in explanation.evidence.rows:
            console.print(Text("    ").append_text(_map_row(row)))


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


def _views_table(pairs: list[ViewComparison], explanation: PictureExplanation) -> Table:
    policy, match = explanation.policy, explanation.match
    told = (match.view, match.known_view) if match is not None else ()
    table = plain_table()
    for heading in ("of B", "of A"):
        table.add_column(heading, no_wrap=True)
    for bits in (min(policy.hash_bits, 64), 256) if policy.hash_bits == 256 else (policy.hash_bits,):
        table.add_column(f"{bits} bits", justify="right", no_wrap=True)
        table.add_column("may", justify="right", no_wrap=True)
    table.add_column()
    for pair in pairs:
        row = [Text(view_in_words(pair.view)), Text(view_in_words(pair.known_view))]
        row += _distance_cells(pair.near_bits, pair.near_threshold_bits)
        if pair.confirm_bits is not None:
            row += _distance_cells(pair.confirm_bits, pair.confirm_threshold_bits)
        decides = f"decides: {describe_transformation(pair.transformation)}"
        remark = decides if (pair.view, pair.known_view) == told else "near"
        table.add_row(*row, Text(remark if pair.matches else ""))
    return table


def _evidence_table(evidence: PictureEvidence, policy: Policy) -> Table:
    judged = evidence.judgement
    table = plain_table()
    for heading in ("", "found", "needed for a copy"):
        table.add_column(heading, no_wrap=True)
    score_style = "green" if judged.score >= MIN_SCORE else "red"
    table.add_row("score, of 1,000", Text(str(judged.score), style=score_style), f"{MIN_SCORE} or more")
    differs_style = "green" if judged.differs <= policy.reuse_differs else "red"
    reused, most = percent_of_picture(policy.reuse_differs), percent_of_picture(policy.max_differs)
    differs = Text(percent_of_picture(judged.differs), style=differs_style)
    table.add_row("of B differs", differs, f"{reused} at most; up to {most} for review")
    style = {"certain": "green", "likely": "yellow"}.get(judged.confidence, "red")
    table.add_row("confidence", Text(judged.confidence or "none", style=style), "certain; likely for review")
    return table


def _map_row(row: str) -> Text:
    """Blocks of a row of the map, with a space after each, so that they look square."""
    styles = {"=": "green", "x": "red", "+": "magenta"}
    return Text.assemble(*((f"{block} ", styles.get(block, "bright_black")) for block in row))


def _distance_cells(bits: int, threshold_bits: int | None) -> list[Text]:
    return [distance_cell(str(bits), bits, threshold_bits), _bits(threshold_bits)]


def _bits(threshold_bits: int | None) -> Text:
    return Text("" if threshold_bits is None else str(threshold_bits))
