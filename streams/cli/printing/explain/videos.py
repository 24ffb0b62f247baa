"""What `mediasieve explain` prints about videos: thresholds, segments that are the same, and pairs of frames."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.cli.tables import distance_cell, plain_table
from streams.domain.hashes.transformation import describe_transformation
from streams.domain.match.videos.comparison import FramePair, VideoComparison
from streams.domain.policy.policy import Policy
from streams.services.explain.videos import VideoExplanation
from streams.services.wording import clock, percent, span, view_in_words

MAX_PAIRS = 8


def print_video_evidence(console: Console, explanation: VideoExplanation, collection: str, *, all_pairs: bool) -> None:
    comparison = explanation.comparison
    console.print(f"\nPolicy {explanation.policy.version} of {collection}")
    if comparison is not None:
        console.print(_thresholds_table(comparison, explanation.policy))
        if comparison.parts:
            console.print("\nParts that are the same")
            console.print(_segments_table(comparison))
    pairs = explanation.pairs if all_pairs else _chosen_pairs(explanation.pairs)
    if pairs:
        console.print(f"\n{_pairs_heading(comparison)}")
        console.print(_pairs_table(pairs))
    more = len(explanation.pairs) - len(pairs)
    if pairs and more:
        console.print(f"and {more:,} more, which --all shows")


def reverse_video_summary(forward: VideoExplanation, reverse: VideoExplanation) -> str:
    summary = reverse.summary("B", "A")
    if forward.comparison is None:
        is_same = bool(forward.frames) == bool(reverse.frames) and summary == forward.summary()
        return "the same." if is_same else summary
    if reverse.match is None and forward.match is None:
        return "no copy either."
    return summary


def _thresholds_table(comparison: VideoComparison, policy: Policy) -> Table:
    """What the comparison found, and what the policy asks for."""
    table = _table("", "found", "asked for")
    table.add_row(
        "moments of B that vote", f"{comparison.voters:,} of {comparison.moments:,}", "3, or all that there are"
    )
    same_s = sum(part.to_s - part.from_s for part in comparison.parts)
    table.add_row("the same", f"{same_s:.1f} s", f"{policy.video_min_s:g} s, of videos that last so long")
    copy_share, overlap_share = f"{100 * policy.video_share:g} %", f"{100 * policy.video_overlap:g} %"
    for letter, share, relation in (
        ("B", comparison.share, "a clip"),
        ("A", comparison.known_share, "B to contain A"),
    ):
        asked = f"{copy_share} for {relation}, of both for a copy; {overlap_share} of either for an overlap"
        table.add_row(f"of {letter}", percent(share), asked)
    return table


def _segments_table(comparison: VideoComparison) -> Table:
    table = _table("of B", "of A", "lasts", "seconds of A in one of B")
    for part in comparison.parts:
        times = span(part.from_s, part.to_s), span(part.known_from_s, part.known_to_s)
        table.add_row(*times, f"{part.to_s - part.from_s:.1f} s", f"{part.speed:.3f}")
    return table


def _pairs_heading(comparison: VideoComparison | None) -> str:
    if comparison is None:
        return "Frames that are nearest to the picture"
    matching = f"{comparison.seen:,} look like one of A's {comparison.known_moments:,}"
    return f"Moments of B: {matching}, and {comparison.voters:,} lie where the parts do"


def _chosen_pairs(pairs: list[FramePair]) -> list[FramePair]:
    """Up to `MAX_PAIRS` in order of time: voting pairs spread over the video, or else the nearest pairs."""
    voting = [pair for pair in pairs if pair.votes]
    if len(voting) >= MAX_PAIRS:
        return [voting[number * len(voting) // MAX_PAIRS] for number in range(MAX_PAIRS)]
    nearest = sorted(pairs, key=lambda pair: (not pair.votes, not pair.matches, pair.confirm_bits, pair.near_bits))
    return sorted(nearest[:MAX_PAIRS], key=lambda pair: (pair.at_s, pair.known_at_s))


def _pairs_table(pairs: list[FramePair]) -> Table:
    table = _table("at in B", "at in A", "of B", "of A", "64 bits", "may", "256 bits", "may", "")
    for pair in pairs:
        views = Text(view_in_words(pair.view)), Text(view_in_words(pair.known_view))
        row = [Text(clock(pair.at_s)), Text(clock(pair.known_at_s)), *views]
        for bits, threshold_bits in (
            (pair.near_bits, pair.near_threshold_bits),
            (pair.confirm_bits, pair.confirm_threshold_bits),
        ):
            row += [distance_cell(str(bits), bits, threshold_bits), Text(str(threshold_bits))]
        altered = "" if pair.transformation == "none" else f": {describe_transformation(pair.transformation)}"
        row.append(Text(f"votes{altered}" if pair.votes else f"looks the same{altered}" if pair.matches else ""))
        table.add_row(*row)
    return table


def _table(*headings: str) -> Table:
    table = plain_table()
    for heading in headings:
        table.add_column(heading, justify="right" if "bits" in heading or heading == "may" else "left", no_wrap=True)
    return table
